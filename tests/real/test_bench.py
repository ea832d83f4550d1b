"""The benchmarks leave no process behind."""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.processes import ROOT, environment, eventually, isolated

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not isolated(), reason="runs in a network namespace of its own only"),
]


def started(*arguments: str) -> tuple[subprocess.Popen[str], bytes]:
    """Starts the benchmarks; returns that and a variable that all their processes inherit."""
    mark = f"BENCH_TEST={secrets.token_hex(8)}"
    name, value = mark.split("=")
    process = subprocess.Popen(
        [sys.executable, "-m", "lab.bench", *arguments],
        cwd=ROOT,
        env={**environment(), name: value},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return process, mark.encode()


def marked(mark: bytes) -> list[str]:
    """Returns the processes that have this variable."""
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in place.read_bytes().split(b"\0"):
                found.append(place.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_its_processes(number: signal.Signals) -> None:
    """No process of the run is left when it has ended."""
    process, mark = started("detect", "--short")
    try:
        eventually("nodes run", lambda: len(marked(mark)) > 4, 30)
        process.send_signal(number)
        process.communicate(timeout=30)
        assert 0 != process.returncode
        assert [] == marked(mark)
    finally:
        process.kill()


def test_a_short_run_measures_something() -> None:
    """It measures the spread of writes to three nodes, and leaves no process."""
    process, mark = started("spread", "--short", "-o", "json")
    output, _ = process.communicate(timeout=60)
    assert 0 == process.returncode
    rows = json.loads(output)["rows"]
    assert {"system": "gossipd", "nodes": 3, "number": 20}.items() <= rows[0].items()
    assert min(rows[0]["seconds"]) > 0
    assert [] == marked(mark)
