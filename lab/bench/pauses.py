"""A quarter of the nodes stands still again and again: how many live nodes are declared dead.

All systems' nodes of the same numbers are stopped and continued at the same time.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from lab.experiments.trials import Findings, table

from .measure import Options
from .processes import pause
from .systems import System, Verdict, all_systems, send

NODES = 32
PAUSE = 16.0
BREATH = 0.01
CYCLES = 6
_AFTER = 10.0


@attrs.frozen
class Outcome:
    """What the nodes of one system said.

    Attributes:
        by_paused: verdicts of paused nodes on nodes that always ran.
        by_running: the same, of nodes that always ran.
        of_paused: verdicts on paused nodes.
    """

    system: str
    by_paused: int
    by_running: int
    of_paused: int


def run(options: Options) -> Findings:
    """Stops and continues, then waits for what the nodes still have to say."""
    nodes, length, cycles = (4, 1.0, 1) if options.short else (NODES, PAUSE, CYCLES)
    paused = list(range(0, nodes, 4))
    outcomes: list[Outcome] = []
    for _ in range(options.times(1)):
        with all_systems(nodes, options) as systems:
            since = time.time()
            for cycle in range(cycles):
                options.tell(f"pauses: {cycle + 1} of {cycles}")
                _signal(systems, paused, signal.SIGSTOP)
                pause(length)
                _signal(systems, paused, signal.SIGCONT)
                pause(BREATH)
            pause(0.5 if options.short else _AFTER)
            outcomes += [outcome(s.name, s.verdicts(since), set(paused)) for s in systems]
    return findings(outcomes, nodes, len(paused), length, cycles)


def _signal(systems: Sequence[System], indexes: Sequence[int], number: signal.Signals) -> None:
    for system in systems:
        send(system, indexes, number)


def outcome(name: str, verdicts: Sequence[Verdict], paused: set[int]) -> Outcome:
    """Counts verdicts by who was paused."""
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
    """What these outcomes say."""
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
