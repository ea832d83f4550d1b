"""The probe cycle: ping, wait, indirect probes, nacks, verdict.

Follows SWIM sections 3.1 and 4.3 and Lifeguard IV.A. The exchanges:

    A --ping--> B            direct probe
    A <--ack--- B

    A --ping--> B (silent)   after the time-out: a second direct ping, and
    A --ping_req--> R1..Rk   indirect probes by k relays
                R --ping--> B
                R <--ack--- B
    A <--ack--- R            or, a little before A's patience ends, a nack: R is there, B is not

A probe that nobody acked by the end of its interval, or that every relay tried in vain, makes B
suspect. What the relays did tells whether the fault is nearer to A: a relay that neither acks nor
nacks lowers A's local health.
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
_RTT_MULT = 3


class _Probe:
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
    """Probes one member per interval, and pings members for others."""

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
        """Sets the first probe at a random phase, so that nodes that start together spread out."""
        phase = self._runtime.rng.random() * self._config.probe_interval
        self._runtime.after("probe", phase, self._tick)

    def timeout(self, peer: str) -> float:
        """Seconds to wait for this peer's direct ack, this node's own health taken into account."""
        config = self._config
        bound = self._echoes.round_trip(peer)
        seconds = config.probe_timeout
        if bound is not None and config.rtt_timeouts:
            seconds = min(seconds, max(config.probe_timeout_min, _RTT_MULT * bound))
        return self._awareness.scale(seconds)

    def on_nack(self, nack: Nack, peer: Peer) -> None:
        """Notes that a relay of the present probe is there, and its target did not answer it."""
        probe = self._probe
        if probe is None or probe.number != nack.number:
            return
        if peer.source in probe.asked and peer.source not in probe.nacks:
            probe.nacks.append(peer.source)
            probe.tried += nack.tried
            if probe.tried == len(probe.asked):
                self._conclude()

    def _on_ack(self, ack: Ack, sent: Sent, peer: Peer) -> None:
        """Ends the probe as a success; the ack came from the target itself or through a relay."""
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
        """The direct ping was not acked in time: ask relays, and try once more directly."""
        probe, config = self._probe, self._config
        if probe is None or probe.acked or not probe.row.live:
            return
        for relay in self._table.sample(config.indirect_probes, probe.row.id):
            probe.asked.append(relay.address)
            self._gossip.send(relay.address, relay, PingReq(probe.number, probe.row.id))
        if config.second_ping:
            # An ack could belong to either ping (Karn's rule).
            probe.sent.no_sample()
            again = self._echoes.again(probe.number, probe.sent)
            self._gossip.send(probe.row.address, probe.row, again)

    def _conclude(self) -> None:
        """The interval is over: a probe that was not acked has failed."""
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

    # For others

    def on_ping_req(self, request: PingReq, peer: Peer) -> None:
        """Pings the target of a peer's indirect probe."""
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
        self._runtime.after(("relay", number), wait, partial(self._late, number))

    def _on_relay_ack(self, ack: Ack, sent: Sent, peer: Peer) -> None:
        """Passes on that the target answered."""
        self._echoes.forget(ack.number)
        self._runtime.timers.cancel(("relay", ack.number))
        requester = self._relayed.pop(ack.number, None)
        if requester is not None:
            self._outbox.send(requester[0], Ack(requester[1]))

    def _late(self, number: int) -> None:
        # The entry stays a while: a late ack is passed on after the nack.
        source, asked = self._relayed[number]
        self._nack(source, asked, tried=True)
        drop = partial(self._drop, number)
        self._runtime.after(("relay", number), self._config.probe_interval, drop)

    def _drop(self, number: int) -> None:
        self._echoes.forget(number)
        self._relayed.pop(number, None)

    def _nack(self, source: Address, number: int, *, tried: bool = False) -> None:
        if self._config.nacks:
            self._outbox.send(source, Nack(number, tried))

    def counted(self) -> Mapping[str, Any]:
        """Returns finished probes by outcome."""
        return {"probes": self._outcomes}

    def waiting(self) -> Mapping[str, int]:
        """Returns how many pings are made for others."""
        return {"relays": len(self._relayed)}
