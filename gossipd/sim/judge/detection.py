"""Measures how fast crashes are detected, and whether a healthy member was declared dead.

A death is false if its subject was healthy: it ran, it had no fault and had none until shortly
before, and no partition lay between it and the observer, nor between it and the accuser. "Shortly"
is as long as the longest suspicion that a fault can raise, since that suspicion may end in a
verdict after the fault itself is over.
"""

from __future__ import annotations

from array import array
from math import inf

import attrs

from gossipd.protocol import MemberSuspect, ProtocolConfig, suspicion_timeout

from ..world import Crashed, Observed, SetBack, Started, World
from .agreement import Agreement


@attrs.define
class Crash:
    """A crash and its detection.

    Attributes:
        at: when the process ended, in seconds.
        first: seconds until the first running node knew; None: none does yet.
        everywhere: seconds until every running node knew; None: one does not yet.
        restarted: the node ran again before all knew, and so its crash need not be detected.
    """

    at: float
    first: float | None = None
    everywhere: float | None = None
    restarted: bool = False


@attrs.define
class _Cut:
    """A partition.

    Attributes:
        group: the nodes on one side of it.
        until: until when it excuses verdicts across it.
    """

    group: frozenset[int]
    until: float = inf


class Detection:
    """Follows the verdicts of all nodes of a world, from its making on.

    Whoever causes a fault tells so, by `afflict` and `relieve`, `cut` and `mend`.

    Attributes:
        crashes: in order of time.
        delays: from each crash to each observer's verdict, in seconds.
        false_deaths: verdicts on healthy members.
        at_healthy: those of the false deaths whose observer was healthy as well.
        suspicions: of healthy members, each counted only where it was raised.
    """

    def __init__(self, world: World, agreement: Agreement, config: ProtocolConfig) -> None:
        self.crashes: list[Crash] = []
        self.delays = array("d")
        self.false_deaths = 0
        self.at_healthy = 0
        self.suspicions = 0
        self._world = world
        self._agreement = agreement
        self._grace = config.probe_interval + suspicion_timeout(config, len(agreement.running), 0)
        self._faults = [0] * len(agreement.running)
        self._healthy_from = [0.0] * len(agreement.running)
        self._cuts: list[_Cut] = []
        self._present: dict[int, Crash] = {}
        agreement.on_death.append(self._on_death)
        agreement.on_forgotten.append(self._on_forgotten)
        world.log.on_event.append(self._on_event)

    def afflict(self, numbers: tuple[int, ...]) -> None:
        """Notes that a fault begins at these nodes."""
        for number in numbers:
            self._faults[number] += 1

    def relieve(self, numbers: tuple[int, ...]) -> None:
        """Notes that a fault at these nodes ends."""
        for number in numbers:
            self._faults[number] -= 1
            self._healthy_from[number] = self._world.now + self._grace

    def cut(self, numbers: tuple[int, ...]) -> _Cut:
        """Notes that a partition cuts these nodes off; returns it, for `mend`."""
        cut = _Cut(frozenset(numbers))
        self._cuts.append(cut)
        return cut

    def mend(self, cut: _Cut) -> None:
        """Notes that a partition ends."""
        cut.until = self._world.now + self._grace

    def healthy(self, number: int) -> bool:
        """Returns whether this node has no fault, and had none shortly before."""
        return not self._faults[number] and self._world.now >= self._healthy_from[number]

    def _cut_off(self, one: int, other: int) -> bool:
        now = self._world.now
        return any((one in c.group) != (other in c.group) and now < c.until for c in self._cuts)

    def _on_death(self, time: float, observer: int, accuser: int, subject: int) -> None:
        crash = self._present.get(subject)
        if crash is not None:
            self.delays.append(time - crash.at)
            if crash.first is None:
                crash.first = time - crash.at
        elif (
            self._agreement.running[subject]
            and self.healthy(subject)
            and not self._cut_off(observer, subject)
            and not self._cut_off(accuser, subject)
        ):
            self.false_deaths += 1
            self.at_healthy += self.healthy(observer)

    def _on_forgotten(self, time: float, subject: int) -> None:
        crash = self._present.get(subject)
        if crash is not None and crash.everywhere is None:
            crash.everywhere = time - crash.at

    def _on_event(self, observed: Observed) -> None:
        event = observed.event
        if isinstance(event, MemberSuspect):
            if event.accuser == observed.node:
                subject = self._agreement.numbers[event.member]
                observer = self._agreement.numbers[observed.node]
                if self.healthy(subject) and not self._cut_off(observer, subject):
                    self.suspicions += self._agreement.running[subject]
        elif isinstance(event, Crashed):
            number = self._agreement.numbers[observed.node]
            self._present[number] = Crash(observed.time)
            self.crashes.append(self._present[number])
        elif isinstance(event, Started | SetBack):
            crash = self._present.pop(self._agreement.numbers[observed.node], None)
            if crash is not None:
                crash.restarted = crash.everywhere is None
