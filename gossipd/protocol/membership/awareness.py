"""Local health (Lifeguard, section IV.A): how far this node's own timing can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..part import Part


class Awareness(Part):
    """The local health score of this node: 0 is healthy, `maximum` is the worst.

    Attributes:
        score: the present score.
    """

    def __init__(self, maximum: int, *, enabled: bool = True) -> None:
        self._maximum = maximum
        self._enabled = enabled
        self.score = 0

    def change(self, by: int) -> None:
        """Adds `by` to the score, within its bounds; a larger score is worse."""
        if self._enabled:
            self.score = min(max(self.score + by, 0), self._maximum)

    def paused(self, seconds: float) -> None:
        """Adds one to the score, because this process did not run when it should have."""
        self.change(1)

    def scale(self, seconds: float) -> float:
        """Returns a time-out of `seconds`, multiplied by the score plus one."""
        return seconds * (self.score + 1)

    def counted(self) -> Mapping[str, Any]:
        """Returns the score."""
        return {"local_health": self.score}
