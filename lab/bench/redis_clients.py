"""`INCR` by 32 Redis clients of one node, beside Redis itself: plain, and 16 requests at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import attrs

from lab.experiments import Findings, table
from lab.processes import cluster, free_addresses

from .benchmark import Options
from .figures import ratios, shown
from .load_generators import redis_benchmark
from .rivals import installed, redis

CONNECTIONS = 32
PIPELINED = (1, 16)
SECONDS = 3.0
REPETITIONS = 5

KINDS = ("durable", "ephemeral")
"""Synced to disk before each answer, or kept in memory only."""

Measured = Mapping[tuple[str, str, int], Sequence[Mapping[str, float]]]
"""Repetitions by program, kind, and number of pipelined requests."""


def run(options: Options) -> Findings:
    """Measures every server in turn, as often as there are repetitions."""
    if not installed("redis", options):
        return Findings((), {"rows": []})
    seconds = 0.5 if options.short else SECONDS
    measured: dict[tuple[str, str, int], list[dict[str, float]]] = {}
    with _servers(options) as servers:
        order = [(*server, pipelined) for pipelined in PIPELINED for server in servers]
        for repetition in range(options.times(REPETITIONS)):
            # Back and forth, so that no server is always the first one to be asked.
            order.reverse()
            for program, kind, pipelined in order:
                options.tell(f"redis {repetition + 1}: {program}, {kind}, {pipelined} at a time")
                host, port = servers[program, kind]
                load = redis_benchmark(host, port, CONNECTIONS, seconds, pipelined)
                measured.setdefault((program, kind, pipelined), []).append(attrs.asdict(load))
    return findings(measured)


@contextmanager
def _servers(options: Options) -> Iterator[dict[tuple[str, str], tuple[str, int]]]:
    """Runs all servers at the same time; those that are not asked are idle."""
    servers: dict[tuple[str, str], tuple[str, int]] = {}
    with ExitStack() as stack:
        for kind in KINDS:
            durable = kind == "durable"
            ((host, port),) = free_addresses(1)
            folder = options.folder / kind
            folder.mkdir()
            flags = ("--redis", f"{host}:{port}")
            stack.enter_context(cluster(1, folder, *flags, kept=durable))
            servers["gossipd", kind] = host, port
            servers["Redis", kind] = stack.enter_context(redis(options.folder, durable=durable))
        yield servers


def findings(measured: Measured) -> Findings:
    """Returns the rates and latencies of these repetitions as a table."""
    rows: list[dict[str, Any]] = []
    for (program, kind, pipelined), some in sorted(measured.items(), key=_place):
        rates = [one["rate"] for one in some]
        other = [one["rate"] for one in measured.get(("Redis", kind, pipelined), ())]
        rows.append(
            {
                "what": f"{program}, {kind}, {pipelined} at a time",
                "rate": rates,
                "p50": [one["p50"] for one in some],
                "p99": [one["p99"] for one in some],
                "to": ratios(rates, other) if program == "gossipd" and other else [],
            }
        )
    head = ["server, and requests of each connection", "answers a second", "to Redis", "p50", "p99"]
    cells = [
        [
            row["what"],
            shown(row["rate"]),
            shown(row["to"], "{:.2f}"),
            shown(row["p50"], "{:.2f}", " ms"),
            shown(row["p99"], "{:.2f}", " ms"),
        ]
        for row in rows
    ]
    title = f"INCR on {CONNECTIONS} connections; redis-benchmark and all servers share the machine."
    return Findings(((title, table(head, cells)),), {"rows": rows})


def _place(item: tuple[tuple[str, str, int], object]) -> tuple[int, int, str]:
    (program, kind, pipelined), _ = item
    return pipelined, KINDS.index(kind), program.lower()
