"""Local health (Lifeguard, section IV.A): how far this node's own timing can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..part import Part


class Awareness(Part):
    """A score from 0, healthy, to `maximum`; time-outs are multiplied by one more than it."""

    def __init__(self, maximum: int, *, enabled: bool = True) -> None:
        self._maximum = maximum
        self._enabled = enabled
        self.score = 0

    def change(self, by: int) -> None:
        """Adds `by`, kept within bounds; positive is worse."""
        if self._enabled:
            self.score = min(max(self.score + by, 0), self._maximum)

    def paused(self, seconds: float) -> None:
        """Makes this node a little less healthy: it did not run when it was to."""
        self.change(1)

    def scale(self, seconds: float) -> float:
        """`seconds`, longer the less healthy this node is."""
        return seconds * (self.score + 1)

    def counted(self) -> Mapping[str, Any]:
        """Returns the score."""
        return {"local_health": self.score}
