"""A process whose wall clock is set wrong while it runs."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.blackbox.clocks import Clock, build
from lab.processes import environment

_TELL = """
import sys, time
from datetime import datetime
for _ in sys.stdin:
    now = time.time(), time.time_ns() / 1e9, datetime.now().timestamp(), time.monotonic()
    print(*now, flush=True)
"""
TOLERANCE = 60.0


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """The clock of a machine, which is right."""
    library = build(tmp_path)
    if library is None:
        pytest.skip("there is no C compiler (cc)")
    return Clock(library, tmp_path / "clock")


@pytest.fixture
def process(clock: Clock) -> Iterator[subprocess.Popen[str]]:
    """A process with that clock, which tells the time for each line that it reads."""
    with subprocess.Popen(
        [sys.executable, "-c", _TELL],
        env=environment() | clock.variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        yield started


def told(process: subprocess.Popen[str]) -> tuple[list[float], float]:
    """How far its wall clock is from the right one, as read in three ways, and the other clock."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    *walls, monotonic = map(float, process.stdout.readline().split())
    return [wall - time.time() for wall in walls], monotonic - time.monotonic()


@pytest.mark.parametrize("offset", [0.0, 39_600.0, -39_600.0, 1e9])
def test_the_wall_clock_is_wrong_and_the_other_is_right(
    clock: Clock, process: subprocess.Popen[str], offset: float
) -> None:
    """At once, and right again as fast."""
    for wanted in offset, 0.0:
        clock.set(wanted)
        walls, monotonic = told(process)
        assert [wanted] * 3 == pytest.approx(walls, abs=TOLERANCE)
        assert 0.0 == pytest.approx(monotonic, abs=TOLERANCE)
