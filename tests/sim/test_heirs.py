"""What a directory holds does not grow with the processes that ran on it."""

from __future__ import annotations

import pytest

from tests.sim.restarts import NODES, Restarts

NAMES = 40


@pytest.mark.parametrize("restarts", [150])
def test_owners_and_rows_level_off(restarts: int) -> None:
    """After three times as many processes there is as much, and every counter is right."""
    run = Restarts(NAMES)
    run.go_on(restarts // 3)
    before = [run.held(node) for node in range(NODES)]
    run.go_on(restarts - restarts // 3)
    assert run.wrong() == []
    for node, (owners, rows) in enumerate(before):
        assert owners <= run.held(node)[0] <= NODES + 1
        assert run.held(node)[1] <= 1.3 * rows


def test_made_processes_are_as_simulated_ones() -> None:
    """What a directory holds is the same, and the next processes go on from there."""
    made, simulated = Restarts(NAMES, 30), Restarts(NAMES)
    simulated.go_on(60)
    made.go_on(30)
    assert made.wrong() == simulated.wrong() == []
    for node in range(NODES):
        assert made.held(node) == simulated.held(node)
