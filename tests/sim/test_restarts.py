"""What is held after many restarts, as a table."""

from __future__ import annotations

import pytest

from tests.sim import restarts
from tests.sim.restarts import Held


def test_each_number_is_compared_with_the_first() -> None:
    """And counters that are wrong are shown."""
    found = restarts.findings(
        [Held(100, 97, 1000, 500, 0.05, 3, 180.0, 0), Held(900, 899, 1300, 600, 0.1, 3, 180.0, 2)]
    )
    [(_, lines)] = found.tables
    cells = [cell.strip() for cell in lines[3].strip("|").split("|")]
    assert ["900", "899", "1,300 B, 1.30", "600 B, 1.20", "100 ms, 2.00", "3"] == cells[:6]
    assert ["180 B/s, 1.00", "2"] == cells[6:]


def test_a_small_run_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """With made processes before the simulated ones, all counters are right."""
    monkeypatch.setattr(restarts, "COUNTERS", 5)
    monkeypatch.setattr(restarts, "SIMULATED", 6)
    held = restarts.measure(36)
    assert held.wrong == 0
    assert held.owners <= restarts.NODES + 1
    assert held.closed >= 30
    assert min(held.store, held.memory, held.idle) > 0
