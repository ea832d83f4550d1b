"""How many live nodes are declared dead while a quarter of all is stopped again and again.

The nodes of the same numbers are stopped and continued at the same time in all clusters.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from lab.experiments import Findings, table

from .benchmark import Options
from .compared_clusters import ComparedCluster, Verdict, all_clusters, send

NODES = 32
PAUSE = 16.0
BREATH = 0.01
CYCLES = 6
_AFTER = 10.0


@attrs.frozen
class Outcome:
    """How often the nodes of one cluster declared another one dead.

    Attributes:
        system: the program's name.
        by_paused: by nodes that were paused, about nodes that always ran.
        by_running: by nodes that always ran, about nodes that always ran.
        of_paused: by any node, about nodes that were paused.
    """

    system: str
    by_paused: int
    by_running: int
    of_paused: int


def run(options: Options) -> Findings:
    """Stops and continues nodes, then waits for the verdicts that are still to come."""
    nodes, length, cycles = (4, 1.0, 1) if options.short else (NODES, PAUSE, CYCLES)
    paused = list(range(0, nodes, 4))
    outcomes: list[Outcome] = []
    for _ in range(options.times(1)):
        with all_clusters(nodes, options) as clusters:
            since = time.time()
            for cycle in range(cycles):
                options.tell(f"pauses: {cycle + 1} of {cycles}")
                _signal(clusters, paused, signal.SIGSTOP)
                time.sleep(length)
                _signal(clusters, paused, signal.SIGCONT)
                time.sleep(BREATH)
            time.sleep(0.5 if options.short else _AFTER)
            outcomes += [outcome(one.name, one.verdicts(since), set(paused)) for one in clusters]
    return findings(outcomes, nodes, len(paused), length, cycles)


def _signal(
    clusters: Sequence[ComparedCluster], indexes: Sequence[int], number: signal.Signals
) -> None:
    for cluster in clusters:
        send(cluster, indexes, number)


def outcome(name: str, verdicts: Sequence[Verdict], paused: set[int]) -> Outcome:
    """Counts the verdicts by whether either node was paused."""
    wrong = [verdict for verdict in verdicts if verdict.member not in paused]
    return Outcome(
        name,
        by_paused=sum(verdict.by in paused for verdict in wrong),
        by_running=sum(verdict.by not in paused for verdict in wrong),
        of_paused=len(verdicts) - len(wrong),
    )


def findings(
    outcomes: Sequence[Outcome], nodes: int, paused: int, length: float, cycles: int
) -> Findings:
    """Returns these outcomes as a table."""
    rows = [_row(outcome, nodes, paused, length, cycles) for outcome in outcomes]
    head = ["system", "live nodes declared dead by paused ones", "by nodes that always ran"]
    head += ["paused nodes declared dead"]
    title = (
        f"{paused} of {nodes} nodes stand still for {length:g} s, run for {BREATH:g} s, and so on,"
        f" {cycles} times."
    )
    return Findings(((title, table(head, [_cells(row) for row in rows])),), {"rows": rows})


def _row(outcome: Outcome, nodes: int, paused: int, length: float, cycles: int) -> dict[str, Any]:
    around = {"nodes": nodes, "paused": paused, "length": length, "cycles": cycles}
    return {**attrs.asdict(outcome), **around}


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [row["system"], *[str(row[key]) for key in ("by_paused", "by_running", "of_paused")]]
