"""What a network that loses one datagram in twenty does to protocols that have UDP alone.

memberlist pings over TCP before it suspects; the published figures for SWIM without that are false
suspicions, each counted at the node that raised it, in 120 seconds with nobody at fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from gossipd.sim.report import FalseDeaths
from gossipd.sim.scenario.scenario import Scenario, make
from gossipd.sim.simulate import Simulation

from .trials import Findings, Progress, carry_out, mean, table
from .variants import ROWS

NODES = (50, 200)
COMPARED = ("SWIM", "Lifeguard", "gossipd")
LOSS_PERCENT = 5
DURATION = 120
SEEDS = 200
_OTHERS_SHARE = 10
"""Only gossipd runs with all seeds, the others with the first tenth of them."""

PUBLISHED = {50: 3.67, 200: 15.03}
"""False suspicions a run of SWIM without TCP ping, by number of nodes."""


@attrs.frozen
class Trial:
    """One run: a key of `ROWS`, and how many nodes."""

    row: str
    nodes: int
    seed: int

    def scenario(self) -> Scenario:
        """What `gossipd simulate` would run."""
        return make(
            {
                "nodes": self.nodes,
                "duration": DURATION,
                "seed": self.seed,
                "loss": LOSS_PERCENT,
                "set": dict(ROWS[self.row]),
            }
        )


def measure(trial: Trial) -> FalseDeaths:
    """Runs it. Nobody is at fault, so that every suspicion and every death is false."""
    return Simulation(trial.scenario()).run().report.false_deaths


def run(seeds: int | None, jobs: int, progress: Progress) -> Findings:
    """Carries it out."""
    all_seeds = seeds or SEEDS
    some_seeds = max(1, all_seeds // _OTHERS_SHARE)
    trials = [
        Trial(row, nodes, seed)
        for nodes in NODES
        for row in COMPARED
        for seed in range(1, (all_seeds if row == "gossipd" else some_seeds) + 1)
    ]
    return findings(trials, carry_out(measure, trials, jobs, progress))


def findings(trials: Sequence[Trial], outcomes: Sequence[FalseDeaths]) -> Findings:
    """What these outcomes say."""
    done = list(zip(trials, outcomes, strict=True))
    rows = [
        _row(row, nodes, [o for t, o in done if (t.row, t.nodes) == (row, nodes)])
        for nodes in NODES
        for row in COMPARED
    ]
    head = ["", "nodes", "runs", "false suspicions", "a run", "most", "published", "false deaths"]
    lines = table(
        head,
        [
            [
                row["row"],
                f"{row['nodes']}",
                f"{row['runs']}",
                f"{sum(row['suspicions']):,}",
                f"{mean(row['suspicions']):.2f}",
                f"{max(row['suspicions'], default=0)}",
                f"{PUBLISHED[row['nodes']]}" if row["row"] == "SWIM" else "",
                f"{row['deaths']}",
            ]
            for row in rows
        ],
    )
    title = f"{LOSS_PERCENT} % of all datagrams are lost, {DURATION} s a run."
    return Findings(((title, lines),), {"rows": rows})


def _row(row: str, nodes: int, outcomes: Sequence[FalseDeaths]) -> dict[str, Any]:
    return {
        "row": row,
        "nodes": nodes,
        "runs": len(outcomes),
        "suspicions": [outcome.suspicions for outcome in outcomes],
        "deaths": sum(outcome.all for outcome in outcomes),
    }
