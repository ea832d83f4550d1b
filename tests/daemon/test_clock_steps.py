"""A wall clock that was stepped is noticed once; one that drifts, and time that passes, are not."""

from __future__ import annotations

import pytest

from gossipd.daemon.clock_steps import ClockSteps


class Times:
    """Two clocks that are set by hand."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_700_000_000.0, 50.0
        self.stepped = ClockSteps(lambda: self.wall, lambda: self.monotonic)


@pytest.mark.parametrize("by", [1.5, -1.5, 86_400.0, -3600.0])
def test_a_step_is_noticed_once(by: float) -> None:
    """Whichever way it goes, and however much time has passed."""
    times = Times()
    times.wall += 30 + by
    times.monotonic += 30
    assert [True, False] == [times.stepped(), times.stepped()]


def test_what_drifts_is_no_step() -> None:
    """As time synchronisation slews a clock, or while it is not looked at for long."""
    times = Times()
    for _ in range(1000):
        times.wall += 10.005
        times.monotonic += 10
        assert not times.stepped()


def test_the_clocks_of_this_machine_agree() -> None:
    """Two looks in a row see no step."""
    stepped = ClockSteps()
    assert not stepped()
