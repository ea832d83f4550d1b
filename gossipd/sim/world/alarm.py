"""Wakes a host when the timers of its node are due."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from .clock import Clock


class Alarm:
    """One wake-up, at the earliest time that it was set to.

    A timer on the clock cannot be taken back. One that was overtaken by an earlier time, or by
    `clear`, therefore does nothing when it fires.
    """

    __slots__ = ("_armed", "_call", "_cleared", "_clock")

    def __init__(self, clock: Clock, call: Callable[[], None]) -> None:
        self._clock = clock
        self._call = call
        self._armed = inf
        self._cleared = 0

    def set(self, due: float) -> None:
        """Makes the call at `due`, or now if that has passed, unless an earlier time is set."""
        if due < self._armed:
            self._armed = due = max(due, self._clock.now)
            self._clock.timer(due, self._fire, due, self._cleared)

    def clear(self) -> None:
        """Makes no call until `set` is called again."""
        self._armed = inf
        self._cleared += 1

    def _fire(self, armed: float, cleared: int) -> None:
        if armed == self._armed and cleared == self._cleared:
            self._armed = inf
            self._call()
