"""Lifeguard's controlled experiment: members that neither send nor receive for a while.

There are two kinds of trials. In an *interval* trial some members are blocked for a time, free for
a time, and so on for two minutes; verdicts on the others, which are well throughout, are counted.
In a *threshold* trial some members are blocked once, for 32 seconds; the time until the others
declare them dead is measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from gossipd.protocol import MemberDead
from gossipd.sim import Percentiles, Simulation
from gossipd.sim.scenario import Scenario, make_scenario
from gossipd.sim.world import Observed, World

from .trials import Findings, Progress, carry_out, mean, table
from .variants import VARIANTS

NODES = 100

CONCURRENT = (1, 4, 8, 16, 32)
"""How many nodes are blocked at the same time."""

BLOCKED_ONCE = 32.768
"""Seconds of the block in a threshold trial."""

# Blocked and free times in seconds, for each way in which a blocked process may behave.
CYCLES = {
    "stop": ((8.192, 0.001), (16.384, 0.001), (16.384, 0.256), (32.768, 0.064)),
    "run": ((2.048, 0.064), (16.384, 0.064), (32.768, 0.001)),
}

SEEDS = 1
THRESHOLD_SEEDS = 6
"""Seeds of the threshold trials for each seed of the others: they are short."""

# Seconds before the first block and after the last one, and seconds of blocks between them.
_QUIET = 10.0
_DISTURBED = 120.0

# memberlist asks the kernel for 2 MiB, where a small datagram takes up about 800 bytes.
_SOCKET_DATAGRAMS = 2560


@attrs.frozen
class Trial:
    """One run.

    Attributes:
        variant: a key of `VARIANTS`.
        concurrent: how many nodes are blocked at the same time.
        timers: "run" or "stop", as for the fault `block`.
        blocked, free: seconds; if `free` is None, nodes are blocked once.
    """

    variant: str
    concurrent: int
    timers: str
    blocked: float
    free: float | None
    seed: int

    def scenario(self) -> Scenario:
        """Returns the scenario of the trial."""
        repeated = self.free is not None
        disturbed = _DISTURBED if repeated else self.blocked
        fault = f"n0-{self.concurrent - 1}@{_QUIET:g}+{disturbed:g},timers={self.timers}"
        if repeated:
            fault += f",blocked={self.blocked:g}s,free={self.free:g}s"
        return make_scenario(
            {
                "nodes": NODES,
                "duration": _QUIET + disturbed + (_QUIET if repeated else 0.0),
                "seed": self.seed,
                "block": fault,
                "set": dict(VARIANTS[self.variant]),
            }
        )


@attrs.frozen
class Outcome:
    """What came of a trial.

    Attributes:
        false_positives: verdicts on nodes that were never blocked.
        at_healthy: those of the false positives that were reached at such nodes.
        suspicions: of such nodes, each counted at its accuser.
        datagrams, bytes: per node and second; the bytes are UDP payload.
        overflowed: datagrams that found a full socket.
        first: for each blocked node, seconds from its blocking until one of the others declared it
            dead; None: not in this run.
        everywhere: the same until each of the others had declared it dead.
    """

    false_positives: int
    at_healthy: int
    suspicions: int
    datagrams: float
    bytes: float
    overflowed: int
    first: list[float | None]
    everywhere: list[float | None]


class Verdicts:
    """Follows which of the healthy nodes declare which blocked node dead, and how soon.

    Args:
        blocked: how many nodes are blocked, which are the first ones.
        since: when they are blocked, in seconds.
    """

    def __init__(self, world: World, blocked: int, since: float) -> None:
        ids = list(world.hosts)
        self._healthy = frozenset(ids[blocked:])
        self._since = since
        self._by: dict[str, dict[str, float]] = {node_id: {} for node_id in ids[:blocked]}
        world.log.on_event.append(self._on_event)

    def first(self) -> list[float | None]:
        """Returns for each blocked node when the first healthy one did; None: none has."""
        return [min(by.values(), default=None) for by in self._by.values()]

    def everywhere(self) -> list[float | None]:
        """Returns for each blocked node when the last healthy one did; None: one has not."""
        return [
            max(by.values()) if len(by) == len(self._healthy) else None for by in self._by.values()
        ]

    def _on_event(self, observed: Observed) -> None:
        event = observed.event
        if isinstance(event, MemberDead) and observed.node in self._healthy:
            by = self._by.get(event.member)
            if by is not None:
                by.setdefault(observed.node, observed.time - self._since)


def measure(trial: Trial) -> Outcome:
    """Runs a trial and returns its outcome."""
    simulation = Simulation(trial.scenario())
    for host in simulation.world.hosts.values():
        host.resize_socket(_SOCKET_DATAGRAMS)
    verdicts = Verdicts(simulation.world, trial.concurrent, _QUIET)
    report = simulation.run().report
    deaths, traffic = report.false_deaths, report.traffic
    return Outcome(
        false_positives=deaths.all,
        at_healthy=deaths.at_healthy,
        suspicions=deaths.suspicions,
        datagrams=traffic.datagrams,
        bytes=traffic.bytes,
        overflowed=traffic.overflowed,
        first=verdicts.first(),
        everywhere=verdicts.everywhere(),
    )


def interval_trials(seeds: int) -> list[Trial]:
    """Returns trials of every variant, number of blocked nodes, and blocked and free time."""
    return [
        Trial(variant, concurrent, timers, blocked, free, seed)
        for timers, cycles in CYCLES.items()
        for variant in VARIANTS
        for concurrent in CONCURRENT
        for blocked, free in cycles
        for seed in range(1, seeds + 1)
    ]


def threshold_trials(seeds: int) -> list[Trial]:
    """Returns trials of every variant and number of blocked nodes."""
    return [
        Trial(variant, concurrent, "stop", BLOCKED_ONCE, None, seed)
        for variant in VARIANTS
        for concurrent in CONCURRENT
        for seed in range(1, seeds * THRESHOLD_SEEDS + 1)
    ]


def run(seeds: int | None, jobs: int, progress: Progress) -> Findings:
    """Carries out both kinds of trials and returns their findings."""
    trials = interval_trials(seeds or SEEDS) + threshold_trials(seeds or SEEDS)
    return findings(trials, carry_out(measure, trials, jobs, progress))


def findings(trials: Sequence[Trial], outcomes: Sequence[Outcome]) -> Findings:
    """Returns what these outcomes show."""
    done = list(zip(trials, outcomes, strict=True))
    tables, counted = [], []
    for timers in CYCLES:
        chosen = [(t, o) for t, o in done if t.timers == timers and t.free is not None]
        if chosen:
            rows = [_counted(variant, timers, chosen) for variant in VARIANTS]
            counted += rows
            runs = len(chosen) // len(VARIANTS)
            title = f"Timers of a blocked process {timers}: sums of {runs} runs for each protocol."
            tables.append((title, _count_table(rows)))
            tables.append(("By number of blocked nodes: all (at healthy nodes).", _by_number(rows)))
            tables.append(("By blocked and free time: all (at healthy nodes).", _by_cycle(rows)))
    detected = [_detected(variant, done) for variant in VARIANTS]
    tables.append(("Detection of nodes that are blocked once.", _detection_table(detected)))
    values = {
        "counted": counted,
        "detected": detected,
        "trials": [{**attrs.asdict(trial), **attrs.asdict(outcome)} for trial, outcome in done],
    }
    return Findings(tuple(tables), values)


def _of(variant: str, done: Sequence[tuple[Trial, Outcome]]) -> Iterator[tuple[Trial, Outcome]]:
    return ((trial, outcome) for trial, outcome in done if trial.variant == variant)


def _counted(variant: str, timers: str, done: Sequence[tuple[Trial, Outcome]]) -> dict[str, Any]:
    """Returns sums over all trials of a variant, also by number of nodes and by times."""
    outcomes = [outcome for _, outcome in _of(variant, done)]
    return {
        "variant": variant,
        "timers": timers,
        "runs": len(outcomes),
        "false_positives": sum(outcome.false_positives for outcome in outcomes),
        "at_healthy": sum(outcome.at_healthy for outcome in outcomes),
        "suspicions": sum(outcome.suspicions for outcome in outcomes),
        "datagrams": mean([outcome.datagrams for outcome in outcomes]),
        "bytes": mean([outcome.bytes for outcome in outcomes]),
        "overflowed": sum(outcome.overflowed for outcome in outcomes),
        "by_number": {
            concurrent: _positives([o for t, o in _of(variant, done) if t.concurrent == concurrent])
            for concurrent in CONCURRENT
        },
        "by_cycle": {
            f"{blocked:g} s, {1000 * free:g} ms": _positives(
                [o for t, o in _of(variant, done) if (t.blocked, t.free) == (blocked, free)]
            )
            for blocked, free in CYCLES[timers]
        },
    }


def _positives(outcomes: Sequence[Outcome]) -> dict[str, int]:
    return {
        "runs": len(outcomes),
        "false_positives": sum(outcome.false_positives for outcome in outcomes),
        "at_healthy": sum(outcome.at_healthy for outcome in outcomes),
    }


def _detected(variant: str, done: Sequence[tuple[Trial, Outcome]]) -> dict[str, Any]:
    once = [(trial, outcome) for trial, outcome in _of(variant, done) if trial.free is None]
    first = [time for _, outcome in once for time in outcome.first]
    everywhere = [time for _, outcome in once for time in outcome.everywhere]
    found = [time for time in first if time is not None]
    known = [time for time in everywhere if time is not None]
    return {
        "variant": variant,
        "blocked": len(first),
        "first": attrs.asdict(Percentiles.of(found)),
        "everywhere": attrs.asdict(Percentiles.of(known)),
        "first_by_number": {
            concurrent: Percentiles.of(
                [
                    time
                    for trial, outcome in once
                    if trial.concurrent == concurrent
                    for time in outcome.first
                    if time is not None
                ]
            ).p50
            for concurrent in CONCURRENT
        },
    }


# Tables


def share(part: float, whole: float) -> str:
    """Returns a number in percent of another variant's; "-" if that is 0."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _change(part: float, whole: float) -> str:
    return f"{100 * (part / whole - 1):+.1f} %" if whole else "-"


def _count_table(rows: Sequence[dict[str, Any]]) -> list[str]:
    swim = rows[0]
    head = ["", "false positives", "of SWIM's", "at healthy nodes", "of SWIM's", "suspicions"]
    head += ["datagrams/s", "to SWIM", "bytes/s", "to SWIM", "full sockets"]
    return table(
        head,
        [
            [
                row["variant"],
                f"{row['false_positives']:,}",
                share(row["false_positives"], swim["false_positives"]),
                f"{row['at_healthy']:,}",
                share(row["at_healthy"], swim["at_healthy"]),
                f"{row['suspicions']:,}",
                f"{row['datagrams']:.2f}",
                _change(row["datagrams"], swim["datagrams"]),
                f"{row['bytes']:,.0f}",
                _change(row["bytes"], swim["bytes"]),
                f"{row['overflowed']:,}",
            ]
            for row in rows
        ],
    )


def _by_number(rows: Sequence[dict[str, Any]]) -> list[str]:
    head = ["", *[f"C = {concurrent}" for concurrent in CONCURRENT]]
    return table(head, [[row["variant"], *map(_both, row["by_number"].values())] for row in rows])


def _by_cycle(rows: Sequence[dict[str, Any]]) -> list[str]:
    head = ["", *rows[0]["by_cycle"]]
    return table(head, [[row["variant"], *map(_both, row["by_cycle"].values())] for row in rows])


def _both(some: dict[str, int]) -> str:
    return f"{some['false_positives']:,} ({some['at_healthy']:,})"


def _detection_table(rows: Sequence[dict[str, Any]]) -> list[str]:
    head = ["", "blocked", "found", "first p50", "p99", "max", "by all others", "p50", "p99", "max"]
    return table(
        head,
        [
            [
                row["variant"],
                f"{row['blocked']}",
                f"{row['first']['number']}",
                *[_seconds(row["first"][name]) for name in ("p50", "p99", "max")],
                f"{row['everywhere']['number']}",
                *[_seconds(row["everywhere"][name]) for name in ("p50", "p99", "max")],
            ]
            for row in rows
        ],
    )


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
