"""Load generators, which must be installed: wrk for HTTP, redis-benchmark for `INCR`."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import attrs

from lab.processes import environment

WRK_SCRIPT = Path(__file__).with_name("wrk_report.lua")
"""A script for wrk that takes the method after `--` and prints the results as JSON."""

_FIRST_REQUESTS = 2000


@attrs.frozen
class LoadResult:
    """What a load generator found.

    Attributes:
        requests: how many were answered.
        rate: answers a second.
        p50, p99: latency in milliseconds.
        errors: broken connections, time-outs and error statuses.
    """

    requests: int
    rate: float
    p50: float
    p99: float
    errors: int


def wrk_command(url: str, method: str, connections: int, seconds: int, names: int = 0) -> list[str]:
    """Returns the command line of wrk; each connection has one request under way.

    With `names` the path has a place such as `%06d` for a number, which is drawn anew for each
    request from so many.
    """
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(WRK_SCRIPT)]
    if not names:
        return ["wrk", *options, url, "--", method]
    host, slash, path = url.removeprefix("http://").partition("/")
    return ["wrk", *options, f"http://{host}", "--", method, str(names), slash + path]


def wrk(url: str, method: str, connections: int, seconds: float, *, names: int = 0) -> LoadResult:
    """Sends HTTP requests on so many connections for whole seconds, at least one."""
    length = max(1, round(seconds))
    command = wrk_command(url, method, connections, length, names)
    return parse_wrk(_output(command, length + 30))


def parse_wrk(output: str) -> LoadResult:
    """Reads the last line of wrk's output, which `wrk_report.lua` prints."""
    found = json.loads(output.splitlines()[-1])
    return LoadResult(
        requests=found["requests"],
        rate=found["requests"] / (found["microseconds"] / 1e6),
        p50=found["p50"] / 1e3,
        p99=found["p99"] / 1e3,
        errors=found["errors"],
    )


def redis_benchmark(
    host: str, port: int, connections: int, seconds: float, pipelined: int = 1
) -> LoadResult:
    """Sends `INCR` on so many connections for about so many seconds.

    Each connection has up to `pipelined` requests under way. redis-benchmark takes a number of
    requests, not a time. So a short first run finds the rate.
    """
    few = _FIRST_REQUESTS * pipelined
    first = _incr(host, port, connections, few, pipelined)
    return _incr(host, port, connections, max(few, int(first.rate * seconds)), pipelined)


def _incr(host: str, port: int, connections: int, requests: int, pipelined: int) -> LoadResult:
    command = ["redis-benchmark", "-h", host, "-p", str(port), "--csv", "-t", "incr"]
    command += ["-c", str(connections), "-n", str(requests), "-P", str(pipelined)]
    output = _output(command, 120)
    return parse_redis(output, requests)


def parse_redis(output: str, requests: int) -> LoadResult:
    """Reads the comma-separated table that redis-benchmark prints."""
    (row,) = csv.DictReader(output.splitlines())
    return LoadResult(
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
