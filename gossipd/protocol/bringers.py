"""How much that is new one member may bring: what it made up must not crowd out the others'.

Nothing tells a node which members, owners, counters and floors are made up. All that is told is who
brings them, and nobody brings much at a time, but for tables that a newcomer gets. So each member
may bring so many at once, and so many more each second. What is beyond that is not taken, as if it
had been lost on its way: it is told again, or by others. It is late then and never missing, so that
all nodes agree in the end. Only a process that has just started is told much by one member that is
not made up: whole tables. It may be told 64 times as much.
"""

from __future__ import annotations

from typing import Final

MEMBERS: Final = "members"
OWNERS: Final = "owners"
COUNTERS: Final = "counters"
FLOORS: Final = "floors"

_MAY: Final = {
    # A node probes one member each second, so that what is made up is found out as it comes.
    MEMBERS: (2_048, 1.0),
    # A process that counts is one owner, and most of them are folded.
    OWNERS: (4_096, 1.0),
    # These two count only beyond what the limits of all nodes allow clients to make.
    COUNTERS: (10_000, 10.0),
    FLOORS: (10_000, 10.0),
}
"""By kind how many one member may bring at once, and how many more each second."""

_REMEMBERED = 10_000

_AT_START = 64
_START_SECONDS = 60.0
"""How often what may be brought to a process that has just started, and how long that is."""


class Bringers:
    """What each member has brought of late, by kind."""

    __slots__ = ("_brought", "_settles")

    def __init__(self, now: float) -> None:
        """Begins for a process that starts now."""
        self._settles: float | None = now + _START_SECONDS
        # What was brought and is not made up for by time, and when that was so.
        self._brought: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, kind: str, bringer: str, count: int, now: float) -> bool:
        """Returns whether a member may bring so many of a kind now, and counts them if so."""
        most, rate = _MAY[kind]
        if self._settles is not None and now >= self._settles:
            self._settles = None
            self._brought.clear()
        elif self._settles is not None:
            most *= _AT_START
        level, at = self._brought.pop((kind, bringer), (0.0, now))
        level = max(0.0, level - (now - at) * rate)
        taken = level + count <= most
        if len(self._brought) >= _REMEMBERED:
            # The one that brought longest ago makes room.
            del self._brought[next(iter(self._brought))]
        self._brought[kind, bringer] = (level + count if taken else level, now)
        return taken
