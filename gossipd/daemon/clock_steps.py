"""Detects that the wall clock was stepped: a sign that the machine was set back to a snapshot.

A machine that is resumed from a snapshot goes on with the clocks that the snapshot has, until its
host or time synchronisation corrects the wall clock. The monotonic clock is not corrected, and so
the difference of the two changes. It changes as well after a machine slept, or when a wrong wall
clock is set right.
"""

from __future__ import annotations

import time
from collections.abc import Callable

STEP_SECONDS = 1.0
"""The least change of the difference between two calls that is a step. Slower drift is followed."""


class ClockSteps:
    """Compares the wall clock with the monotonic one. Both tell seconds."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._difference = wall() - monotonic()

    def __call__(self) -> bool:
        """Returns whether the wall clock was stepped, forwards or back, since the last call."""
        before, self._difference = self._difference, self._wall() - self._monotonic()
        return abs(self._difference - before) >= STEP_SECONDS
