"""What is held against a node, and what is not."""

from __future__ import annotations

from lab.crowd.judge import GROWTH, Judge


def test_nothing_is_wrong_with_a_quiet_node() -> None:
    """That the machine paused it, and that it grew at first, is not held against it."""
    paused = b'{"event":"paused","seconds":1}'
    judge = Judge(lines=[paused], memory=[(0, 40), (60, 60), (120, 61)])
    assert [] == judge.complaints()
    assert 1 == judge.growth()


def test_each_fault_is_told_once() -> None:
    """And each line is."""
    judge = Judge(faults=["500", "500"], lines=[b"Traceback"])
    assert ["an answer: 500", "a line: Traceback"] == judge.complaints()


def test_memory_that_grows() -> None:
    """After the first minute, or the first third of a shorter run."""
    judge = Judge(memory=[(0, 40), (10, 50), (30, 51 + GROWTH)])
    assert [f"memory grew by {GROWTH + 1:.1f} MB"] == judge.complaints()
