"""How long members were seen to be silent and yet alive."""

from __future__ import annotations

_REMEMBERED = 600.0
"""Seconds for which a silence counts."""

_MEMBERS = 1000
"""Members of which a silence is remembered, at most."""

_MARGIN = 1.25
"""A silence as long as one that was seen, and a little longer, is no reason for a verdict."""


class Silences:
    """The longest silences from which members came back, and the longest of this process itself.

    Only silences of some length are remembered: a member that is back after longer than `most` was
    cut off, and says nothing about how long processes of this cluster stand still.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        # Seconds and time, by member; the own ones have the empty id.
        self._seen: dict[str, tuple[float, float]] = {}

    def came_back(self, member: str, seconds: float, now: float) -> None:
        """Notes that a member was suspect for so long, and is alive. An empty id: this process."""
        longest = self.longest(member, now)
        if seconds > self._most or _MARGIN * seconds < longest:
            return
        self._seen.pop(member, None)
        if len(self._seen) >= _MEMBERS:
            del self._seen[next(iter(self._seen))]
        self._seen[member] = (_MARGIN * seconds, now)

    def longest(self, member: str, now: float) -> float:
        """Returns how long a silence of this member says nothing; 0 if it was never silent."""
        return max(self._lately(member, now), self._lately("", now))

    def _lately(self, member: str, now: float) -> float:
        seconds, at = self._seen.get(member, (0.0, now))
        return seconds if now - at <= _REMEMBERED else 0.0
