"""Made-up results of every benchmark: small, but with all that the page shows."""

from __future__ import annotations

from lab.bench import (
    cpu_profile,
    detection,
    http_requests,
    idle_cost,
    many_counters,
    pauses,
    redis_clients,
    sealing,
    simulator_speed,
    startup,
    udp_pings,
    write_spread,
)
from lab.bench.load_generators import LoadResult
from lab.experiments import Findings

SYSTEMS = ("gossipd", "serf", "kinship")


_COUNTERS = {"counters": 9, "started": 1.5, "joined": 2.5, "p99_before": 1, "p99_meanwhile": 2} | {
    "bytes_of_one": 240,
    "bytes_of_three": 250,
    "bytes_anew": 245,
}


def findings() -> dict[str, Findings]:
    """Returns results by the benchmark's name."""
    return {
        "http": http_requests.findings(
            {
                (case, number): [_load(case), _load(case)]
                for number in (1, 32)
                for case in http_requests.CASES
            }
        ),
        "counters": many_counters.findings(
            {
                (number, names): [LoadResult(100, 50.0 * number, 1.0, 2.0, 0)]
                for number in (1, 3)
                for names in ("one name", "random names")
            },
            _COUNTERS,
        ),
        "redis": _redis(),
        "spread": write_spread.findings(
            {
                (system, nodes): [write_spread.Spread(0.001 * nodes, 0.0005)] * 4
                for nodes in write_spread.NODES
                for system in ("gossipd", "serf")
            }
        ),
        "detect": detection.findings(
            {
                (detection.Case(nodes, 0.0, "kill -9", loaded), system): [
                    detection.Found(system, [3.0, 4.0, 8.0], 0, 0)
                ]
                for nodes in detection.NODES
                for loaded in (False, True)
                for system in SYSTEMS
            }
        ),
        "pauses": pauses.findings([pauses.Outcome(s, 1, 2, 3) for s in SYSTEMS], 32, 8, 16.0, 6),
        "idle": idle_cost.findings(
            {
                (n, s): [idle_cost.Cost(300.0, 2.0, 0.2, 38.0)]
                for n in idle_cost.NODES
                for s in SYSTEMS
            }
        ),
        "udp": udp_pings.findings({"bare": [90_000.0, 80_000.0], "gossipd": [45_000.0, 60_000.0]}),
        "sealing": _sealing(),
        "sim": simulator_speed.findings({10: [900.0], 100: [30.0]}),
        "profile": cpu_profile.findings(
            {
                "pings": cpu_profile.Profile(
                    10, {"trio": 4, "HTTP": 6}, {"trio: run": 4, "HTTP: f": 6}
                )
            }
        ),
        "start": startup.findings(
            {"gossipd run, new data directory": [190.0, 210.0], "gossipd health": [50.0]}
        ),
    }


def _sealing() -> Findings:
    return sealing.findings(
        {
            what: {"open": [sealing.Rate(100, 200)], "sealed": [sealing.Rate(60, 150)]}
            for what in (sealing.PINGS, sealing.INCREMENTS, sealing.TLS)
        },
        {
            sealing.FLOOD: {"open": [100.0], "sealed": [80.0]},
            sealing.IDLE: {"open": [230.0], "sealed": [300.0]},
            sealing.START: {"open": [200.0, 210.0], "sealed": [230.0, 260.0]},
        },
    )


def _redis() -> Findings:
    return redis_clients.findings(
        {
            (program, kind, pipelined): [{"rate": rate * pipelined, "p50": 1.0, "p99": 2.0}] * 2
            for program, rate in (("gossipd", 80.0), ("Redis", 100.0))
            for kind in redis_clients.KINDS
            for pipelined in redis_clients.PIPELINED
        }
    )


def _load(case: http_requests.Case) -> dict[str, float]:
    load = {"rate": 10_000.0, "p50": 1.0, "p99": 5.0, "errors": 0.0}
    if case.server not in ("bare", "sockets", "redis"):
        load |= {"datagrams": 0.375, "writes_per_sync": 16.0}
    return load
