"""How fast crashes are found, and whether anybody healthy was declared dead.

A death is false if its subject was healthy: it ran, no fault was upon it, none had been until
shortly before, and no partition lay between it and the observer, nor between it and the accuser.
"Shortly" is the longest suspicion that a fault can have raised, for that may still end in a verdict
after the fault has.
"""

from __future__ import annotations

from array import array
from math import inf

import attrs

from gossipd.protocol import MemberSuspect, ProtocolConfig, suspicion_timeout

from ..world.record import Befell, Observed
from ..world.world import World
from .agreement import Views


@attrs.define
class Crash:
    """The end of a process without a word.

    Attributes:
        at: when, in seconds.
        first, everywhere: seconds until one node, and until every running one, knew; None: not yet.
        restarted: it ran again before everybody knew, so that nobody need find out any more.
    """

    at: float
    first: float | None = None
    everywhere: float | None = None
    restarted: bool = False


@attrs.define
class _Cut:
    """A partition: the nodes on one side, and until when it excuses verdicts across it."""

    group: frozenset[int]
    until: float = inf


class Detection:
    """Follows the verdicts of a world.

    Attributes:
        crashes: in order.
        delays: from each crash to each observer's verdict, in seconds.
        false_deaths: verdicts on healthy members, and `at_healthy`, those of healthy observers.
        suspicions: of healthy members, each counted where it was raised.
    """

    def __init__(self, world: World, views: Views, config: ProtocolConfig) -> None:
        self.crashes: list[Crash] = []
        self.delays = array("d")
        self.false_deaths = 0
        self.at_healthy = 0
        self.suspicions = 0
        self._world = world
        self._views = views
        self._grace = config.probe_interval + suspicion_timeout(config, len(views.running), 0)
        self._faults = [0] * len(views.running)
        self._healthy_from = [0.0] * len(views.running)
        self._cuts: list[_Cut] = []
        self._present: dict[int, Crash] = {}
        views.on_death.append(self._on_death)
        views.on_forgotten.append(self._on_forgotten)
        world.on_event.append(self._on_event)

    def afflict(self, numbers: tuple[int, ...]) -> None:
        """A fault begins at these nodes."""
        for number in numbers:
            self._faults[number] += 1

    def relieve(self, numbers: tuple[int, ...]) -> None:
        """It ends."""
        for number in numbers:
            self._faults[number] -= 1
            self._healthy_from[number] = self._world.now + self._grace

    def cut(self, numbers: tuple[int, ...]) -> _Cut:
        """A partition begins between these nodes and all others."""
        cut = _Cut(frozenset(numbers))
        self._cuts.append(cut)
        return cut

    def mend(self, cut: _Cut) -> None:
        """It ends."""
        cut.until = self._world.now + self._grace

    def healthy(self, number: int) -> bool:
        """Whether no fault is upon this node, nor was one shortly before."""
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
            self._views.running[subject]
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
                subject = self._views.numbers[event.member]
                observer = self._views.numbers[observed.node]
                if self.healthy(subject) and not self._cut_off(observer, subject):
                    self.suspicions += self._views.running[subject]
        elif isinstance(event, Befell):
            number = self._views.numbers[observed.node]
            if event.what.startswith("crashed"):
                self._present[number] = Crash(observed.time)
                self.crashes.append(self._present[number])
            elif event.what == "started" or event.what.startswith("set back"):
                crash = self._present.pop(number, None)
                if crash is not None:
                    crash.restarted = crash.everywhere is None
