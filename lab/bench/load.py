"""Drives servers: HTTP by wrk, Redis by its own redis-benchmark. Both must be installed."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import attrs

from lab.processes.cluster import environment

SCRIPT = Path(__file__).with_name("load.lua")
"""For wrk: takes the method after `--`."""

_FIRST = 2000


@attrs.frozen
class Load:
    """What came of driving a server for a while.

    Attributes:
        requests: answered ones.
        rate: of them, a second.
        p50, p99: latency in milliseconds.
        errors: broken connections, time-outs and error statuses.
    """

    requests: int
    rate: float
    p50: float
    p99: float
    errors: int


def wrk(url: str, method: str, connections: int, seconds: float) -> Load:
    """Requests on so many connections, each with one under way, for whole seconds."""
    length = max(1, round(seconds))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{length}s", "-s", str(SCRIPT), url, "--"]
    return parse_wrk(_output([*command, method], length + 30))


def parse_wrk(output: str) -> Load:
    """Reads the line that `load.lua` prints."""
    found = json.loads(output.splitlines()[-1])
    return Load(
        requests=found["requests"],
        rate=found["requests"] / (found["microseconds"] / 1e6),
        p50=found["p50"] / 1e3,
        p99=found["p99"] / 1e3,
        errors=found["errors"],
    )


def redis_benchmark(host: str, port: int, connections: int, seconds: float) -> Load:
    """`INCR` on so many connections, for about so many seconds."""
    first = _incr(host, port, connections, _FIRST)
    return _incr(host, port, connections, max(_FIRST, int(first.rate * seconds)))


def _incr(host: str, port: int, connections: int, requests: int) -> Load:
    command = ["redis-benchmark", "-h", host, "-p", str(port), "--csv", "-t", "incr"]
    output = _output([*command, "-c", str(connections), "-n", str(requests)], 120)
    return parse_redis(output, requests)


def parse_redis(output: str, requests: int) -> Load:
    """Reads the comma-separated table of redis-benchmark."""
    (row,) = csv.DictReader(output.splitlines())
    return Load(
        requests=requests,
        rate=float(row["rps"]),
        p50=float(row["p50_latency_ms"]),
        p99=float(row["p99_latency_ms"]),
        errors=0,
    )


def _output(command: list[str], within: float) -> str:
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=within, check=True
    ).stdout
