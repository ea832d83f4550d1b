"""Virtual time."""

from __future__ import annotations

from math import nan

import pytest

from gossipd.sim.world.clock import Clock


def test_calls_come_in_order_of_time_and_of_insertion() -> None:
    """Earlier times first; at one instant, what was scheduled first."""
    clock, seen = Clock(), list[str]()
    for time, name in [(2.0, "c"), (1.0, "a"), (1.0, "b")]:
        clock.at(time, seen.append, name)
    clock.advance(5.0)
    assert (seen, clock.now) == (["a", "b", "c"], 5.0)


def test_timers_come_after_everything_of_their_instant() -> None:
    """A timer is last at its instant, even behind calls that are scheduled during it."""
    clock, seen = Clock(), list[str]()
    clock.timer(1.0, seen.append, "timer")
    clock.at(1.0, lambda: clock.at(1.0, seen.append, "nested"))
    clock.advance(1.0)
    assert seen == ["nested", "timer"]


@pytest.mark.parametrize("time", [0.5, nan])
def test_the_past_is_refused(time: float) -> None:
    """ValueError for a time that is over or that is none."""
    clock = Clock()
    clock.advance(1.0)
    with pytest.raises(ValueError, match="cannot schedule"):
        clock.at(time, print)
