"""The probe cycle: ping, wait, indirect probes, nacks, verdict.

Follows SWIM sections 3.1 and 4.3 and Lifeguard IV.A. The exchanges:

    A --ping--> B            direct probe
    A <--ack--- B

    A --ping--> B (silent)   after the time-out: a second direct ping, and
    A --ping_req--> R1..Rk   indirect probes by k relays
                R --ping--> B
                R <--ack--- B
    A <--ack--- R            or, a little before A's time-out, a nack: R is there, B does not answer

B becomes suspect if no ack came by the end of the interval, or as soon as every relay has tried in
vain. A relay that neither acks nor nacks makes it likely that A itself is slow or cut off, so A
lowers its local health.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..address import Address
from ..outbox import Outbox
from ..part import Admits, Handler, Part
from ..runtime import Runtime
from ..wire import Ack, Nack, PingReq
from .awareness import Awareness
from .echoes import Echoes, Sent
from .gossip import Gossip
from .peer import Peer
from .table import Member, MemberTable
from .view import View

_NACK_RATIO = 0.8
_RELAYS = 256
"""Pings under way for others at most; a request beyond that is nacked at once."""

_RTT_MULT = 3
"""A peer's ack is waited for this many times the bound of its round trip."""


class _Probe:
    """The present probe.

    Attributes:
        row: the member that is probed.
        number: the number of its pings.
        sent: the ping as `Echoes` keeps it.
        asked: the addresses of the relays that were asked.
        nacks: the addresses of those that sent a nack.
        tried: how many of these had pinged the member before.
        acked: whether an ack came.
    """

    __slots__ = ("acked", "asked", "nacks", "number", "row", "sent", "tried")

    def __init__(self, row: Member, number: int, sent: Sent) -> None:
        self.row = row
        self.number = number
        self.sent = sent
        self.asked: list[Address] = []
        self.nacks: list[Address] = []
        self.tried = 0
        self.acked = False


class Detector(Part):
    """Probes one member in each interval, and pings members for other nodes."""

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        view: View,
        echoes: Echoes,
        gossip: Gossip,
        awareness: Awareness,
    ) -> None:
        self._runtime = runtime
        self._config = runtime.config
        self._outbox = outbox
        self._table = table
        self._view = view
        self._echoes = echoes
        self._gossip = gossip
        self._awareness = awareness
        self._probe: _Probe | None = None
        self._relayed: dict[int, tuple[Address, int]] = {}
        self._outcomes: dict[str, int] = {}
        self.handlers = {
            PingReq: Handler(self.on_ping_req, Admits.MEMBERS),
            Nack: Handler(self.on_nack, Admits.MEMBERS),
        }

    def start(self) -> None:
        """Sets the first probe at a random phase, so that nodes which start together spread out."""
        phase = self._runtime.rng.random() * self._config.probe_interval
        self._runtime.after("probe", phase, self._tick)

    def timeout(self, peer: str) -> float:
        """Returns the seconds to wait for this peer's direct ack; local health lengthens them."""
        config = self._config
        bound = self._echoes.round_trip(peer)
        seconds = config.probe_timeout
        if bound is not None and config.rtt_timeouts:
            seconds = min(seconds, max(config.probe_timeout_min, _RTT_MULT * bound))
        return self._awareness.scale(seconds)

    def on_nack(self, nack: Nack, peer: Peer) -> None:
        """Notes that a relay is there but that the target of the present probe did not answer it.

        Ends the probe as a failure once every relay has said that it tried.
        """
        probe = self._probe
        if probe is None or probe.number != nack.number:
            return
        if peer.source in probe.asked and peer.source not in probe.nacks:
            probe.nacks.append(peer.source)
            probe.tried += nack.tried
            if probe.tried == len(probe.asked):
                self._conclude()

    def _on_ack(self, ack: Ack, sent: Sent, peer: Peer) -> None:
        """Ends the probe as a success, whether the ack came from its target or from a relay."""
        probe = self._probe
        if probe is None or probe.number != ack.number or probe.acked:
            return
        probe.acked = True
        self._echoes.forget(ack.number)
        self._runtime.timers.cancel("probe time-out")
        self._awareness.change(-1)
        self._outcome("direct" if peer.source == sent.address else "indirect")

    def _tick(self) -> None:
        self._conclude()
        interval = self._awareness.scale(self._config.probe_interval)
        self._runtime.after("probe", interval, self._tick)
        row = self._table.next_probe()
        if row is None:
            return
        sent = Sent(row.id, row.address, self._on_ack)
        ping = self._echoes.ping(sent)
        self._probe = _Probe(row, ping.number, sent)
        self._gossip.send(row.address, row, ping)
        self._runtime.after("probe time-out", self.timeout(row.id), self._ask_others)

    def _ask_others(self) -> None:
        """Asks relays, and pings once more directly; the first ping was not acked in time."""
        probe, config = self._probe, self._config
        if probe is None or probe.acked or not probe.row.live:
            return
        for relay in self._table.sample(config.indirect_probes, probe.row.id):
            probe.asked.append(relay.address)
            self._gossip.send(relay.address, relay, PingReq(probe.number, probe.row.id))
        if config.second_ping:
            # An ack can belong to either ping, so it measures no round trip (Karn's rule).
            probe.sent.no_sample()
            again = self._echoes.again(probe.number, probe.sent)
            self._gossip.send(probe.row.address, probe.row, again)

    def _conclude(self) -> None:
        """Ends the present probe as a failure, if it was not acked."""
        probe, self._probe = self._probe, None
        if probe is None or probe.acked:
            return
        self._echoes.forget(probe.number)
        missing = len(probe.asked) - len(probe.nacks)
        if not self._config.nacks or not probe.asked:
            missing = 1
        self._awareness.change(missing)
        self._outcome("failed")
        if probe.row.live:
            self._view.suspect(probe.row)

    def _outcome(self, name: str) -> None:
        self._outcomes[name] = self._outcomes.get(name, 0) + 1

    # As a relay

    def on_ping_req(self, request: PingReq, peer: Peer) -> None:
        """Pings the target of a peer's indirect probe, or nacks at once if that cannot be done."""
        source = peer.source
        row = self._table.rows.get(request.target)
        if row is None or row.removed or len(self._relayed) >= _RELAYS:
            self._nack(source, request.number)
            return
        if row is self._table.own:
            self._outbox.send(source, Ack(request.number))
            return
        ping = self._echoes.ping(Sent(row.id, row.address, self._on_relay_ack))
        number = ping.number
        self._relayed[number] = (source, request.number)
        self._gossip.send(row.address, row, ping)
        # Lifeguard: the nack leaves at four fifths of the time-out, to arrive within it.
        wait = _NACK_RATIO * self._config.probe_timeout
        self._runtime.after(("relay", number), wait, partial(self._nack_late_target, number))

    def _on_relay_ack(self, ack: Ack, sent: Sent, peer: Peer) -> None:
        """Passes the target's ack on to the peer that asked, under that peer's number."""
        self._echoes.forget(ack.number)
        self._runtime.timers.cancel(("relay", ack.number))
        requester = self._relayed.pop(ack.number, None)
        if requester is not None:
            self._outbox.send(requester[0], Ack(requester[1]))

    def _nack_late_target(self, number: int) -> None:
        source, asked = self._relayed[number]
        self._nack(source, asked, tried=True)
        # The entry stays for a while, so that a late ack is still passed on after the nack.
        drop = partial(self._drop_relayed, number)
        self._runtime.after(("relay", number), self._config.probe_interval, drop)

    def _drop_relayed(self, number: int) -> None:
        self._echoes.forget(number)
        self._relayed.pop(number, None)

    def _nack(self, source: Address, number: int, *, tried: bool = False) -> None:
        if self._config.nacks:
            self._outbox.send(source, Nack(number, tried))

    def counted(self) -> Mapping[str, Any]:
        """Returns how many probes ended, by outcome."""
        return {"probes": self._outcomes}

    def waiting(self) -> Mapping[str, int]:
        """Returns how many pings for other nodes are under way."""
        return {"relays": len(self._relayed)}
