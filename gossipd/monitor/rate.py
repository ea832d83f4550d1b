"""How fast a number grows."""

from __future__ import annotations

from collections import deque

OVER_SECONDS = 10.0
_STEP_SECONDS = 0.5
_LEAST_SECONDS = 1.0


class Rate:
    """The growth of a number over the last ten seconds, or since it is known.

    Attributes:
        value: the newest value.
        changed: when it was noted.
    """

    def __init__(self, value: float, now: float) -> None:
        self.value = value
        self.changed = now
        self._began = now
        # Values, each with the time from which it held. What comes within half a second is one.
        self._steps = deque([(now, value)])

    def note(self, value: float, now: float) -> None:
        """Notes a new value."""
        self.value, self.changed = value, now
        if len(self._steps) > 1 and now - self._steps[-1][0] < _STEP_SECONDS:
            now, _ = self._steps.pop()
        self._steps.append((now, value))
        self._forget(now)

    def per_second(self, now: float) -> float:
        """Returns the mean growth in a second, negative if the number falls."""
        self._forget(now)
        over = min(OVER_SECONDS, now - self._began)
        return (self.value - self._steps[0][1]) / max(over, _LEAST_SECONDS)

    def _forget(self, now: float) -> None:
        while len(self._steps) > 1 and self._steps[1][0] <= now - OVER_SECONDS:
            self._steps.popleft()
