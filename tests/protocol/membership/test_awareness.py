"""Local health: bounds, and what it does to time-outs."""

from __future__ import annotations

import pytest

from gossipd.protocol.membership.awareness import Awareness


@pytest.mark.parametrize(
    ("changes", "score"),
    [
        ([], 0),
        ([-1], 0),
        ([1], 1),
        ([3, -1], 2),
        ([20], 8),
        ([20, -1], 7),
        ([1, -1, -1, 1], 1),
        ([0], 0),
    ],
)
def test_score_is_kept_within_bounds(changes: list[int], score: int) -> None:
    """The score adds what happened and never leaves 0 to its maximum."""
    awareness = Awareness(8)
    for change in changes:
        awareness.change(change)
    assert score == awareness.score


@pytest.mark.parametrize(("score", "scaled"), [(0, 0.5), (1, 1.0), (3, 2.0), (8, 4.5)])
def test_timeouts_grow_with_the_score(score: int, scaled: float) -> None:
    """A time-out is multiplied by the score plus one (Lifeguard IV.A)."""
    awareness = Awareness(8)
    awareness.change(score)
    assert scaled == awareness.scale(0.5)


def test_switched_off_it_stays_healthy() -> None:
    """Without local health nothing changes the score."""
    awareness = Awareness(8, enabled=False)
    awareness.change(5)
    assert 0 == awareness.score
