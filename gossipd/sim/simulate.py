"""Runs a scenario and measures what `gossipd simulate` reports.

The speed of a simulation is read from the clock of the machine; nothing in a run depends on that.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

import attrs

from gossipd.protocol import DEFAULT
from gossipd.version import __version__

from .judge import Agreement, Content, Detection, Load, Timeline, TraceHash, TraceText
from .report import CommandOutcome, Counted, Detected, FalseDeaths, Percentiles, Report, Traffic
from .scenario import SYNC_INTERVAL, FaultSchedule, Scenario, add_nodes, build_world
from .world import Log, World

# The load ends so many seconds before the run, or a tenth of the run if that is less, so that the
# last increments can reach every node.
_QUIET = 5.0

# How many virtual seconds pass between two reports of progress.
_SLICE = 0.02


@attrs.frozen
class Run:
    """A finished run.

    Attributes:
        delays: from each crash to each observer's verdict, in seconds.
        timeline: what a plot shows, if the simulation kept it.
    """

    report: Report
    delays: list[float]
    timeline: Timeline | None


class Simulation:
    """A scenario under way.

    Args:
        write: takes each line of the trace; None: no trace.
        timeline: whether to keep what a plot shows.

    Attributes:
        world: what is simulated, for further observers.
        load: the increments of the run.
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
        # A large cluster that starts together reports millions of membership events.
        self.world = world = build_world(scenario, Log(keep_member_events=False))
        self._hash = TraceHash(world)
        if write is not None:
            TraceText(world, write)
        cut = any(fault.kind == "power-cut" for fault, _ in scenario.faults)
        add_nodes(world, scenario, sync_interval=SYNC_INTERVAL if cut else None)
        self._agreement = Agreement(world, joined=scenario.start == "joined")
        self._content = Content(world)
        self._detection = Detection(world, self._agreement, scenario.config)
        quiet = min(_QUIET, scenario.duration / 10)
        self.load = Load(world, scenario.writes, scenario.duration - quiet)
        self._timeline = (
            Timeline(world, self._agreement, self.load, scenario.duration) if timeline else None
        )
        if scenario.start == "together":
            self._agreement.step("start")
        schedule = FaultSchedule(world, self._agreement, self._detection)
        for fault, numbers in scenario.faults:
            schedule.add(fault, numbers)

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
        self._content.look()
        try:
            while world.now < duration and not interrupted():
                world.run(min(_SLICE, duration - world.now))
                self._content.look()
                progress(world.now)
        finally:
            gc.unfreeze()
        return Run(
            self._report(perf_counter() - began), list(self._detection.delays), self._timeline
        )

    def _report(self, real: float) -> Report:
        scenario, detection, world = self._scenario, self._detection, self.world
        self._content.look(now=True)
        due = [crash for crash in detection.crashes if not crash.restarted]
        return Report(
            about=scenario.about,
            command=scenario.command_line(),
            version=__version__,
            nodes=scenario.nodes,
            detected=Detected(
                crashes=len(due),
                first=Percentiles.of([crash.first for crash in due if crash.first is not None]),
                everywhere=Percentiles.of([c.everywhere for c in due if c.everywhere is not None]),
            ),
            false_deaths=FalseDeaths(
                all=detection.false_deaths,
                at_healthy=detection.at_healthy,
                suspicions=detection.suspicions,
            ),
            steps=tuple(self._agreement.steps),
            tables=self._content.tables,
            counts=self._content.counts,
            counted=self._counted(),
            commands=tuple(
                CommandOutcome.of(each) for each in world.log.requests if each.name == DEFAULT
            ),
            traffic=_traffic(world, self._agreement.node_seconds()),
            simulated=world.now,
            real=real,
            set_up=self._set_up,
            interrupted=world.now < scenario.duration,
            hash=self._hash.hexdigest(),
        )

    def _counted(self) -> Counted:
        load = self.load
        running = [host for host in self.world.hosts.values() if host.node is not None]
        counts = [load.count(host) for host in running]
        refused = sum(request.refused is not None for request in load.requests)
        acknowledged = load.acknowledged()
        return Counted(
            asked=len(load.requests),
            refused=refused,
            acknowledged=acknowledged,
            unanswered=len(load.requests) - refused - acknowledged,
            counted_min=min(counts, default=None),
            counted_max=max(counts, default=None),
            spread=Percentiles.of(load.arrivals),
            spreading=load.under_way,
            lost=load.lost(),
            invented=load.invented(),
        )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Turns garbage collection off, which would walk the growing tables again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _traffic(world: World, node_seconds: float) -> Traffic:
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
