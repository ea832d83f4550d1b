"""The ids of forgotten members that are kept apart, so that their addresses are still tried.

Two halves of a cluster that were cut off from each other for longer than members are remembered
find each other again by these.
"""

from __future__ import annotations

import heapq
from hashlib import blake2b
from random import Random

_KEPT = 256


class Apart:
    """A bounded number of ids.

    Of more, those are kept whose hash together with this node's id is smallest. So they are a
    sample of all that there ever were, on every node another one, and need no memory of the rest.
    The oldest must not give way to the newest: the half of a cluster that is cut off gets older and
    older, while members that were replaced come in every day.
    """

    __slots__ = ("_ids", "_largest", "_own", "_rng")

    def __init__(self, own: str, rng: Random) -> None:
        self._own = own
        self._rng = rng
        self._ids: dict[str, None] = {}
        self._largest: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._ids)

    def ids(self) -> tuple[str, ...]:
        """Returns all ids, sorted."""
        return tuple(sorted(self._ids))

    def __contains__(self, member: str) -> bool:
        return member in self._ids

    def add(self, member: str) -> list[str]:
        """Takes an id in. Returns the ids for which there is no room any more, maybe itself."""
        if member in self._ids:
            return []
        self._ids[member] = None
        digest = blake2b(f"{self._own} {member}".encode(), digest_size=8).digest()
        heapq.heappush(self._largest, (-int.from_bytes(digest, "big"), member))
        given_up = []
        while len(self._ids) > _KEPT:
            given_up.append(heapq.heappop(self._largest)[1])
            del self._ids[given_up[-1]]
        return given_up

    def drop(self, member: str) -> None:
        """Takes an id out, if it is there: its member lives, or is this node."""
        if member in self._ids:
            del self._ids[member]
            self._largest = [each for each in self._largest if each[1] != member]
            heapq.heapify(self._largest)

    def draw(self) -> str | None:
        """Returns one of the ids by chance, None if there are none."""
        return list(self._ids)[int(self._rng.random() * len(self._ids))] if self._ids else None
