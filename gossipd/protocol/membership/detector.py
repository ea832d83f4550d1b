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

from functools import partial

from ..outbox import Outbox
from ..wire.messages import Ack, Nack, Ping, PingReq, Sender
from .awareness import Awareness
from .claims import Membership
from .echoes import PROBE, RELAY, Pings, Sent
from .table import Address, Member, MemberTable

_NACK_RATIO = 0.8
_RELAYS = 256
_RTT_MULT = 3


class RoundTrip:
    """Smoothed round-trip time of one peer (RFC 6298's estimator)."""

    __slots__ = ("deviation", "mean")

    def __init__(self, sample: float) -> None:
        self.mean = sample
        self.deviation = sample / 2

    def add(self, sample: float) -> None:
        """Takes one measured round trip, in seconds, into account."""
        self.deviation += (abs(sample - self.mean) - self.deviation) / 4
        self.mean += (sample - self.mean) / 8

    @property
    def bound(self) -> float:
        """Seconds that a round trip hardly ever exceeds."""
        return self.mean + 4 * self.deviation


class _Probe:
    __slots__ = ("acked", "asked", "nacks", "number", "row", "tried")

    def __init__(self, row: Member, number: int) -> None:
        self.row = row
        self.number = number
        self.asked: list[Address] = []
        self.nacks: list[Address] = []
        self.tried = 0
        self.acked = False


class Detector:
    """Probes one member per interval, and relays for others."""

    def __init__(
        self, outbox: Outbox, membership: Membership, pings: Pings, awareness: Awareness
    ) -> None:
        self._out = outbox
        self._config = outbox.config
        self._table: MemberTable = outbox.table
        self._membership = membership
        self._pings = pings
        self._awareness = awareness
        self._probe: _Probe | None = None
        self._relayed: dict[int, tuple[Address, int]] = {}
        self._round_trips: dict[str, RoundTrip] = {}
        self.gates = _no_gates

    def __len__(self) -> int:
        """Pings that are made for others."""
        return len(self._relayed)

    def start(self) -> None:
        """Sets the first probe at a random phase, so that nodes that start together spread out."""
        phase = self._out.rng.random() * self._config.probe_interval
        self._out.timers.set("probe", self._out.now + phase, self._tick)

    def timeout(self, peer: str) -> float:
        """Seconds to wait for this peer's direct ack, this node's own health taken into account."""
        config = self._config
        known = self._round_trips.get(peer)
        seconds = config.probe_timeout
        if known is not None and config.rtt_timeouts:
            seconds = min(seconds, max(config.probe_timeout_min, _RTT_MULT * known.bound))
        return self._awareness.scale(seconds)

    def round_trip(self, peer: str) -> float | None:
        """Seconds that a round trip to this peer hardly ever exceeds; None if not measured yet."""
        known = self._round_trips.get(peer)
        return None if known is None else known.bound

    def sample(self, peer: str, sent: Sent) -> None:
        """An ack of `peer` to the ping `sent` came back directly."""
        if sent.at is None:
            return
        seconds = self._out.now - sent.at
        known = self._round_trips.get(peer)
        if known is not None:
            known.add(seconds)
        elif len(self._round_trips) < self._config.member_limit:
            self._round_trips[peer] = RoundTrip(seconds)

    def on_ack(self, number: int, sent: Sent, source: Address) -> None:
        """The ack of a probe, directly or through a relay."""
        probe = self._probe
        if probe is None or probe.number != number or probe.acked:
            return
        probe.acked = True
        self._pings.forget(number)
        self._out.timers.cancel("probe time-out")
        self._awareness.change(-1)
        self._outcome("direct" if source == sent.address else "indirect")

    def on_nack(self, nack: Nack, source: Address) -> None:
        """A relay of the present probe is there, its target did not answer it."""
        probe = self._probe
        known = probe is not None and probe.number == nack.number
        if probe and known and source in probe.asked and source not in probe.nacks:
            probe.nacks.append(source)
            probe.tried += nack.tried
            if probe.tried == len(probe.asked):
                self._conclude()

    def _tick(self) -> None:
        self._conclude()
        interval = self._awareness.scale(self._config.probe_interval)
        self._out.timers.set("probe", self._out.now + interval, self._tick)
        row = self._table.next_probe()
        if row is None:
            return
        sent = Sent(PROBE, row.id, row.address, self._out.now)
        self._probe = _Probe(row, self._pings.number(sent))
        self._ping(row, self._probe.number)
        deadline = self._out.now + self.timeout(row.id)
        self._out.timers.set("probe time-out", deadline, self._ask_others)

    def _ping(self, row: Member, number: int) -> None:
        self._out.send_news(row.address, row, Ping(number, row.id, *self.gates()))

    def _ask_others(self) -> None:
        """The direct ping was not acked in time: ask relays, and try once more directly."""
        probe, config = self._probe, self._config
        if probe is None or probe.acked or not probe.row.live:
            return
        for relay in self._table.sample(config.indirect_probes, probe.row.id):
            probe.asked.append(relay.address)
            self._out.send_news(relay.address, relay, PingReq(probe.number, probe.row.id))
        if config.second_ping:
            sent = self._pings.get(probe.number)
            if sent is not None:
                sent.at = None  # an ack could belong to either ping (Karn's rule)
            self._ping(probe.row, probe.number)

    def _conclude(self) -> None:
        """The interval is over: a probe that was not acked has failed."""
        probe, self._probe = self._probe, None
        if probe is None or probe.acked:
            return
        self._pings.forget(probe.number)
        missing = len(probe.asked) - len(probe.nacks)
        if not self._config.nacks or not probe.asked:
            missing = 1
        self._awareness.change(missing)
        self._outcome("failed")
        if probe.row.live:
            self._membership.suspect(probe.row)

    def _outcome(self, name: str) -> None:
        probes = self._out.statistics.probes
        probes[name] = probes.get(name, 0) + 1

    # For others

    def on_ping_req(self, request: PingReq, source: Address) -> None:
        """Pings the target for somebody else."""
        row = self._table.rows.get(request.target)
        if row is None or row.removed or len(self._relayed) >= _RELAYS:
            self._nack(source, request.number)
            return
        if row is self._table.own:
            self._out.send(source, Ack(request.number))
            return
        sent = Sent(RELAY, row.id, row.address, self._out.now)
        number = self._pings.number(sent)
        self._relayed[number] = (source, request.number)
        self._ping(row, number)
        # Lifeguard: the nack leaves at four fifths of the time-out, to arrive within it.
        wait = _NACK_RATIO * self._config.probe_timeout
        self._out.timers.set(("relay", number), self._out.now + wait, partial(self._late, number))

    def on_relay_ack(self, number: int) -> None:
        """The target answered the relay: pass it on."""
        self._pings.forget(number)
        self._out.timers.cancel(("relay", number))
        requester = self._relayed.pop(number, None)
        if requester is not None:
            self._out.send(requester[0], Ack(requester[1]))

    def _late(self, number: int) -> None:
        # The entry stays a while: a late ack is passed on after the nack.
        source, asked = self._relayed[number]
        self._nack(source, asked, tried=True)
        until = self._out.now + self._config.probe_interval
        self._out.timers.set(("relay", number), until, partial(self._drop, number))

    def _drop(self, number: int) -> None:
        self._pings.forget(number)
        self._relayed.pop(number, None)

    def _nack(self, source: Address, number: int, *, tried: bool = False) -> None:
        if self._config.nacks:
            self._out.send(source, Nack(number, tried))


def answer_ping(ping: Ping, sender: Sender, own_id: str) -> bool:
    """Whether a ping is meant for this node: it names nobody, or us, and comes from another."""
    return sender.id != own_id and ping.target in ("", own_id)


def _no_gates() -> tuple[int, int]:
    return (0, 0)
