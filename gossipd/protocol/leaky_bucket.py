"""A limit on how often something is done, for what a stranger's datagrams can cause."""

from __future__ import annotations


class LeakyBucket:
    """Lets something happen so many times in a second, all of them at once if need be."""

    __slots__ = ("_at", "_level", "_rate")

    def __init__(self, rate: float, now: float) -> None:
        """Makes an empty bucket.

        Args:
            rate: how many times in a second, and how many at once.
            now: the time, in seconds.
        """
        self._rate = rate
        self._level = 0.0
        self._at = now

    def take(self, now: float) -> bool:
        """Returns whether it may happen once more at `now`, and counts it if so."""
        self._level = max(0.0, self._level - (now - self._at) * self._rate)
        self._at = now
        if self._level > self._rate - 1:
            return False
        self._level += 1
        return True
