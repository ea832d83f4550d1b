"""Follows whether all running nodes have the same member table, and the same counters."""

from __future__ import annotations

import attrs

from ..world import World

_EVERY = 0.25


@attrs.define
class Same:
    """Whether all nodes that run have the same of one thing.

    Attributes:
        since: the time since which they do, as far as looked; None while they differ.
        last: the latest time at which they did; None if they never did.
    """

    since: float | None = None
    last: float | None = None

    def seen(self, equal: bool, now: float) -> None:
        """Takes what a look at `now` has shown."""
        if not equal:
            self.since = None
            return
        self.since = now if self.since is None else self.since
        self.last = now


class Content:
    """Compares all nodes of a world with each other, by the hashes of what they have.

    A node that was told to remove another one, or is cut off to the end, has its own content; so
    has one that has not found out yet that another one died.

    Attributes:
        tables: of the member tables, dead and left members included.
        counts: of the counters, by owner and version.
    """

    def __init__(self, world: World) -> None:
        self.tables = Same()
        self.counts = Same()
        self._world = world
        self._next = 0.0

    def look(self, *, now: bool = False) -> None:
        """Compares the nodes, if it is time for that again or if `now`."""
        time = self._world.now
        if time < self._next and not now:
            return
        self._next = time + _EVERY
        gates = [host.running().gates() for host in self._world.live()]
        self.tables.seen(len({tables for tables, _ in gates}) <= 1, time)
        self.counts.seen(len({counts for _, counts in gates}) <= 1, time)
