"""How fast an increment reaches every node, and how many messages that takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from gossipd.sim import Percentiles, Simulation
from gossipd.sim.scenario import Scenario, make_scenario

from .trials import Findings, Progress, carry_out, table

NODES = (10, 100, 1000)
LOSS_PERCENT = (0, 30)
LATENCY = {"fixed:1ms": 0.001, "uniform:0.5ms..1.5ms": 0.001}
"""How long a datagram is under way, and the mean of that in seconds."""

SEEDS = 1

# serf's model of gossip: seconds until 99.99 % of so many nodes have a value.
SERF = {100: 1.84, 1000: 2.15, 10_000: 2.46}

# Kinds of messages that bring increments to others and confirm them, and that compare tables.
_PUSHES = ("push", "confirm", "spread", "spread_done")
_RECONCILING = ("sums", "rows", "haves", "delta", "content")


@attrs.frozen
class Case:
    """A cluster and its network; `duration` and `writes` decide how many increments are made."""

    nodes: int
    loss: int
    latency: str
    duration: int
    writes: str


_FIXED, _UNIFORM = LATENCY

CASES = (
    Case(10, 0, _FIXED, 255, "4/s"),
    Case(100, 0, _FIXED, 255, "4/s"),
    Case(1000, 0, _FIXED, 70, "4/s"),
    Case(10, 0, _UNIFORM, 255, "4/s"),
    Case(100, 0, _UNIFORM, 255, "4/s"),
    Case(1000, 0, _UNIFORM, 70, "4/s"),
    Case(10, 30, _FIXED, 255, "4/s"),
    Case(100, 30, _FIXED, 255, "4/s"),
    Case(1000, 30, _FIXED, 30, "8/s"),
)
"""What is tried. With 1,000 nodes and 30 % loss, 0.1 s takes a second to compute."""


@attrs.frozen
class Trial:
    """One run."""

    case: Case
    seed: int

    def scenario(self) -> Scenario:
        """Returns the scenario of the trial."""
        case = self.case
        return make_scenario(
            {
                "nodes": case.nodes,
                "duration": case.duration,
                "seed": self.seed,
                "loss": case.loss,
                "latency": case.latency,
                "writes": case.writes,
            }
        )


@attrs.frozen
class Outcome:
    """What came of a trial.

    Attributes:
        writes: increments that their nodes took.
        seconds: from each of them to its arrival at the last node.
        spreading: those that were not everywhere at the end.
        pushes: datagrams that bring increments to others and confirm them.
        reconciling: datagrams that compare and complete tables, those of members included.
        push_bytes: UDP payload of the pushes.
        false_deaths: verdicts on nodes, none of which had a fault.
    """

    writes: int
    seconds: list[float]
    spreading: int
    pushes: int
    reconciling: int
    push_bytes: int
    false_deaths: int


def measure(trial: Trial) -> Outcome:
    """Runs a trial and returns its outcome."""
    simulation = Simulation(trial.scenario())
    run = simulation.run()
    counted = run.report.counted
    kinds = [host.running().statistics().sent for host in simulation.world.hosts.values()]

    def sent(names: Sequence[str], of: str) -> int:
        return sum(getattr(sent[name], of) for sent in kinds for name in names if name in sent)

    return Outcome(
        writes=counted.asked - counted.refused,
        seconds=list(simulation.load.arrivals),
        spreading=counted.spreading,
        pushes=sent(_PUSHES, "datagrams"),
        reconciling=sent(_RECONCILING, "datagrams"),
        push_bytes=sent(_PUSHES, "bytes"),
        false_deaths=run.report.false_deaths.all,
    )


def run(seeds: int | None, jobs: int, progress: Progress) -> Findings:
    """Carries out the experiment and returns its findings."""
    trials = [Trial(case, seed) for case in CASES for seed in range(1, (seeds or SEEDS) + 1)]
    return findings(trials, carry_out(measure, trials, jobs, progress))


def findings(trials: Sequence[Trial], outcomes: Sequence[Outcome]) -> Findings:
    """Returns what these outcomes show."""
    by_case: dict[Case, list[Outcome]] = {}
    for trial, outcome in zip(trials, outcomes, strict=True):
        by_case.setdefault(trial.case, []).append(outcome)
    rows = [_row(case, some) for case, some in by_case.items()]
    head = ["one way", "loss", "nodes", "increments", "p50", "p99", "max", "p99 in delays"]
    head += [
        "not everywhere",
        "pushes a write",
        "bytes a write",
        "reconciling",
        "false deaths",
        "serf's model",
    ]
    return Findings(
        (("From an increment to the last node.", table(head, _cells(rows))),), {"rows": rows}
    )


def _row(case: Case, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    seconds = sorted(time for outcome in outcomes for time in outcome.seconds)
    writes = sum(outcome.writes for outcome in outcomes) or 1
    percentiles = Percentiles.of(seconds)
    return {
        **attrs.asdict(case),
        **attrs.asdict(percentiles),
        "p99_delays": None if percentiles.p99 is None else percentiles.p99 / LATENCY[case.latency],
        "increments": writes,
        "spreading": sum(outcome.spreading for outcome in outcomes),
        "pushes_per_write": sum(outcome.pushes for outcome in outcomes) / writes,
        "bytes_per_write": sum(outcome.push_bytes for outcome in outcomes) / writes,
        "reconciling_per_write": sum(outcome.reconciling for outcome in outcomes) / writes,
        "false_deaths": sum(outcome.false_deaths for outcome in outcomes),
        "seconds": seconds,
    }


def _cells(rows: Sequence[dict[str, Any]]) -> list[list[str]]:
    return [
        [
            row["latency"],
            f"{row['loss']} %",
            f"{row['nodes']:,}",
            f"{row['increments']:,}",
            *[_milliseconds(row[name]) for name in ("p50", "p99", "max")],
            "-" if row["p99_delays"] is None else f"{row['p99_delays']:.2f}",
            f"{row['spreading']}",
            f"{row['pushes_per_write']:,.1f}",
            f"{row['bytes_per_write']:,.0f}",
            f"{row['reconciling_per_write']:,.1f}",
            f"{row['false_deaths']:,}",
            f"{SERF[row['nodes']]} s" if row["nodes"] in SERF else "",
        ]
        for row in rows
    ]


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1000 * seconds:,.2f} ms"
