"""Runs a scenario and measures what a user asks: `gossipd simulate`.

How fast the simulation is, it reads from the machine's clock; nothing in a run depends on that.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

import attrs

from gossipd import __version__

from .judge.agreement import Views
from .judge.detection import Detection
from .judge.load import Writes
from .judge.timeline import Timeline
from .judge.trace import TraceHash, TraceText
from .report import Command, Counted, Detected, FalseDeaths, Report, Spread, Traffic
from .scenario.faults import Faults
from .scenario.scenario import Scenario
from .scenario.stage import LAZY, add_nodes, stage
from .world.cluster import Cluster
from .world.record import MEMBER_EVENTS, Observed
from .world.world import COUNTER, World

# Writes end this long before the run, or a tenth of it, so that the last of them can spread.
_QUIET = 5.0

# How often, in virtual seconds, a run looks up.
_SLICE = 0.02


class _Unrecorded(World):
    """Keeps no list of membership events: a large cluster that starts together makes millions."""

    def note(self, observed: Observed) -> None:
        if isinstance(observed.event, MEMBER_EVENTS):
            for call in self.on_event:
                call(observed)
        else:
            super().note(observed)


@attrs.frozen
class Run:
    """A finished run."""

    report: Report
    delays: list[float]
    timeline: Timeline | None


class Simulation:
    """A scenario under way.

    Args:
        write: takes each line of the trace; None: no trace.
        timeline: whether to keep what a plot shows.

    Attributes:
        world, writes: what is simulated and how its increments spread, for further observers.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        write: Callable[[str], object] | None = None,
        timeline: bool = False,
    ) -> None:
        began = perf_counter()
        with _uncollected():
            self._set_up_cluster(scenario, write, timeline)
        self._set_up = perf_counter() - began

    def _set_up_cluster(
        self, scenario: Scenario, write: Callable[[str], object] | None, timeline: bool
    ) -> None:
        self._scenario = scenario
        self.world = world = stage(scenario, _Unrecorded)
        self._hash = TraceHash(world)
        if write is not None:
            TraceText(world, write)
        cut = any(fault.kind == "power-cut" for fault, _ in scenario.faults)
        add_nodes(world, scenario, lazy=LAZY if cut else None)
        self._views = Views(world, joined=scenario.start == "joined")
        self._detection = Detection(world, self._views, scenario.config)
        quiet = min(_QUIET, scenario.duration / 10)
        self.writes = Writes(world, scenario.writes, scenario.duration - quiet)
        self._timeline = (
            Timeline(world, self._views, self.writes, scenario.duration) if timeline else None
        )
        if scenario.start == "together":
            self._views.step("start")
        faults = Faults(world, self._views, self._detection)
        for fault, numbers in scenario.faults:
            faults.schedule(fault, numbers)

    def run(
        self,
        progress: Callable[[float], object] = lambda _: None,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> Run:
        """Runs to the end, or until `interrupted()`; tells `progress` the virtual time so far."""
        world, duration = self.world, self._scenario.duration
        began = perf_counter()
        # What exists by now stays: without this, each full collection would walk all tables.
        gc.freeze()
        try:
            while world.now < duration and not interrupted():
                world.run(min(_SLICE, duration - world.now))
                progress(world.now)
        finally:
            gc.unfreeze()
        return Run(
            self._report(perf_counter() - began), list(self._detection.delays), self._timeline
        )

    def _report(self, real: float) -> Report:
        scenario, detection, world = self._scenario, self._detection, self.world
        due = [crash for crash in detection.crashes if not crash.restarted]
        return Report(
            about=scenario.about,
            command=scenario.command(),
            version=__version__,
            nodes=scenario.nodes,
            detected=Detected(
                crashes=len(due),
                first=Spread.of([crash.first for crash in due if crash.first is not None]),
                everywhere=Spread.of([c.everywhere for c in due if c.everywhere is not None]),
            ),
            false_deaths=FalseDeaths(
                all=detection.false_deaths,
                at_healthy=detection.at_healthy,
                suspicions=detection.suspicions,
            ),
            steps=tuple(self._views.steps),
            counted=self._counted(),
            commands=tuple(Command.of(each) for each in world.requests if each.name == COUNTER),
            traffic=_traffic(world, self._views.node_seconds()),
            simulated=world.now,
            real=real,
            set_up=self._set_up,
            interrupted=world.now < scenario.duration,
            hash=self._hash.hexdigest(),
        )

    def _counted(self) -> Counted:
        writes = self.writes
        running = [host for host in self.world.hosts.values() if host.node is not None]
        counts = [writes.count(host) for host in running]
        refused = sum(request.refused is not None for request in writes.requests)
        acknowledged = writes.acknowledged()
        return Counted(
            asked=len(writes.requests),
            refused=refused,
            acknowledged=acknowledged,
            unanswered=len(writes.requests) - refused - acknowledged,
            counted_min=min(counts, default=None),
            counted_max=max(counts, default=None),
            spread=Spread.of(writes.spread),
            spreading=writes.spreading,
            lost=writes.lost(),
            invented=writes.invented(),
        )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collection, which would walk the tables again and again while they grow."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _traffic(world: Cluster, node_seconds: float) -> Traffic:
    network = world.network
    counts = [network.counts(host.address) for host in world.hosts.values()]
    per = 1 / node_seconds if node_seconds else 0.0
    return Traffic(
        datagrams=sum(count.sent for count in counts) * per,
        bytes=sum(count.sent_bytes for count in counts) * per,
        wire_bytes=sum(count.sent_wire_bytes() for count in counts) * per,
        largest_bytes=network.largest_bytes,
        sent=network.sent,
        lost=network.lost,
        overflowed=network.overflowed,
    )
