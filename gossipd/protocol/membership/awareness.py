"""Local health (Lifeguard, section IV.A): how far this node's own timing can be trusted."""

from __future__ import annotations


class Awareness:
    """A score from 0, healthy, to `maximum`; time-outs are multiplied by one more than it."""

    __slots__ = ("_enabled", "_maximum", "score")

    def __init__(self, maximum: int, *, enabled: bool = True) -> None:
        self._maximum = maximum
        self._enabled = enabled
        self.score = 0

    def change(self, by: int) -> None:
        """Adds `by`, kept within bounds; positive is worse."""
        if self._enabled:
            self.score = min(max(self.score + by, 0), self._maximum)

    def scale(self, seconds: float) -> float:
        """`seconds`, longer the less healthy this node is."""
        return seconds * (self.score + 1)
