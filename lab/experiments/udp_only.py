"""False suspicions on a network that loses one datagram in twenty, for protocols with UDP alone.

memberlist pings over TCP as well before it suspects a member. The published figures for SWIM
without that are false suspicions, each counted at the node that raised it, in 120 seconds in which
no node has a fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from gossipd.sim import FalseDeaths, Simulation
from gossipd.sim.scenario import Scenario, make_scenario

from .trials import Findings, Progress, carry_out, mean, table
from .variants import VARIANTS

NODES = (50, 200)
COMPARED = ("SWIM", "Lifeguard", "gossipd")
LOSS_PERCENT = 5
DURATION = 120
SEEDS = 200
_OTHERS_SHARE = 10
"""gossipd runs with all seeds, the others with the first tenth of them."""

PUBLISHED = {50: 3.67, 200: 15.03}
"""False suspicions in a run of SWIM without TCP pings, by number of nodes."""


@attrs.frozen
class Trial:
    """One run of a variant, which is a key of `VARIANTS`, with so many nodes."""

    variant: str
    nodes: int
    seed: int

    def scenario(self) -> Scenario:
        """Returns the scenario of the trial."""
        return make_scenario(
            {
                "nodes": self.nodes,
                "duration": DURATION,
                "seed": self.seed,
                "loss": LOSS_PERCENT,
                "set": dict(VARIANTS[self.variant]),
            }
        )


def measure(trial: Trial) -> FalseDeaths:
    """Runs a trial in which no node has a fault: every suspicion and every death is false."""
    return Simulation(trial.scenario()).run().report.false_deaths


def run(seeds: int | None, jobs: int, progress: Progress) -> Findings:
    """Carries out the experiment and returns its findings."""
    all_seeds = seeds or SEEDS
    some_seeds = max(1, all_seeds // _OTHERS_SHARE)
    trials = [
        Trial(variant, nodes, seed)
        for nodes in NODES
        for variant in COMPARED
        for seed in range(1, (all_seeds if variant == "gossipd" else some_seeds) + 1)
    ]
    return findings(trials, carry_out(measure, trials, jobs, progress))


def findings(trials: Sequence[Trial], outcomes: Sequence[FalseDeaths]) -> Findings:
    """Returns what these outcomes show."""
    done = list(zip(trials, outcomes, strict=True))
    rows = [
        _row(variant, nodes, [o for t, o in done if (t.variant, t.nodes) == (variant, nodes)])
        for nodes in NODES
        for variant in COMPARED
    ]
    head = ["", "nodes", "runs", "false suspicions", "a run", "most", "published", "false deaths"]
    lines = table(
        head,
        [
            [
                row["variant"],
                f"{row['nodes']}",
                f"{row['runs']}",
                f"{sum(row['suspicions']):,}",
                f"{mean(row['suspicions']):.2f}",
                f"{max(row['suspicions'], default=0)}",
                f"{PUBLISHED[row['nodes']]}" if row["variant"] == "SWIM" else "",
                f"{row['deaths']}",
            ]
            for row in rows
        ],
    )
    title = f"{LOSS_PERCENT} % of all datagrams are lost, {DURATION} s a run."
    return Findings(((title, lines),), {"rows": rows})


def _row(variant: str, nodes: int, outcomes: Sequence[FalseDeaths]) -> dict[str, Any]:
    return {
        "variant": variant,
        "nodes": nodes,
        "runs": len(outcomes),
        "suspicions": [outcome.suspicions for outcome in outcomes],
        "deaths": sum(outcome.all for outcome in outcomes),
    }
