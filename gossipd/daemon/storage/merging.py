"""The rows of the tables together with the writes that are not in them yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from operator import attrgetter

from gossipd.protocol import Group, Ledger, Slot

VERSION_OF = attrgetter("version")


def with_writes(groups: Iterable[Group], written: Sequence[Group]) -> list[Group]:
    """Returns one group for each owner, which has what its rows and the writes have.

    Of an owner's rows only those are merged whose slots the writes tell of: there may be very many
    others.
    """
    slots: dict[bytes, set[Slot]] = {}
    for group in written:
        slots.setdefault(group.owner, set()).update(row.slot for row in group.rows)
    ledger = Ledger(b"")
    found: list[Group] = []
    rest: dict[bytes, Group] = {}
    for group in groups:
        owner = group.owner
        if owner in slots:
            ledger.apply(_chosen(group, slots[owner], told=True))
            rest[owner] = _chosen(group, slots[owner], told=False)
        else:
            found.append(group)
    for group in written:
        ledger.apply(group)
    for group in ledger.all_groups():
        other = rest.get(group.owner, Group(group.owner, 0, 0, []))
        entries = sorted([*other.entries, *group.entries], key=VERSION_OF)
        said = sorted([*other.said, *group.said], key=VERSION_OF)
        found.append(Group(group.owner, 0, group.upto, entries, said))
    return sorted(found, key=lambda group: group.owner)


def _chosen(group: Group, slots: AbstractSet[Slot], *, told: bool) -> Group:
    """Returns the rows that are told of in writes, or all others."""
    entries = [entry for entry in group.entries if (entry.slot in slots) is told]
    said = [row for row in group.said if (row.slot in slots) is told]
    return Group(group.owner, 0, group.upto, entries, said)
