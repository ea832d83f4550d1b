"""Which values a counter may have: those that a sequential order of its operations gives."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import attrs


@attrs.frozen
class Operation:
    """One increment or sync.

    Attributes:
        raises_to: what a sync raises the counter to, None for an increment.
        amount: of an increment.
        sure: whether every explanation must contain it.
        seen: places of the operations whose effects its node had when it was made.
    """

    raises_to: int | None
    amount: int
    sure: bool
    seen: frozenset[int]

    def apply(self, value: int) -> int:
        """What the operation makes of a value."""
        return value + self.amount if self.raises_to is None else max(value, self.raises_to)


def outcomes(operations: Sequence[Operation]) -> frozenset[int]:
    """Every value that some order of the sure operations and any of the others gives.

    An order respects what each operation had seen, as far as that is part of it. The time grows as
    3 to the power of the number of operations: for about ten at most.
    """
    before = [sum(1 << seen for seen in operation.seen) for operation in operations]
    count = len(operations)

    def values_of(chosen: int) -> frozenset[int]:
        @cache
        def after(done: int) -> frozenset[int]:
            if not done:
                return frozenset((0,))
            values: set[int] = set()
            for last in range(count):
                rest = done & ~(1 << last)
                # Whatever had seen the last operation cannot stand before it.
                if done >> last & 1 and not any(
                    rest >> each & 1 and before[each] >> last & 1 for each in range(count)
                ):
                    values |= {operations[last].apply(value) for value in after(rest)}
            return frozenset(values)

        return after(chosen)

    must = sum(1 << place for place, each in enumerate(operations) if each.sure)
    found: set[int] = set()
    for chosen in range(1 << count):
        if chosen & must == must:
            found |= values_of(chosen)
    return frozenset(found)


def bounds(operations: Sequence[Operation]) -> tuple[int, int]:
    """The least and the largest value that any order can give, not necessarily reached.

    What was counted where a floor was known comes on top of it; everything else at most adds up.
    """
    sure = [each for each in operations if each.sure]
    least = sum(each.amount for each in sure)
    for place, sync in enumerate(operations):
        if sync.sure and sync.raises_to is not None:
            above = sum(each.amount for each in sure if place in each.seen)
            least = max(least, sync.raises_to + above)
    highest = max([0, *(each.raises_to for each in operations if each.raises_to is not None)])
    return least, highest + sum(each.amount for each in operations)
