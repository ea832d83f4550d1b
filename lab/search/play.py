"""Plays a history under the checkers: a phase of faults, then healing, agreement, and quiet.

After its duration every fault ends and the network is perfect. What still runs must agree within
`AGREE` probe intervals; then what does not run is started from its disk, and all must agree
once more; in the end nothing but pings and acks may be under way.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Sequence

import attrs

from gossipd.sim.judge.agreement import Views
from gossipd.sim.judge.checks import unanswered
from gossipd.sim.judge.detection import Detection
from gossipd.sim.judge.load import Writes
from gossipd.sim.judge.trace import TraceHash, TraceText
from gossipd.sim.scenario.faults import Faults
from gossipd.sim.scenario.notation import COMMANDS
from gossipd.sim.scenario.scenario import Scenario, make
from gossipd.sim.scenario.stage import LAZY, add_nodes, stage
from gossipd.sim.world.host import Host
from gossipd.sim.world.network import UniformDelay
from gossipd.sim.world.record import Befell
from gossipd.sim.world.world import World

from .budgets import Budgets
from .counts import Counts, Times
from .draw import Words
from .findings import Finding
from .member_rows import Rows, apart, connected

AGREE = 60
"""Probe intervals after healing within which all must agree; and `AGREE_DOWN` more for each node
that does not run, which takes long to find for one whose own health is bad."""

AGREE_DOWN = 20

AGREE_PARTITION = 10
"""Seconds after healing, if nothing but partitions befell nodes that have not much to exchange: who
was cut off for long trusts itself little at first, and so pings seldom."""

QUIET = 40
"""Probe intervals after agreement within which nothing but pings and acks goes on."""

_WINDOW = 5
_SLICE = 1.0
_LOOK = 0.25

# Faults that leave others' datagrams alone, or bring them after at most some seconds.
_HARMLESS = (
    "crash",
    "restart",
    "power-cut",
    "set-back",
    "leave",
    "pause",
    "flip-flop",
    "slow",
    "clock-jump",
    "slow-disk",
    "bad-disk",
)


@attrs.frozen(kw_only=True)
class Played:
    """What came of a history.

    Attributes:
        findings: what did not hold, each a line; empty if all held.
        agreed_after: seconds from the end of the faults to agreement, and the same after the start
            of what did not run; None if it did not come.
        hash: of the run, where asked for.
    """

    findings: Sequence[Finding]
    agreed_after: tuple[float | None, float | None]
    hash: str = ""


def play(
    words: Words, *, traced: bool = False, write: Callable[[str], object] | None = None
) -> Played:
    """Plays the history that these words describe.

    Args:
        traced: whether to compute the run's hash.
        write: takes each line of the trace.

    Raises ScenarioError for words that describe none.
    """
    history = _History(make(words))
    tracing = TraceHash(history.world) if traced else None
    if write is not None:
        TraceText(history.world, write)
    history.run()
    return Played(
        findings=history.findings(),
        agreed_after=(history.agreed[0], history.agreed[1]),
        hash="" if tracing is None else tracing.hexdigest(),
    )


class _History:
    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.world = world = stage(scenario, World)
        add_nodes(world, scenario, lazy=LAZY)
        self.counts = Counts(world, _failing(scenario, world))
        bursting = _blocked(scenario, world)
        spared = _never_faulty(scenario, world)
        self.rows = Rows(world, spared, bursting, scenario.config.cluster)
        self.budgets = Budgets(world, scenario.config, bursting)
        self.agreed: list[float | None] = [None, None]
        self._found: list[Finding] = []
        views = Views(world, joined=scenario.start == "joined")
        faults = Faults(world, views, Detection(world, views, scenario.config), spare_forked=True)
        for fault, numbers in scenario.faults:
            faults.schedule(fault, numbers)
        self._writes = Writes(world, scenario.writes, scenario.duration)

    def findings(self) -> list[Finding]:
        """Everything that did not hold, in no order of time across the checkers."""
        return [
            *self.counts.findings,
            *self.rows.findings,
            *self.budgets.findings,
            *self._found,
        ]

    def run(self) -> None:
        """The whole history; stops at the first finding of a checker."""
        try:
            self._run()
        except Exception as error:
            # Whatever the protocol raises is a finding like any other.
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{where.filename.rpartition('gossipd/')[2]}:{where.lineno}"
            text = f"{type(error).__name__}: {error} ({place})"
            self._found.append(Finding("raised", text))

    def _run(self) -> None:
        world = self.world
        while world.now < self.scenario.duration:
            world.run(min(_SLICE, self.scenario.duration - world.now))
            if self.findings():
                return
        self._heal()
        # Who is about to leave has left by then.
        world.run(self.scenario.config.leave_grace)
        down = [host for host in world.hosts.values() if host.node is None]
        if not self._agree(0, down):
            return
        for host in down:
            world.start(host.id)
        if down and not self._agree(1, []):
            return
        hosts = world.live()
        cut = apart(hosts)
        if self._connected(hosts, cut):
            self._found += self.counts.judge(hosts) + self._judge_load()
        if not self.findings():
            self._listen(quiet=not cut)

    def _heal(self) -> None:
        """Every fault ends that has not ended by itself."""
        network = self.world.network
        network.heal()
        network.loss_ratio = network.duplicate_ratio = network.reorder_ratio = 0.0
        network.delay = UniformDelay(0.0005, 0.0015)
        for host in self.world.hosts.values():
            host.disk.failing, host.disk.delay, host.slow = 0.0, None, None
            if host.blocked:
                self.world.unblock(host.id)
            if host.paused:
                self.world.resume(host.id)

    def _agree(self, phase: int, down: Sequence[Host]) -> bool:
        """Lets time pass until all agree, or until they should have."""
        world, began = self.world, self.world.now
        within = self._patience(len(down))

        def over() -> bool:
            return bool(self.findings()) or not self._disagreements(down)

        if world.run_until(over, within, _LOOK):
            self.agreed[phase] = world.now - began
            return not self.findings()
        self._found += self._disagreements(down)[:5]
        return False

    def _patience(self, down: int) -> float:
        kinds = {fault.kind for fault, _ in self.scenario.faults}
        if kinds <= {"partition", "increment", "sync"} and not self.scenario.owners:
            return AGREE_PARTITION
        return (AGREE + AGREE_DOWN * down) * self.scenario.config.probe_interval

    def _disagreements(self, down: Sequence[Host]) -> list[Finding]:
        hosts = self.world.live()
        cut = apart(hosts)
        if not self._connected(hosts, cut):
            return self.rows.judge([], down) or self._unanswered()
        pairs = [
            (one, other)
            for one in hosts
            for other in hosts
            if one is not other and (one.id, other.id) not in cut
        ]
        found = self.rows.judge(pairs, down) or self.counts.differing(hosts)
        return found or self._unanswered()

    def _unanswered(self) -> list[Finding]:
        return [
            Finding("unanswered", f"{each.kind} of {each.amount} at {each.node}")
            for each in unanswered(self.world)
        ]

    def _connected(self, hosts: Sequence[Host], cut: Collection[tuple[str, str]]) -> bool:
        """Whether all can find each other: who never heard of anybody, nor they of it, cannot."""
        return connected(hosts, {*cut, *self.rows.strangers(hosts)})

    def _judge_load(self) -> list[Finding]:
        """The load's increments, as long as every disk was kept as it was."""
        if any(
            each.event.what.startswith(("disk replaced", "set back"))
            for each in self.world.of(Befell)
        ):
            return []
        lost, invented = self._writes.lost(), self._writes.invented()
        found = [Finding("lost", f"{lost} of the load")] if lost else []
        return found + ([Finding("invented", f"{invented} by the load")] if invented else [])

    def _listen(self, *, quiet: bool) -> None:
        """Lets what is still under way end, until nothing else is said for a while.

        Nodes that have removed each other need not be quiet.
        """
        world, interval = self.world, self.scenario.config.probe_interval
        for _ in range(QUIET // _WINDOW):
            said = self.budgets.listen()
            world.run(_WINDOW * interval)
            said += self.budgets.too_much(len(world.live()), _WINDOW)
            if not said or not quiet:
                break
        self._found += said[:5] if quiet else []
        self._found += self.budgets.judge(world.live())


def _blocked(scenario: Scenario, world: World) -> list[str]:
    """Ids of nodes that at some time send all at once what they had to say for seconds."""
    faults = [numbers for fault, numbers in scenario.faults if fault.kind == "block"]
    return [world.id_of(number) for numbers in faults for number in numbers]


def _failing(scenario: Scenario, world: World) -> dict[str, list[Times]]:
    """From when to when writes to a node's disk may fail, by its id."""
    found: dict[str, list[Times]] = {}
    for fault, numbers in scenario.faults:
        if fault.kind == "bad-disk":
            until = fault.at + fault.length if fault.length else scenario.duration
            for number in numbers:
                found.setdefault(world.id_of(number), []).append((fault.at, until))
    return found


def _never_faulty(scenario: Scenario, world: World) -> list[str]:
    """Ids that no fault befalls and nobody removes, if no datagram of theirs is lost or late."""
    kinds = [fault.kind for fault, _ in scenario.faults]
    if scenario.loss or any(kind not in (*_HARMLESS, *COMMANDS) for kind in kinds):
        return []
    harmless = ("clock-jump", "slow-disk", "bad-disk", "increment", "sync", "register")
    struck = {
        number
        for fault, numbers in scenario.faults
        for number in (*numbers, fault.details.get("peer"))
        if fault.kind not in harmless
    }
    return [world.id_of(number) for number in range(scenario.nodes) if number not in struck]
