"""How long something took, as numbers of times in a few buckets."""

from __future__ import annotations

from bisect import bisect_left

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""The upper bounds of all buckets but the last, in seconds."""


class Histogram:
    """Numbers of times by how long each was.

    Attributes:
        sum: seconds of all of them.
    """

    def __init__(self) -> None:
        self.sum = 0.0
        self._numbers = [0] * (len(BOUNDS) + 1)

    def add(self, seconds: float, times: int = 1) -> None:
        """Counts so many times of this length."""
        self._numbers[bisect_left(BOUNDS, seconds)] += times
        self.sum += seconds * times

    def cumulative(self) -> list[tuple[str, int]]:
        """Returns each upper bound with the number of times up to it; the last is `+Inf`."""
        found, total = [], 0
        for bound, number in zip((*BOUNDS, "+Inf"), self._numbers, strict=True):
            total += number
            found.append((str(bound), total))
        return found
