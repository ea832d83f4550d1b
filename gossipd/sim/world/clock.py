"""Virtual time: a heap of calls that are made in order of time, and of insertion at one instant.

Timers are the exception: they come after everything else of their instant, including calls that
are scheduled while the instant lasts. A node therefore finds its socket drained when its timers
fire, as the contract of a driver demands, without a check for each datagram.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

WALL_CLOCK_MS = 1_700_000_000_000
"""What a wall clock without offset shows when virtual time begins, in milliseconds since 1970."""

# Added to the insertion number of a timer. No run schedules as many calls as this.
_TIMERS_LAST = 1 << 60


class Clock:
    """Virtual time.

    Attributes:
        now: in seconds since the start of the run.
    """

    __slots__ = ("_heap", "_inserted", "now")

    def __init__(self) -> None:
        self.now = 0.0
        self._inserted = 0
        self._heap: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []

    def at(self, time: float, call: Callable[..., None], *arguments: object) -> None:
        """Schedules `call(*arguments)` at `time`. Raises ValueError if that is over or NaN."""
        if not time >= self.now:
            raise ValueError(f"cannot schedule at {time}: it is {self.now}")
        self._inserted += 1
        heappush(self._heap, (time, self._inserted, call, arguments))

    def timer(self, time: float, call: Callable[..., None], *arguments: object) -> None:
        """Schedules a call as `at` does, but after everything else of its instant."""
        if not time >= self.now:
            raise ValueError(f"cannot schedule at {time}: it is {self.now}")
        self._inserted += 1
        heappush(self._heap, (time, self._inserted + _TIMERS_LAST, call, arguments))

    def advance(self, until: float) -> None:
        """Makes every call that is due up to and including `until`, and leaves the clock there."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, call, arguments = heappop(heap)
            call(*arguments)
        self.now = max(self.now, until)
