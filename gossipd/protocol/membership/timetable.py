"""Who probes whom, and when, so that each member is probed once in each interval.

All live members stand on a ring, in the order of hashes of their ids. In the round of number r each
node probes the member that stands so many places after itself as follows from r, so no member is
probed twice and none is left out. It does so at a moment of the round that follows from the
member's hash. So from one probe of a member to the next it takes one interval, and not a geometric
number of them as with probes that are drawn by chance.

The distance changes with each round, and comes to all values: each node still probes every other
one, in as many rounds as there are members. Members that end together, a rack of them for instance,
stand anywhere on the ring, and even neighbours on it are probed by others in each round.

The number of the round follows from the wall clock. Where clocks or tables differ, some members are
probed twice in a round and some not at all, as often as where probes are drawn; nobody is left out
for ever, and nobody's probe says anything else than before.
"""

from __future__ import annotations

from sortedcontainers import SortedList

from ..fingerprint import position_of

_GOLDEN = 0x9E3779B97F4A7C15
"""2**64 over the golden ratio: its multiples are spread evenly, and neighbours lie far apart."""


class Ring:
    """All live members, this node included, in the order of their hashes."""

    def __init__(self) -> None:
        self._places: SortedList[tuple[int, str]] = SortedList()

    def __len__(self) -> int:
        return len(self._places)

    def add(self, member: str) -> None:
        """Puts a member onto the ring."""
        self._places.add(_place(member))

    def drop(self, member: str) -> None:
        """Takes a member off the ring, if it is there."""
        self._places.discard(_place(member))

    def others(self, node: str) -> list[str]:
        """Returns all members but `node`, from the one after it on, once around the ring."""
        place = self._places.index(_place(node))
        after, before = self._places[place + 1 :], self._places[:place]
        return [member for _, member in (*after, *before)]

    def target(self, node: str, number: int) -> str | None:
        """Returns whom `node` probes in the round of this number, None if it is alone."""
        others = len(self._places) - 1
        if others < 1:
            return None
        distance = 1 + ((number * _GOLDEN & (1 << 64) - 1) * others >> 64)
        place = (self._places.index(_place(node)) + distance) % (others + 1)
        return str(self._places[place][1])


def phase(member: str) -> float:
    """Returns at what part of each round a member is probed, from 0 to below 1."""
    # The upper bits order the ring, and must not order the round as well.
    return (position_of(member.encode()) & 0xFFFFFFFF) / (1 << 32)


def _place(member: str) -> tuple[int, str]:
    return position_of(member.encode()), member
