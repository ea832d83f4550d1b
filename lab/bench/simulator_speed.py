"""How many seconds of virtual time the simulator passes in one second."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from gossipd.sim import Simulation
from gossipd.sim.scenario import make_scenario
from lab.experiments import Findings, table

from .benchmark import Options
from .figures import shown

SECONDS = {10: 600, 100: 60, 1000: 10}
"""Virtual seconds of a run, by the number of nodes."""

REPETITIONS = 3


def run(options: Options) -> Findings:
    """Simulates a cluster of each size in turn."""
    rates: dict[int, list[float]] = {}
    for repetition in range(options.times(REPETITIONS)):
        for nodes, seconds in list(SECONDS.items())[: 1 if options.short else None]:
            options.tell(f"sim {repetition + 1}: {nodes} nodes")
            rates.setdefault(nodes, []).append(_rate(nodes, seconds, repetition + 1))
    return findings(rates)


def _rate(nodes: int, seconds: int, seed: int) -> float:
    scenario = make_scenario(
        {"nodes": nodes, "duration": seconds, "seed": seed, "loss": 1, "writes": "2/s"}
    )
    start = time.perf_counter()
    Simulation(scenario).run()
    return seconds / (time.perf_counter() - start)


def findings(rates: Mapping[int, Sequence[float]]) -> Findings:
    """Returns the speeds of these repetitions as a table."""
    rows = [{"nodes": nodes, "rate": list(some)} for nodes, some in rates.items()]
    head = ["nodes", "virtual seconds a second", "node-seconds a second"]
    cells = [
        [
            f"{nodes:,}",
            shown(some, "{:,.1f}"),
            shown([nodes * rate for rate in some]),
        ]
        for nodes, some in rates.items()
    ]
    title = "Simulated clusters with 1 % loss and two increments a second, on one core."
    return Findings(((title, table(head, cells)),), {"rows": rows})
