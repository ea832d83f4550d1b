"""A cluster that does not come to rest is found."""

from __future__ import annotations

import pytest

from lab.blackbox.rest import Effort, restless

FIRST = Effort(frames=3.0, octets=330.0, core=0.004)


@pytest.mark.parametrize("now", [FIRST, Effort(5.0, 800.0, 0.02)])
def test_about_as_much_as_in_the_beginning_is_rest(now: Effort) -> None:
    """A little more is, too."""
    assert [] == restless(now, FIRST)


@pytest.mark.parametrize(
    "now", [Effort(30.0, 330.0, 0.004), Effort(3.0, 5000.0, 0.004), Effort(3.0, 330.0, 0.5)]
)
def test_more_of_anything_is_no_rest(now: Effort) -> None:
    """Frames, bytes or work; and both are named."""
    [finding] = restless(now, FIRST)
    assert "no rest after healing" == finding.kind
    assert str(now) in finding.seen
    assert str(FIRST) in finding.seen
