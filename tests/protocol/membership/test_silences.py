"""What is remembered of silences."""

from __future__ import annotations

import pytest

from gossipd.protocol.membership.silences import Silences


def test_a_silence_counts_with_a_margin() -> None:
    """For the member that it was of, and for nobody else."""
    seen = Silences(18.0)
    seen.came_back("a", 4.0, now=10.0)
    assert (5.0, 0.0) == (seen.longest("a", 20.0), seen.longest("b", 20.0))


def test_an_own_silence_counts_for_everybody() -> None:
    """What befell this process may befall others."""
    seen = Silences(18.0)
    seen.came_back("", 4.0, now=10.0)
    seen.came_back("a", 2.0, now=10.0)
    assert [5.0, 5.0] == [seen.longest(each, 20.0) for each in ("a", "b")]


@pytest.mark.parametrize(("first", "second", "longest"), [(4.0, 2.0, 5.0), (2.0, 4.0, 5.0)])
def test_the_longest_counts(first: float, second: float, longest: float) -> None:
    """Whichever came first."""
    seen = Silences(18.0)
    seen.came_back("a", first, now=10.0)
    seen.came_back("a", second, now=11.0)
    assert longest == seen.longest("a", 12.0)


def test_silences_are_forgotten() -> None:
    """A cluster that was slow for a while is not slow to find the dead for ever."""
    seen = Silences(18.0)
    seen.came_back("a", 4.0, now=10.0)
    assert [5.0, 0.0] == [seen.longest("a", now) for now in (610.0, 611.0)]


def test_who_was_cut_off_says_nothing() -> None:
    """After an hour behind a partition nobody waits an hour for anybody."""
    seen = Silences(18.0)
    seen.came_back("a", 3600.0, now=10.0)
    assert 0.0 == seen.longest("a", 20.0)


def test_silences_are_bounded_in_number() -> None:
    """The oldest goes first."""
    seen = Silences(18.0)
    for number in range(1001):
        seen.came_back(f"m{number}", 4.0, now=10.0)
    assert (0.0, 5.0) == (seen.longest("m0", 11.0), seen.longest("m1000", 11.0))
