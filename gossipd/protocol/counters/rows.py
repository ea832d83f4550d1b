"""Rows by themselves: the numbers that a row may have, and which of two rows of a slot wins."""

from __future__ import annotations

from msgspec import structs

from ..wire import Entry, Group, Row
from .floors import TOTAL_LIMIT, VALUE_LIMIT
from .seen import seen_in
from .sources import OWNER


def capped(group: Group) -> Group:
    """Returns a group whose numbers are within what a node writes.

    A floor is at most 2**53 - 1, and what an owner counted within ±2**62. No node writes more; of
    what goes beyond, all nodes take the same. Of several rows that become rows of one slot, merging
    takes the maximum as ever. So the order in which they come does not matter.
    """
    # Nearly all fit: a call for each would take longer than the comparison.
    entries = [
        entry
        if -TOTAL_LIMIT <= entry.count <= TOTAL_LIMIT and entry.floor <= VALUE_LIMIT
        else _capped(entry)
        for entry in group.entries
    ]
    said = [
        row
        if abs(row.total) <= TOTAL_LIMIT and abs(row.base) <= TOTAL_LIMIT
        else structs.replace(row, total=_total(row.total), base=_total(row.base))
        for row in group.said
    ]
    if entries == group.entries and said == group.said:
        return group
    return structs.replace(group, entries=entries, said=said)


def larger(known: Entry, entry: Entry) -> Entry:
    """Returns the maximum of each number of two entries of one slot of `DEFAULT`.

    An owner whose machine was set back has two histories. All nodes must end up with the same
    entry, in whichever order the two arrive.
    """
    return Entry(
        max(known.version, entry.version),
        entry.name,
        max(known.floor, entry.floor),
        max(known.count, entry.count),
    )


def order(row: Row) -> tuple[int, ...]:
    """Returns by what the rows of one slot are compared.

    An owner whose machine was set back has two histories, and may give one version twice.
    """
    return (row.version, *seen_in(row))


def joined(known: Row, row: Row) -> Row:
    """Returns what two rows of one slot of a named counter say together, at the later version.

    A newer row says no less than an older one, and so it is the newer row. But an owner whose
    machine was set back has two histories. All nodes must end up with the same, in whichever order
    rows of both arrive.
    """
    version = max(known.version, row.version)
    return seen_in(known).merged(seen_in(row)).row(version, row.name, getattr(row, "source", b""))


def rank_said(group: Group, owner: bytes) -> int:
    """Returns how far an owner has come, as rows of others say; 0 if they say nothing of it."""
    said = [row for row in group.said if row.source == OWNER + owner]
    return max([max(row.rank, row.base_rank) for row in said], default=0)


def _capped(entry: Entry) -> Entry:
    floor = min(entry.floor, VALUE_LIMIT)
    return structs.replace(entry, floor=floor, count=_total(entry.count))


def _total(total: int) -> int:
    return max(-TOTAL_LIMIT, min(total, TOTAL_LIMIT))
