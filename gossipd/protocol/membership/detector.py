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

A machine without the process says so, and then nobody need wait:

    A --ping--> B            B's kernel: port unreachable
    A --ping_req--> R1..Rk   at once
                R --ping--> B
    A <--nack-- R            refused as well: by two relays; B is suspect, and all are told
    …                        half a second later the same once more, by other relays: B is dead
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from ..address import Address
from ..part import Admits, Handler, Part
from ..runtime import Runtime
from ..wire import REFUSED, Ack, Nack, PingReq
from .awareness import Awareness
from .echoes import Echoes, Sent
from .gossip import Gossip
from .looks import Look, Probe
from .peer import Peer
from .table import Member, MemberTable
from .timetable import phase
from .view import View

_RTT_MULT = 3
"""A peer's ack is waited for this many times the bound of its round trip."""

_LOOK_AGAIN = 0.5
"""Seconds from one look at a machine that refuses pings to the next.

A process that starts again within that time is dead to nobody.
"""

_MOST_ASKED = 8
"""Relays asked in one look at most, those included that turn out to be gone themselves."""


class Detector(Part):
    """Probes one member in each interval."""

    def __init__(
        self,
        runtime: Runtime,
        table: MemberTable,
        view: View,
        echoes: Echoes,
        gossip: Gossip,
        awareness: Awareness,
    ) -> None:
        self._runtime = runtime
        self._config = runtime.config
        self._table = table
        self._view = view
        self._echoes = echoes
        self._gossip = gossip
        self._awareness = awareness
        self._probes: dict[int, Probe] = {}
        self._outcomes: dict[str, int] = {}
        self.handlers = {Nack: Handler(self.on_nack, Admits.MEMBERS)}

    def start(self) -> None:
        """Sets the first probe.

        Without a timetable its phase is random, so that nodes which start together spread out.
        """
        if self._config.timetable:
            self._plan(0)
            return
        wait = self._runtime.rng.random() * self._config.probe_interval
        self._runtime.after("probe", wait, self._tick)

    def timeout(self, peer: str) -> float:
        """Returns the seconds to wait for this peer's direct ack; local health lengthens them."""
        config = self._config
        bound = self._echoes.round_trip(peer)
        seconds = config.probe_timeout
        if bound is not None and config.rtt_timeouts:
            seconds = min(seconds, max(config.probe_timeout_min, _RTT_MULT * bound))
        return self._awareness.scale(seconds)

    def _plan(self, ahead: int) -> None:
        """Sets the next probe by the timetable, at least `ahead` rounds from now."""
        interval, table = self._config.probe_interval, self._table
        # The wall clock is read in whole milliseconds. A timer must not find it before its round.
        wall = (self._runtime.wall_ms() + 1) / 1000 / interval
        number = int(wall) + ahead
        target = table.ring.target(table.own.id, number)
        due = number + (phase(target) if target is not None else 0.5)
        if due <= wall:
            self._plan(ahead + 1)
            return
        self._runtime.after("probe", (due - wall) * interval, partial(self._keep_turn, number))

    def _keep_turn(self, number: int) -> None:
        """Probes the member whose turn it is in the round of this number."""
        score = self._awareness.score
        self._plan(1 + score)
        target = self._table.ring.target(self._table.own.id, number)
        if target is not None:
            self._begin(self._table.live[target], self._config.probe_interval * (1 + score))

    def _tick(self) -> None:
        interval = self._awareness.scale(self._config.probe_interval)
        self._runtime.after("probe", interval, self._tick)
        row = self._table.next_probe()
        if row is not None:
            self._begin(row, interval)

    def _begin(self, row: Member, interval: float) -> None:
        """Probes a member, which takes at most `interval` seconds."""
        look = self._look(row)
        probe = self._probes[look.number] = Probe(row, look)
        ask = partial(self._ask_others, probe)
        self._runtime.after(("probe time-out", probe.key), self.timeout(row.id), ask)
        self._runtime.after(("probe end", probe.key), interval, partial(self._conclude, probe))

    def _look(self, row: Member) -> Look:
        """Pings a member under a new number."""
        sent = Sent(row.id, row.address, self._on_ack, on_refused=self._on_refused)
        ping = self._echoes.ping(sent)
        sent.went_as(self._gossip.send(row.address, row, ping))
        return Look(ping.number, sent)

    def _ask_others(self, probe: Probe) -> None:
        """Asks relays, and pings once more directly; the first ping was not acked in time."""
        row, look = probe.row, probe.look
        if not row.live:
            return
        self._ask(probe, self._table.sample(self._config.indirect_probes, row.id))
        if self._config.second_ping:
            # An ack can belong to either ping, so it measures no round trip (Karn's rule). But a
            # peer that was never measured may always be slower than the first ping's time-out.
            if self._echoes.is_measured(row.id):
                look.sent.no_sample()
            again = self._echoes.again(look.number, look.sent)
            look.sent.went_as(self._gossip.send(row.address, row, again))

    def _ask(self, probe: Probe, relays: Iterable[Member]) -> None:
        look = probe.look
        for relay in relays:
            request = PingReq(look.number, probe.row.id)
            look.ask(relay, self._gossip.send(relay.address, relay, request))

    # What comes back

    def _on_ack(self, ack: Ack, sent: Sent, peer: Peer) -> None:
        """Ends the probe as a success, whether the ack came from its target or from a relay."""
        probe = self._probes.get(ack.number)
        if probe is None:
            return
        self._end(probe, "direct" if peer.source == sent.address else "indirect")
        self._awareness.change(-1)

    def on_nack(self, nack: Nack, peer: Peer) -> None:
        """Notes that a relay is there but that the target of a probe did not answer it.

        Ends the probe as a failure once every relay has said that it tried.
        """
        probe = self._probes.get(nack.number)
        if probe is None or probe.look.number != nack.number:
            return
        look = probe.look
        if look.hear(nack, peer.source):
            self._weigh(probe)
            if not probe.warned and look.tried == len(look.asked):
                self._conclude(probe)

    def _conclude(self, probe: Probe) -> None:
        """Ends a probe as a failure, which was not acked."""
        self._end(probe, "failed")
        self._awareness.change(probe.missing() if self._config.nacks else 1)
        if probe.row.live:
            self._view.suspect(probe.row)

    def _end(self, probe: Probe, outcome: str) -> None:
        for look in probe.looks:
            del self._probes[look.number]
            self._echoes.forget(look.number)
        for name in ("probe time-out", "probe end", "look again"):
            self._runtime.timers.cancel((name, probe.key))
        self._outcomes[outcome] = self._outcomes.get(outcome, 0) + 1

    # Refusals

    def _on_refused(self, number: int) -> None:
        """Asks relays at once, since there is nothing to wait for."""
        probe = self._probes.get(number)
        if probe is None or probe.look.number != number or not probe.row.live:
            return
        if not self._config.refusals:
            return
        look = probe.look
        look.refuse()
        if not look.asked:
            self._runtime.timers.cancel(("probe time-out", probe.key))
            self._ask(probe, self._table.sample(self._config.indirect_probes, probe.row.id))
        self._weigh(probe)

    def refusal(self, quoted: bytes, address: Address) -> bool:
        """Asks another relay if this was the request to one. Returns whether it was."""
        for probe in self._probes.values():
            if probe.look.refused_to_relay(quoted, address):
                self._ask_further(probe, 1)
                return True
        return False

    def _ask_further(self, probe: Probe, count: int) -> None:
        """Asks so many relays that this probe has not asked yet, as far as there are any."""
        asked = {each for look in probe.looks for each in look.asked}
        most = min(count, _MOST_ASKED - len(probe.look.asked))
        others = self._table.sample(len(asked) + count, probe.row.id)
        self._ask(probe, [row for row in others if row.address not in asked][: max(most, 0)])

    def _weigh(self, probe: Probe) -> None:
        """Draws the consequence if the present look shows that the member's process is gone."""
        row = probe.row
        if not row.live or not probe.look.shows_gone(self._table.size() - 2):
            return
        if len(probe.looks) == 2:
            self._end(probe, "refused")
            self._view.declare_dead(row, *probe.claimed, REFUSED)
        elif not probe.warned:
            probe.warn()
            self._view.suspect(row, REFUSED)
            again = partial(self._look_again, probe)
            self._runtime.after(("look again", probe.key), _LOOK_AGAIN, again)
            end = _LOOK_AGAIN + self._config.probe_interval
            self._runtime.after(("probe end", probe.key), end, partial(self._conclude, probe))

    def _look_again(self, probe: Probe) -> None:
        """Pings once more, and asks relays that were not asked yet as far as there are any."""
        if not probe.row.live:
            return
        look = self._look(probe.row)
        probe.look_again(look)
        self._probes[look.number] = probe
        count = self._config.indirect_probes
        self._ask_further(probe, count)
        if len(look.asked) < count:
            again = self._table.sample(count, probe.row.id)
            self._ask(probe, [row for row in again if row.address not in look.asked])

    def counted(self) -> Mapping[str, Any]:
        """Returns how many probes ended, by outcome."""
        return {"probes": self._outcomes}
