"""Rows of the experiment that take little time, cut short, hold what is asked of them."""

from __future__ import annotations

import attrs
import pytest

from lab.experiments.detection import CASES, Outcome, Trial, measure


def outcome(title: str, lasting: float, nodes: int = 64) -> Outcome:
    """Runs the row of that title for so many seconds."""
    [case] = [each for each in CASES if (each.title, each.nodes) == (title, nodes)]
    return measure(Trial(attrs.evolve(case, lasting=lasting), 7))


def test_a_rack_that_ends_at_once_is_found() -> None:
    """Eight nodes whose addresses follow on each other: within 9 s by everybody."""
    found = outcome("8 machines gone at once", 9.0)
    assert (0, 0) == (found.unknown, found.false)


def test_five_percent_of_loss_raise_few_suspicions() -> None:
    """At most one in half a minute, and nobody dies of it."""
    found = outcome("5 % loss", 30.0)
    assert found.false == 0
    assert found.suspicions <= 1


@pytest.mark.parametrize("nodes", [16, 50])
def test_an_idle_node_sends_little(nodes: int) -> None:
    """Bytes a second, with headers."""
    assert 300 >= outcome("idle", 30.0, nodes).bytes
