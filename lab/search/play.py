"""Plays a history under the checkers: a phase of faults, then healing, agreement, and quiet.

After the duration of the history every fault ends, and the network is perfect from then on. The
nodes that still run must agree within `AGREE` probe intervals. Then the others are started from
their disks, and all must agree once more. In the end nothing but pings and acks may be sent.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Sequence

import attrs

from gossipd.sim.judge import Agreement, Detection, Load, TraceHash, TraceText
from gossipd.sim.scenario import (
    COMMANDS,
    SYNC_INTERVAL,
    FaultSchedule,
    Scenario,
    add_nodes,
    build_world,
    make_scenario,
)
from gossipd.sim.world import (
    Crashed,
    DiskReplaced,
    Host,
    Observed,
    SetBack,
    Started,
    World,
    id_of,
)

from .budgets import Budgets
from .counts import Counts, Times
from .departures import Healed, Leaves
from .draw import Words
from .findings import Finding
from .member_rows import MemberRows, apart, connected, of_other_clusters
from .named_counts import differing, judge_named
from .neighbours import Neighbours
from .tagging import differing_tags
from .unreached import Unreached

AGREE = 60
"""Probe intervals after healing within which all must agree."""

AGREE_DOWN = 20
"""Probe intervals more for each node that does not run.

A node whose own health is bad takes long to find that another one is dead.
"""

AGREE_PARTITION = 10
"""Seconds after healing, if only partitions befell nodes that have little to exchange.

A node that was cut off for long trusts itself little at first, and so pings seldom.
"""

QUIET = 40
"""Probe intervals after agreement within which all other traffic must end."""

# Probe intervals of one stretch of listening; seconds between two looks at the checkers, and at
# whether all agree.
_WINDOW = 5
_SLICE = 1.0
_LOOK = 0.25

# Faults that leave the datagrams of other nodes alone, or delay them by at most some seconds.
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
    "reject",
)


@attrs.frozen(kw_only=True)
class Played:
    """What came of a history.

    Attributes:
        findings: what did not hold; empty if all held.
        agreed_after: seconds from the end of the faults to agreement, and from the start of the
            nodes that did not run to agreement; None if there was none.
        hash: of the run, if it was asked for.
    """

    findings: Sequence[Finding]
    agreed_after: tuple[float | None, float | None]
    hash: str = ""


def play_history(
    words: Words, *, traced: bool = False, write: Callable[[str], object] | None = None
) -> Played:
    """Plays the history that these words describe, and returns what came of it.

    Args:
        traced: whether to compute the run's hash.
        write: takes each line of the trace.

    Raises ScenarioError for words that describe no history.
    """
    history = Neighbours(words) if "clusters" in words else _History(make_scenario(words))
    tracing = TraceHash(history.world) if traced else None
    if write is not None:
        TraceText(history.world, write)
    try:
        history.run()
    except Exception as error:
        # An exception of the protocol is a finding like any other.
        return Played(findings=[*history.findings(), _raised(error)], agreed_after=(None, None))
    return Played(
        findings=history.findings(),
        agreed_after=(history.agreed[0], history.agreed[1]),
        hash="" if tracing is None else tracing.hexdigest(),
    )


class _History:
    """A history under way, with its checkers."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.world = world = build_world(scenario)
        add_nodes(world, scenario, sync_interval=SYNC_INTERVAL)
        self.counts = Counts(world, _failing(scenario, world))
        bursting = _blocked(scenario, world)
        spared = _never_faulty(scenario, world)
        config = scenario.config
        self.rows = MemberRows(
            world, spared, bursting, config.cluster, config.member_limit, config.forget_after
        )
        self.budgets = Budgets(world, scenario.config, bursting)
        self.departures = (
            Leaves(world, config.leave_grace),
            Healed(world, scenario),
            Unreached(world),
        )
        self.agreed: list[float | None] = [None, None]
        self._found: list[Finding] = []
        # Whose present process began with members and counts, and without a cluster id.
        self._nameless: set[str] = set()
        world.log.on_event.append(self._on_event)
        agreement = Agreement(world, joined=scenario.start == "joined")
        detection = Detection(world, agreement, scenario.config)
        schedule = FaultSchedule(world, agreement, detection, spare_forked=True)
        for fault, numbers in scenario.faults:
            schedule.add(fault, numbers)
        self._load = Load(world, scenario.writes, scenario.duration)

    def findings(self) -> list[Finding]:
        """Returns all that did not hold, in order of time only within each checker."""
        return [
            *self.counts.findings,
            *self.rows.findings,
            *self.budgets.findings,
            *(found for checker in self.departures for found in checker.findings),
            *self._found,
        ]

    def run(self) -> None:
        """Plays the whole history; stops at the first finding of a checker."""
        world = self.world
        while world.now < self.scenario.duration:
            world.run(min(_SLICE, self.scenario.duration - world.now))
            if self.findings():
                return
        self._heal()
        # Nodes that are about to leave have left by then.
        world.run(self.scenario.config.leave_grace)
        down = [host for host in world.hosts.values() if host.node is None]
        if not self._agree(0, down):
            return
        for host in down:
            world.start(host.id)
        if down and not self._agree(1, []):
            return
        hosts = world.live()
        cut = self._cut(hosts)
        if self._connected(hosts, cut):
            self._found += self.counts.judge(hosts) + judge_named(
                world, hosts, clocks=not self._has("clock-jump")
            )
            self._found += self._judge_load()
        if not self.findings():
            self._listen(quiet=not cut)

    def _has(self, kind: str) -> bool:
        return any(fault.kind == kind for fault, _ in self.scenario.faults)

    def _heal(self) -> None:
        """Ends every fault that has not ended by itself."""
        self.world.network.repair()
        self.world.carrier.translation.clear()
        for host in self.world.hosts.values():
            host.disk.fail(0.0)
            host.disk.slow_down(None)
            host.recover()

    def _agree(self, phase: int, down: Sequence[Host]) -> bool:
        """Lets time pass until all agree, or should have agreed; returns whether they do."""
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
        large = self.scenario.owners or self.scenario.dead_rows
        if kinds <= {"partition", "increment", "sync"} and not large:
            return AGREE_PARTITION
        return (AGREE + AGREE_DOWN * down) * self.scenario.config.probe_interval

    def _disagreements(self, down: Sequence[Host]) -> list[Finding]:
        hosts = self.world.live()
        cut = self._cut(hosts)
        if not self._connected(hosts, cut):
            return self.rows.judge([], down) or self._unanswered()
        pairs = [
            (one, other)
            for one in hosts
            for other in hosts
            if one is not other and (one.id, other.id) not in cut
        ]
        found = self.rows.judge(pairs, down) or self.counts.differing(hosts)
        found = found or differing_tags(pairs)
        if not found and not cut:
            found = self.rows.differing(hosts)
        return found or differing(self.world, hosts) or self._unanswered()

    def _unanswered(self) -> list[Finding]:
        return [
            Finding("unanswered", f"{each.kind} of {each.amount} at {each.node}")
            for each in self.world.unanswered()
        ]

    def _on_event(self, observed: Observed) -> None:
        if isinstance(observed.event, Started):
            kept = self.world.hosts[observed.node].kept
            self._nameless.discard(observed.node)
            if kept is not None and kept.members and kept.groups and not kept.cluster_ids:
                self._nameless.add(observed.node)

    def _cut(self, hosts: Sequence[Host]) -> dict[tuple[str, str], None]:
        """Returns the pairs of nodes that need not find each other.

        One of them has removed the other; or it lost its disk, and counted before any other node
        met it, so that it is another cluster, unless somebody asks for one. So is a node that was
        cut off before its cluster had an id, counted and started anew, while none of its seeds
        takes it in.
        """
        events = [each.event for each in self.world.log.events]
        lost = any(isinstance(each, Crashed) and each.state_lost for each in events)
        cut = apart(hosts)
        if lost or any(isinstance(each, DiskReplaced) for each in events):
            cut |= of_other_clusters(hosts)
        running = {host.id for host in hosts}
        for host in hosts:
            seeds = running.intersection(host.seeds) - {host.id}
            if host.id in self._nameless and all((host.id, seed) in cut for seed in seeds):
                cut |= {(host.id, other): None for other in running - {host.id}}
                cut |= {(other, host.id): None for other in running - {host.id}}
        return cut

    def _connected(self, hosts: Sequence[Host], cut: Collection[tuple[str, str]]) -> bool:
        """Returns whether all nodes can find each other.

        Two nodes of which neither ever heard of the other need a third one for it.
        """
        return connected(hosts, {*cut, *self.rows.strangers(hosts)})

    def _judge_load(self) -> list[Finding]:
        """Returns findings about the increments of the load, if every disk was left as it was."""
        log = self.world.log
        if any(isinstance(each.event, DiskReplaced | SetBack) for each in log.events):
            return []
        lost, invented = self._load.lost(), self._load.invented()
        found = [Finding("lost", f"{lost} of the load")] if lost else []
        return found + ([Finding("invented", f"{invented} by the load")] if invented else [])

    def _listen(self, *, quiet: bool) -> None:
        """Lets time pass until only idle traffic is left for a while.

        Nodes that have removed each other need not be quiet.
        """
        world, interval = self.world, self.scenario.config.probe_interval
        for _ in range(QUIET // _WINDOW):
            busy = self.budgets.listen()
            world.run(_WINDOW * interval)
            busy += self.budgets.too_much(len(world.live()), _WINDOW)
            if not busy or not quiet:
                break
        self._found += busy[:5] if quiet else []
        self._found += self.budgets.judge(world.live())


def _raised(error: Exception) -> Finding:
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{where.filename.rpartition('gossipd/')[2]}:{where.lineno}"
    return Finding("raised", f"{type(error).__name__}: {error} ({place})")


def _blocked(scenario: Scenario, world: World) -> list[str]:
    """Returns ids of nodes that at some time send at once what waited for seconds."""
    faults = [numbers for fault, numbers in scenario.faults if fault.kind == "block"]
    return [id_of(number) for numbers in faults for number in numbers]


def _failing(scenario: Scenario, world: World) -> dict[str, list[Times]]:
    """Returns the times in which writes to a node's disk may fail, by its id."""
    found: dict[str, list[Times]] = {}
    for fault, numbers in scenario.faults:
        if fault.kind == "bad-disk":
            until = fault.at + fault.length if fault.length else scenario.duration
            for number in numbers:
                found.setdefault(id_of(number), []).append((fault.at, until))
    return found


def _never_faulty(scenario: Scenario, world: World) -> list[str]:
    """Returns ids that no fault befalls and no node removes, if none of their datagrams is lost."""
    kinds = [fault.kind for fault, _ in scenario.faults]
    if scenario.loss or any(kind not in (*_HARMLESS, *COMMANDS) for kind in kinds):
        return []
    harmless = ("clock-jump", "slow-disk", "bad-disk", "increment", "change", "sync", "register")
    struck = {
        number
        for fault, numbers in scenario.faults
        for number in (*numbers, fault.details.get("peer"))
        if fault.kind not in harmless
    }
    return [id_of(number) for number in range(scenario.nodes) if number not in struck]
