"""Notices that this machine may have been set back to a snapshot: its wall clock steps then.

A machine that is resumed goes on with the clocks that it had, until somebody corrects its wall
clock: its host, or time synchronisation some time later. The monotonic clock is not corrected, and
so the two move apart. They do as well where a clock was wrong or a machine slept.
"""

from __future__ import annotations

import time
from collections.abc import Callable

STEP_SECONDS = 1.0
"""By how much the clocks must move apart between two looks; what merely drifts is followed."""


class ClockSteps:
    """Compares the two clocks, both in seconds."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._apart = wall() - monotonic()

    def __call__(self) -> bool:
        """Whether the wall clock was stepped, forwards or back, since the last call."""
        before, self._apart = self._apart, self._wall() - self._monotonic()
        return abs(self._apart - before) >= STEP_SECONDS
