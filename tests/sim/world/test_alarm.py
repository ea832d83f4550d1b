"""The alarm by itself."""

from __future__ import annotations

from gossipd.sim.world.alarm import Alarm
from gossipd.sim.world.clock import Clock


def rung(*times: float, clear_at: float | None = None) -> list[float]:
    """Returns when an alarm makes its call that was set to these times, one after the other."""
    clock, calls = Clock(), list[float]()
    alarm = Alarm(clock, lambda: calls.append(clock.now))
    for time in times:
        alarm.set(time)
    if clear_at is not None:
        clock.at(clear_at, alarm.clear)
    clock.advance(10.0)
    return calls


def test_the_earliest_time_counts() -> None:
    """Later ones do nothing, whether they were set before or after it."""
    assert [2.0] == rung(3.0, 2.0, 4.0)


def test_a_time_that_has_passed_is_now() -> None:
    """The call is made in the present instant."""
    assert [0.0] == rung(-1.0)


def test_a_cleared_alarm_is_silent() -> None:
    """Until it is set again."""
    assert [] == rung(3.0, clear_at=1.0)
