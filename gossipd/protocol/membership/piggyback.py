"""The queue of claims that ride on other datagrams (SWIM section 4.1): each is sent a limited
number of times.

Fewest sends first, newest claim about a member replaces older ones, this node's own refutation
first.
"""

from __future__ import annotations

import math

import msgspec

from ..wire import Claim, encode_raw

_Item = tuple[str, msgspec.Raw, int]


def transmit_limit(multiplier: int, members: int) -> int:
    """How often each node sends a claim: multiplier * ceil(log10(n + 1)) (SWIM's lambda log n)."""
    return multiplier * math.ceil(math.log10(members + 1))


class PiggybackQueue:
    """Claims by member, in levels by how often they were sent."""

    __slots__ = ("_level_of", "_levels")

    def __init__(self) -> None:
        self._levels: list[dict[str, msgspec.Raw]] = [{}]
        self._level_of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._level_of)

    def put(self, claim: Claim, *, first: bool = False) -> None:
        """Queues `claim` in place of an older one about the same member."""
        self.drop(claim.id)
        level = self._levels[0]
        self._level_of[claim.id] = 0
        encoded = encode_raw(claim)
        if first:
            self._levels[0] = {claim.id: encoded, **level}
        else:
            level[claim.id] = encoded

    def drop(self, member: str) -> None:
        """Forgets the claim about `member`, if there is one."""
        level = self._level_of.pop(member, None)
        if level is not None:
            del self._levels[level][member]

    def take(self, budget: int, limit: int, besides: str = "") -> list[msgspec.Raw]:
        """Encoded claims of at most `budget` bytes in all, counted as sent once more.

        A claim that was sent `limit` times leaves the queue. One about `besides`, the receiver, is
        not offered: what it needs to know of itself is said to it apart.
        """
        taken: list[tuple[int, str, msgspec.Raw]] = []
        for number, level in enumerate(self._levels):
            for member, encoded in level.items():
                size = len(encoded)
                if size > budget:
                    break
                if member != besides:
                    budget -= size
                    taken.append((number, member, encoded))
            if budget < 32:
                break
        for number, member, encoded in taken:
            self._sent(number, member, encoded, limit)
        return [encoded for _, _, encoded in taken]

    def _sent(self, number: int, member: str, encoded: msgspec.Raw, limit: int) -> None:
        del self._levels[number][member]
        if number + 1 >= limit:
            del self._level_of[member]
            return
        if number + 1 == len(self._levels):
            self._levels.append({})
        self._levels[number + 1][member] = encoded
        self._level_of[member] = number + 1
