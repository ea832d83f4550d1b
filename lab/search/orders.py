"""The values that a counter may show after some operations: those that an order of them explains.

In such an order an operation comes after every operation whose effect its node had when it was
made. An operation that is not sure may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import attrs

from gossipd.protocol import DEFAULT, Entry, Group

_ALL = 2**62
"""A version that no owner reaches."""

Entries = Mapping[bytes, tuple[int, Sequence[Entry]]]
"""By owner: up to which version all its entries are there, and those that are listed."""


@attrs.define
class Operation:
    """One increment or sync.

    Attributes:
        number: its place among all operations.
        raises_to: the value of a sync; None for an increment by `amount`.
        sure: whether every explanation must contain it, because it was answered, say.
        owner, entry: what it wrote; the entry is None for a sync that changed nothing.
        seen: numbers of the operations whose effects its node had when it was made.
    """

    number: int
    raises_to: int | None
    amount: int
    sure: bool
    owner: bytes
    entry: Entry | None
    seen: frozenset[int] = frozenset()

    def apply(self, value: int) -> int:
        """Returns the value that the operation makes of an earlier one."""
        return value + self.amount if self.raises_to is None else max(value, self.raises_to)


def outcomes(operations: Sequence[Operation]) -> set[int]:
    """Returns every value that some order gives which respects what each operation had seen.

    An operation that is not sure may be missing even if others had seen it: an effect that no node
    holds any more was there once. Time and memory grow as 3**len(operations) if no operation is
    sure, and as 2**len(operations) if all are.
    """
    sure = sum(1 << number for number, each in enumerate(operations) if each.sure)
    unsure = (1 << len(operations)) - 1 - sure
    values: set[int] = set()
    there = unsure
    while True:
        values |= _orders(operations, sure | there)
        if not there:
            return values
        there = (there - 1) & unsure


def _orders(operations: Sequence[Operation], there: int) -> frozenset[int]:
    """Returns the values that the orders of some operations give; `there` has a bit for each."""
    before = [sum(1 << seen for seen in operation.seen) & there for operation in operations]

    @cache
    def after(done: int) -> frozenset[int]:
        values = set() if done else {0}
        for last in range(len(operations)):
            rest = done & ~(1 << last)
            if done >> last & 1 and not before[last] & ~rest:
                values |= {operations[last].apply(value) for value in after(rest)}
        return frozenset(values)

    return after(there)


def entries_of(
    groups: Iterable[Group], logs: Mapping[bytes, Sequence[Entry]] | None = None
) -> Entries:
    """Returns what the groups of a node or a store hold.

    What an heir took over is listed under a name of its own, since it is not the heir's own count.

    Args:
        logs: what owners had counted that heirs may have taken over; None: nobody has.
    """
    groups = list(groups)
    found = {group.owner: (group.upto, list(group.entries)) for group in groups}
    for group in groups:
        closed = inherited_by(group)
        if closed:
            found[group.owner + b"i"] = (0, _inherited_sums(group))
        for owner in closed:
            found[owner] = (_ALL, list((logs or {}).get(owner, ())))
    return found


def _inherited_sums(group: Group) -> list[Entry]:
    rows = [said for said in group.said if said.name == DEFAULT and said.source.startswith(b"i")]
    return [Entry(1, DEFAULT, int(said.source[1:]), said.total) for said in rows]


def inherited_by(group: Group) -> list[bytes]:
    """Returns the owners that an heir took over, if all of its log is here up to the end."""
    rows = [said for said in group.said if said.name == DEFAULT]
    if not any(said.source == b"e" and said.version <= group.upto for said in rows):
        return []
    ids = [said.source[1:] for said in rows if said.source.startswith(b"c")]
    return [some[at : at + 16] for some in ids for at in range(0, len(some), 16)]


def has_effect_of(operation: Operation, entries: Entries) -> bool:
    """Returns whether these entries contain what the operation did, or vouch for it."""
    if operation.entry is None:
        return False
    have, _ = entries.get(operation.owner, (0, ()))
    return have >= operation.entry.version or holds(operation, entries)


def holds(operation: Operation, entries: Entries) -> bool:
    """Returns whether these entries themselves contain what the operation did."""
    if operation.entry is None:
        return False
    wanted = operation.entry
    if operation.raises_to is None:
        _, kept = entries.get(operation.owner, (0, ()))
        return any(
            (each.name, each.floor) == (wanted.name, wanted.floor) and each.count >= wanted.count
            for each in kept
        )
    return any(
        (each.name, each.floor) == (wanted.name, operation.raises_to)
        for _, listed in entries.values()
        for each in listed
    )
