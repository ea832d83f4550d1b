"""The figures that gossipd is to reach, and whether it does: first table of docs/performance.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

import attrs

from lab.experiments import table

from . import sealing
from .detection import KILLED, LOADED_NODES, Case

# The original is a system in Go whose API gossipd keeps. Measured with three nodes on loopback of a
# machine of this kind: increments a second on 32 connections and on one, and the 99th percentile
# of the former's latency in milliseconds.
ORIGINAL_RATE = 3370
ORIGINAL_RATE_ALONE = 1640
ORIGINAL_P99 = 20.0

Results = Mapping[str, Mapping[str, Any]]
"""The values that each benchmark returned, by its name."""

Find = Callable[[Results], float | None]


@attrs.frozen
class Target:
    """One figure that is to be reached.

    Attributes:
        what: what is measured.
        find: takes the figure from the results, or returns None if they do not have it.
        must, goal: the bound that must be reached, and a further one to aim at, if any.
        most: whether these are upper bounds.
        form: the format of the numbers.
    """

    what: str
    find: Find
    must: float
    goal: float | None = None
    most: bool = False
    form: str = "{:.2f}"

    def verdict(self, value: float | None) -> str:
        """Returns which bound the value reaches: `goal`, `must` or `no`."""
        if value is None:
            return "not measured"

        def reached(bound: float) -> bool:
            return value <= bound if self.most else value >= bound

        if self.goal is not None and reached(self.goal):
            return "goal"
        return "must" if reached(self.must) else "no"


def _row(results: Results, name: str, **wanted: object) -> Mapping[str, Any] | None:
    rows = results.get(name, {}).get("rows", [])
    return next((row for row in rows if wanted.items() <= row.items()), None)


def _http(server: str, asked: str, *path: str, connections: int = 32, by: float = 1.0) -> Find:
    """Returns a function that finds the median at `path` in one row of `http`, divided by `by`."""

    def find(results: Results) -> float | None:
        value: Any = _row(results, "http", server=server, asked=asked, connections=connections)
        for key in path:
            value = (value or {}).get(key)
        return float(median(value)) / by if value else None

    return find


def _of(name: str, key: str, by: float = 1.0, **wanted: object) -> Find:
    """Returns a function that finds `key` (a number, or a median) in one row, times `by`."""

    def find(results: Results) -> float | None:
        value = (_row(results, name, **wanted) or {}).get(key)
        if value is None or value == []:
            return None
        return by * float(median(value) if isinstance(value, list) else value)

    return find


def _loaded_to_unloaded(results: Results) -> float | None:
    def seconds(loaded: bool) -> float | None:
        case = Case(LOADED_NODES, 0.0, KILLED, loaded)
        return _of("detect", "p50", 1.0, system="gossipd", **attrs.asdict(case))(results)

    with_load, without = seconds(True), seconds(False)
    return with_load / without if with_load and without else None


def _idle(key: str) -> Find:
    return _of("idle", key, system="gossipd", nodes=50)


_ALL = "POST /increment?ack=all"
_LOCAL = "POST /increment?ack=local"

TARGETS = (
    Target(
        "`GET /count`, one node, 32 connections, to the bare loop",
        _http("one ephemeral", "GET /count", "to", "bare"),
        0.80,
        0.90,
    ),
    Target(
        "`POST /increment`, local, one node, 32 connections, to the bare loop",
        _http("one ephemeral", _LOCAL, "to", "bare"),
        0.65,
        0.80,
    ),
    Target(
        "the same with a data directory, to Redis `INCR` with `appendfsync always`",
        _http("one durable", _LOCAL, "to", "redis"),
        0.35,
        0.50,
    ),
    Target(
        "the same, to that of an ephemeral node",
        _http("one durable", _LOCAL, "to", "one ephemeral"),
        0.6,
    ),
    Target(
        "the same, increments a sync",
        _http("one durable", _LOCAL, "writes_per_sync"),
        12,
        form="{:.1f}",
    ),
    Target(
        "`POST /increment`, all, three nodes, 32 connections,"
        f" to the original's {ORIGINAL_RATE:,} a second",
        _http("three ephemeral", _ALL, "rate", by=ORIGINAL_RATE),
        4,
        7,
    ),
    Target(
        "the same with data directories",
        _http("three durable", _ALL, "rate", by=ORIGINAL_RATE),
        3,
        5,
    ),
    Target(
        "the same, to that without",
        _http("three durable", _ALL, "to", "three ephemeral"),
        0.6,
    ),
    Target(
        "p99 of `POST /increment`, all, three nodes, 32 connections,"
        f" to the original's {ORIGINAL_P99:.0f} ms",
        _http("three ephemeral", _ALL, "p99", by=ORIGINAL_P99),
        1 / 3,
        1 / 6,
        most=True,
    ),
    Target(
        "`POST /increment`, all, three nodes, one connection,"
        f" to the original's {ORIGINAL_RATE_ALONE:,} a second",
        _http("three ephemeral", _ALL, "rate", connections=1, by=ORIGINAL_RATE_ALONE),
        1,
        2,
    ),
    Target(
        "spread to all of 10 nodes, p50, ms",
        _of("spread", "p50", 1000, system="gossipd", nodes=10),
        2,
        1,
        most=True,
    ),
    Target(
        "spread to all of 10 nodes, p99, ms",
        _of("spread", "p99", 1000, system="gossipd", nodes=10),
        10,
        5,
        most=True,
    ),
    Target(
        "an event of serf to all of 10 nodes, p50, to that",
        _of("spread", "serf_to_this", system="gossipd", nodes=10),
        100,
        form="{:,.0f}",
    ),
    Target(
        "spread to all of 50 nodes, p99, ms",
        _of("spread", "p99", 1000, system="gossipd", nodes=50),
        50,
        20,
        most=True,
    ),
    Target(
        "datagrams sent by all three nodes for an increment, all, 32 connections",
        _http("three ephemeral", _ALL, "datagrams"),
        0.4,
        0.2,
        most=True,
    ),
    Target(
        f"detection while a client increments, p50 of {LOADED_NODES} nodes, to the same without",
        _loaded_to_unloaded,
        1.2,
        most=True,
    ),
    Target(
        "false deaths meanwhile",
        _of("detect", "false_deaths", system="gossipd", loaded=True),
        0,
        most=True,
        form="{:.0f}",
    ),
    Target(
        "pings of a peer answered a second",
        _of("udp", "rate", system="gossipd"),
        25_000,
        40_000,
        form="{:,.0f}",
    ),
    Target(
        "the same, sealed to open",
        _of("sealing", "to", what=sealing.PINGS),
        0.6,
    ),
    Target(
        "the same, sealed, beside 20,000 forged datagrams a second to alone",
        _of("sealing", "to", what=sealing.FLOOD),
        0.5,
    ),
    Target(
        "`POST /increment`, all, three nodes, 32 connections, sealed to open",
        _of("sealing", "to", what=sealing.INCREMENTS),
        0.9,
    ),
    Target(
        "idle node of 50, bytes a second, sealed, simulated",
        _of("sealing", "sealed", what=sealing.IDLE),
        340,
        most=True,
        form="{:.0f}",
    ),
    Target(
        "start with a key file, ms more",
        _of("sealing", "more", what=sealing.START),
        60,
        most=True,
        form="{:.0f}",
    ),
    Target(
        "idle node of 50, bytes a second",
        _idle("bytes"),
        420,
        300,
        most=True,
        form="{:.0f}",
    ),
    Target("idle node of 50, % of a core", _idle("processor"), 0.5, 0.3, most=True),
    Target(
        "idle node of 50, resident MB",
        _idle("resident"),
        45,
        40,
        most=True,
        form="{:.0f}",
    ),
    Target(
        "start of `gossipd run` to its first answer, ms",
        _of("start", "milliseconds", what="gossipd run, new data directory"),
        450,
        300,
        most=True,
        form="{:.0f}",
    ),
    Target(
        "`gossipd health`, ms",
        _of("start", "milliseconds", what="gossipd health"),
        150,
        100,
        most=True,
        form="{:.0f}",
    ),
)


def judged(results: Results) -> list[str]:
    """Returns the table of all targets as Markdown."""
    rows: list[Sequence[str]] = []
    for target in TARGETS:
        value = target.find(results)
        bounds = [
            "" if bound is None else target.form.format(bound)
            for bound in (target.must, target.goal)
        ]
        measured = "" if value is None else target.form.format(value)
        limit = "at most" if target.most else "at least"
        rows.append([target.what, measured, limit, *bounds, target.verdict(value)])
    return table(["figure", "measured", "", "must", "goal", "reached"], rows)
