"""Increments and reads over HTTP by 1, 32 and 256 clients, beside a bare loop and Redis."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import attrs

from lab.experiments import Findings, table
from lab.processes import Cluster, cluster

from .benchmark import Options
from .child_processes import bare
from .figures import ratios, shown
from .load_generators import LoadResult, redis_benchmark, wrk
from .rivals import installed, redis

CONNECTIONS = (1, 32, 256)
SECONDS = 2.0
REPETITIONS = 5

_LOCAL, _ALL = "/increment?ack=local", "/increment?ack=all"


@attrs.frozen
class Case:
    """What a load generator asks of one server.

    Attributes:
        server: `bare`, `sockets`, `redis`, or the name of one of the clusters.
        asked: method and path, or INCR.
        versus: the servers that it is compared with, at the same number of connections.
    """

    server: str
    asked: str
    versus: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the case in lines of progress."""
        return f"{self.server}, {self.asked}"


CASES = (
    Case("sockets", "GET /count"),
    Case("one ephemeral", "GET /count", ("bare", "sockets")),
    Case("bare", "GET /count"),
    Case("three ephemeral", "GET /count", ("bare", "sockets")),
    Case("one ephemeral", f"POST {_LOCAL}", ("bare",)),
    Case("bare", f"POST {_LOCAL}"),
    Case("three ephemeral", f"POST {_LOCAL}", ("bare",)),
    Case("three ephemeral", f"POST {_ALL}", ("bare",)),
    Case("one durable", f"POST {_LOCAL}", ("redis", "one ephemeral")),
    Case("redis", "INCR"),
    Case("three durable", f"POST {_LOCAL}", ("redis", "three ephemeral")),
    Case("three durable", f"POST {_ALL}", ("redis", "three ephemeral")),
)
"""Servers that are compared stand beside each other: a machine's speed changes by the minute.

The bare loop on sockets answers every request alike, so it is asked one thing only.
"""

_CLUSTERS = {
    "one ephemeral": (1, False),
    "one durable": (1, True),
    "three ephemeral": (3, False),
    "three durable": (3, True),
}
_COUNTED = (
    "gossipd_sent_datagrams_total",
    "gossipd_store_commits_total",
)


def run(options: Options) -> Findings:
    """Measures every case in turn, as often as there are repetitions."""
    if not installed("wrk", options):
        return Findings((), {"rows": []})
    connections = (32,) if options.short else CONNECTIONS
    seconds = 1.0 if options.short else SECONDS
    measured: dict[tuple[Case, int], list[dict[str, float]]] = {}
    with _servers(options) as servers:
        cases = [case for case in CASES if case.server in servers]
        for repetition in range(options.times(REPETITIONS)):
            # Back and forth, so that no server is always the first one to be asked.
            cases.reverse()
            for number in connections:
                for case in cases:
                    options.tell(f"http {repetition + 1}: {case.name}, {number} connections")
                    one = _measure(case, servers[case.server], number, seconds)
                    measured.setdefault((case, number), []).append(one)
    return findings(measured)


_Server = Cluster | tuple[str, int]


@contextmanager
def _servers(options: Options) -> Iterator[dict[str, _Server]]:
    """Runs all servers at the same time; those that are not asked are idle."""
    servers: dict[str, _Server] = {}
    with ExitStack() as stack:
        servers["bare"] = stack.enter_context(bare("http", options.folder))
        servers["sockets"] = stack.enter_context(bare("sockets", options.folder))
        if installed("redis", options):
            servers["redis"] = stack.enter_context(redis(options.folder))
        for name, (number, kept) in _CLUSTERS.items():
            folder = options.folder / name.replace(" ", "-")
            folder.mkdir()
            nodes = stack.enter_context(cluster(number, folder, kept=kept))
            for node in nodes.nodes:
                node.ask("GET", "/metrics")  # the first request imports a library
            servers[name] = nodes
        yield servers


def _measure(case: Case, server: _Server, connections: int, seconds: float) -> dict[str, float]:
    if not isinstance(server, Cluster):
        host, port = server
        if case.server == "redis":
            return _plain(redis_benchmark(host, port, connections, seconds))
        method, path = case.asked.split()
        return _plain(wrk(f"http://{host}:{port}{path}", method, connections, seconds))
    time.sleep(0.1)
    method, path = case.asked.split()
    before = _counts(server)
    load = wrk(f"http://{server[0].id}{path}", method, connections, seconds)
    counted = {name: count - before[name] for name, count in _counts(server).items()}
    return {**_plain(load), **per_request(counted, load.requests)}


def _plain(load: LoadResult) -> dict[str, float]:
    return attrs.asdict(load)


def _counts(nodes: Cluster) -> dict[str, float]:
    """Returns the datagrams that all nodes sent, and the commits of the first node."""
    counts = {name: nodes[0].metric(name) for name in _COUNTED}
    counts[_COUNTED[0]] = sum(node.metric(_COUNTED[0]) for node in nodes.nodes)
    return counts


def per_request(counted: Mapping[str, float], requests: int) -> dict[str, float]:
    """Returns datagrams of all nodes for each answer, and answers of the first for each sync."""
    datagrams, commits = (counted[name] for name in _COUNTED)
    return {
        "datagrams": datagrams / max(requests, 1),
        "writes_per_sync": requests / commits if commits else 0.0,
    }


def findings(measured: Mapping[tuple[Case, int], Sequence[Mapping[str, float]]]) -> Findings:
    """Returns the rates and latencies of these repetitions as tables."""
    rates = {
        (case.server, case.asked, number): [one["rate"] for one in some]
        for (case, number), some in measured.items()
    }
    order = {case: place for place, case in enumerate(CASES)}
    found = sorted(measured.items(), key=lambda one: (one[0][1], order.get(one[0][0], len(order))))
    rows = [_row(case, number, some, rates) for (case, number), some in found]
    return Findings(tuple(tables(rows)), {"rows": rows})


def tables(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """Yields one table for each number of connections."""
    head = ["server", "asked", "answers a second", "to the bare loop", "to the loop on sockets"]
    head += [
        "to Redis",
        "to ephemeral",
        "p50",
        "p99",
        "datagrams an answer",
        "writes a sync",
        "errors",
    ]
    for number in sorted({row["connections"] for row in rows}):
        connections = f"{number} connections" if number > 1 else "One connection"
        title = f"{connections} to the first node; wrk and all nodes share the machine."
        cells = [_cells(row) for row in rows if row["connections"] == number]
        yield title, table(head, cells)


def _row(
    case: Case,
    number: int,
    some: Sequence[Mapping[str, float]],
    rates: Mapping[tuple[str, str, int], Sequence[float]],
) -> dict[str, Any]:
    row: dict[str, Any] = {"server": case.server, "asked": case.asked, "connections": number}
    for name in ("rate", "p50", "p99", "errors", "datagrams", "writes_per_sync"):
        row[name] = [one[name] for one in some if name in one]
    row["to"] = {}
    for versus in case.versus:
        asked = {"redis": "INCR", "sockets": "GET /count"}.get(versus, case.asked)
        asked = f"POST {_LOCAL}" if versus == "bare" and asked.startswith("POST") else asked
        if other := rates.get((versus, asked, number)):
            row["to"][versus] = ratios(row["rate"], other)
    return row


def _cells(row: Mapping[str, Any]) -> list[str]:
    with_writes = [value for value in row["writes_per_sync"] if value]
    increments = row["asked"].startswith("POST") and row["server"].startswith("three")
    return [
        row["server"],
        row["asked"],
        shown(row["rate"]),
        *[shown(row["to"].get(name, []), "{:.2f}") for name in ("bare", "sockets", "redis")],
        shown(row["to"].get(row["server"].replace("durable", "ephemeral"), []), "{:.2f}"),
        shown(row["p50"], "{:.2f}", " ms"),
        shown(row["p99"], "{:.2f}", " ms"),
        shown(row["datagrams"] if increments else [], "{:.2f}"),
        shown(with_writes, "{:.1f}"),
        f"{sum(row['errors']):.0f}",
    ]
