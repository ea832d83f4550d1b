"""What a counter may show after some operations: the values that a sequential order explains.

An operation comes after all whose effects its node had when it was made; one that was not answered
may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import attrs

from gossipd.protocol.messages import Entry, Group

Entries = Mapping[bytes, tuple[int, Sequence[Entry]]]
"""By owner: up to which version all of it is there, and its entries."""


@attrs.define
class Operation:
    """One increment or sync, with the operations whose effects its node had when it was made.

    Attributes:
        raises_to: of a sync; None for an increment by `amount`.
        sure: it was answered, so that every explanation must contain it.
        entry: the owner and the entry that it wrote, None for a sync that was no news.
    """

    number: int
    raises_to: int | None
    amount: int
    sure: bool
    owner: bytes
    entry: Entry | None
    seen: frozenset[int] = frozenset()

    def apply(self, value: int) -> int:
        """What the operation makes of a value."""
        return value + self.amount if self.raises_to is None else max(value, self.raises_to)


def outcomes(operations: Sequence[Operation]) -> set[int]:
    """Every value that some order gives which respects what each operation had seen.

    Takes time and memory in proportion to 2**len(operations).
    """
    before = [sum(1 << seen for seen in operation.seen) for operation in operations]
    count = len(operations)

    @cache
    def after(done: int) -> frozenset[int]:
        values = set() if done else {0}
        for last in range(count):
            rest = done & ~(1 << last)
            if done >> last & 1 and not before[last] & ~rest:
                values |= {operations[last].apply(value) for value in after(rest)}
        return frozenset(values)

    must = sum(1 << operation.number for operation in operations if operation.sure)
    return {value for done in range(1 << count) if done & must == must for value in after(done)}


def entries_of(groups: Iterable[Group]) -> Entries:
    """What a node's or a store's groups hold."""
    return {group.owner: (group.upto, group.entries) for group in groups}


def has_effect_of(operation: Operation, entries: Entries) -> bool:
    """Whether these entries contain what the operation did, or vouch for it."""
    if operation.entry is None:
        return False
    have, _ = entries.get(operation.owner, (0, ()))
    return have >= operation.entry.version or holds(operation, entries)


def holds(operation: Operation, entries: Entries) -> bool:
    """Whether these entries themselves contain what the operation did."""
    if operation.entry is None:
        return False
    if operation.raises_to is None:
        _, kept = entries.get(operation.owner, (0, ()))
        wanted = operation.entry
        return any(each.floor == wanted.floor and each.count >= wanted.count for each in kept)
    return any(
        each.floor == operation.raises_to for _, listed in entries.values() for each in listed
    )
