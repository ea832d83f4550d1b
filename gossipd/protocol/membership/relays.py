"""Pings members for other nodes, and tells those what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ..address import Address
from ..outbox import Outbox
from ..part import Admits, Handler, Part
from ..runtime import Runtime
from ..wire import Ack, Nack, PingReq
from .echoes import Echoes, Sent
from .gossip import Gossip
from .peer import Peer
from .table import Member, MemberTable
from .view import View

_NACK_RATIO = 0.8
_UNDER_WAY = 256
"""Pings under way for others at most; a request beyond that is nacked at once."""


class Relays(Part):
    """The relay's side of the probes of others."""

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        view: View,
        echoes: Echoes,
        gossip: Gossip,
    ) -> None:
        self._runtime = runtime
        self._config = runtime.config
        self._outbox = outbox
        self._table = table
        self._view = view
        self._echoes = echoes
        self._gossip = gossip
        # By number of the ping: the target, who asked, and under which number.
        self._under_way: dict[int, tuple[Member, Address, int]] = {}
        self.handlers = {PingReq: Handler(self.on_ping_req, Admits.MEMBERS)}

    def on_ping_req(self, request: PingReq, peer: Peer) -> None:
        """Pings the target of a peer's indirect probe, or nacks at once if that cannot be done."""
        source = peer.source
        row = self._table.rows.get(request.target)
        if row is None or row.removed or len(self._under_way) >= _UNDER_WAY:
            self._nack(source, request.number)
            return
        if row is self._table.own:
            self._outbox.send(source, Ack(request.number))
            return
        sent = Sent(row.id, row.address, self._on_ack, on_refused=self._on_refused)
        ping = self._echoes.ping(sent)
        number = ping.number
        self._under_way[number] = (row, source, request.number)
        sent.went_as(self._gossip.send(row.address, row, ping))
        # Lifeguard: the nack leaves at four fifths of the time-out, to arrive within it.
        wait = _NACK_RATIO * self._config.probe_timeout
        self._runtime.after(("relay", number), wait, partial(self._nack_late_target, number))

    def _on_ack(self, ack: Ack, sent: Sent, peer: Peer) -> None:
        """Passes the target's ack on to the peer that asked, under that peer's number."""
        self._runtime.timers.cancel(("relay", ack.number))
        requester = self._under_way.get(ack.number)
        self._drop(ack.number)
        if requester is not None:
            _, source, asked = requester
            self._outbox.send(source, Ack(asked))

    def _on_refused(self, number: int) -> None:
        """Tells the peer that asked at once that the target's machine refuses pings."""
        self._runtime.timers.cancel(("relay", number))
        row, source, asked = self._under_way[number]
        self._drop(number)
        self._miss(row)
        self._nack(source, asked, tried=True, refused=True)

    def _nack_late_target(self, number: int) -> None:
        row, source, asked = self._under_way[number]
        self._nack(source, asked, tried=True)
        self._miss(row)
        # The entry stays for a while, so that a late ack is still passed on after the nack.
        drop = partial(self._drop, number)
        self._runtime.after(("relay", number), self._config.probe_interval, drop)

    def _miss(self, row: Member) -> None:
        if row.live:
            self._view.missed(row)

    def _drop(self, number: int) -> None:
        self._echoes.forget(number)
        self._under_way.pop(number, None)

    def _nack(
        self, source: Address, number: int, *, tried: bool = False, refused: bool = False
    ) -> None:
        if self._config.nacks:
            self._outbox.send(source, Nack(number, tried, refused))

    def waiting(self) -> Mapping[str, int]:
        """Returns how many pings for other nodes are under way."""
        return {"relays": len(self._under_way)}
