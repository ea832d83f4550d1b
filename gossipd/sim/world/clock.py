"""Virtual time: a heap of calls, carried out in order of time and, at one instant, of insertion.

Timers are the exception: they come after everything else of their instant, those calls included
that are scheduled while it lasts. A node therefore finds its socket drained when its timers fire,
as the contract of a driver demands, without a check per datagram.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

# Added to a timer's insertion number. No run schedules as many calls as this.
TIMERS_LAST = 1 << 60


class Clock:
    """Virtual time in seconds, from 0."""

    __slots__ = ("_heap", "_inserted", "now")

    def __init__(self) -> None:
        self.now = 0.0
        self._inserted = 0
        self._heap: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []

    def at(self, time: float, call: Callable[..., None], *arguments: object) -> None:
        """Call `call(*arguments)` at `time`; ValueError for a time that is over or not a number."""
        if not time >= self.now:
            raise ValueError(f"cannot schedule at {time}: it is {self.now}")
        self._inserted += 1
        heappush(self._heap, (time, self._inserted, call, arguments))

    def timer(self, time: float, call: Callable[..., None], *arguments: object) -> None:
        """As `at`, but after everything else of that instant."""
        if not time >= self.now:
            raise ValueError(f"cannot schedule at {time}: it is {self.now}")
        self._inserted += 1
        heappush(self._heap, (time, self._inserted + TIMERS_LAST, call, arguments))

    def advance(self, until: float) -> None:
        """Carry out every call due up to and including `until`, and leave the clock there."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, call, arguments = heappop(heap)
            call(*arguments)
        self.now = max(self.now, until)

    def pending(self) -> int:
        """How many calls are waiting, stale timers included."""
        return len(self._heap)
