"""Many trials and the tables made of them."""

from __future__ import annotations

from math import sqrt

import pytest

from lab.experiments.trials import Findings, carry_out, mean, table


@pytest.mark.parametrize("jobs", [1, 2])
def test_outcomes_are_in_order(jobs: int) -> None:
    """Whoever carries them out; progress is told after each."""
    told = []
    found = carry_out(sqrt, [4.0, 9.0, 16.0], jobs, lambda done, of: told.append((done, of)))
    assert [2.0, 3.0, 4.0] == found
    assert [(1, 3), (2, 3), (3, 3)] == told


def test_a_table_is_markdown() -> None:
    """Text to the left, numbers to the right."""
    assert ["| a | b |", "| --- | ---: |", "| x | 1 |"] == table(["a", "b"], [["x", "1"]])


def test_findings_are_shown_under_their_titles() -> None:
    """With an empty line between them."""
    found = Findings((("One.", ["| 1 |"]), ("Two.", ["| 2 |"])), {})
    assert ["One.", "", "| 1 |", "", "Two.", "", "| 2 |"] == list(found.lines())


def test_the_mean_of_nothing_is_none() -> None:
    """No division by 0."""
    assert [0.0, 1.5] == [mean([]), mean([1, 2])]
