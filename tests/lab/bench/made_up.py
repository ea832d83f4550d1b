"""Outcomes of every benchmark, made up: small, but with all that a page shows."""

from __future__ import annotations

from lab.bench import detect, http, idle, pauses, profile, sim, spread, start, udp
from lab.experiments.trials import Findings

SYSTEMS = ("gossipd", "serf", "kinship")


def findings() -> dict[str, Findings]:
    """By the benchmark's name."""
    return {
        "http": http.findings(
            {
                (case, number): [_load(case), _load(case)]
                for number in (1, 32)
                for case in http.CASES
            }
        ),
        "spread": spread.findings(
            {
                (system, nodes): [spread.Spread(0.001 * nodes, 0.0005)] * 4
                for nodes in spread.NODES
                for system in ("gossipd", "serf")
            }
        ),
        "detect": detect.findings(
            {
                (detect.Case(nodes, 0.0, "kill -9", loaded), system): [
                    detect.Found(system, [3.0, 4.0, 8.0], 0, 0)
                ]
                for nodes in detect.NODES
                for loaded in (False, True)
                for system in SYSTEMS
            }
        ),
        "pauses": pauses.findings([pauses.Outcome(s, 1, 2, 3) for s in SYSTEMS], 32, 8, 16.0, 6),
        "idle": idle.findings(
            {(n, s): [idle.Cost(300.0, 2.0, 0.2, 38.0)] for n in idle.NODES for s in SYSTEMS}
        ),
        "udp": udp.findings({"bare": [90_000.0, 80_000.0], "gossipd": [45_000.0, 60_000.0]}),
        "sim": sim.findings({10: [900.0], 100: [30.0]}),
        "profile": profile.findings(
            {"pings": profile.Profile(10, {"trio": 4, "HTTP": 6}, {"trio: run": 4, "HTTP: f": 6})}
        ),
        "start": start.findings(
            {"gossipd run, new data directory": [190.0, 210.0], "gossipd health": [50.0]}
        ),
    }


def _load(case: http.Case) -> dict[str, float]:
    load = {"rate": 10_000.0, "p50": 1.0, "p99": 5.0, "errors": 0.0}
    if case.server not in ("bare", "sockets", "redis"):
        load |= {"datagrams": 0.375, "writes_per_sync": 16.0}
    return load
