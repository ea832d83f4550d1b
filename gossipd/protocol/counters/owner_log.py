"""The entries of one owner, in the order of versions.

Whatever is asked of a log costs by what is asked for, and not by how many slots the owner has: an
entry is put in or replaced in O(log n), and what is newer than a version is found in O(log n) plus
what is taken of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sortedcontainers import SortedKeyList

from ..wire import Entry, Group, Row, Said, Slot, empty_group_bytes, row_bytes


def version_of(row: Row) -> int:
    """Returns the row's version, as a key to sort by."""
    return row.version


class OwnerLog:
    """What is known of one owner.

    Attributes:
        have: the version up to which nothing of the owner is missing here.
        newest: the version of the newest entry that is here, which lies beyond a gap if it is more
            than `have`.
        entries: the newest row of each slot.
        dropped: whether a row of the owner about itself was dropped.
    """

    __slots__ = ("_by_version", "dropped", "entries", "have", "newest")

    def __init__(self) -> None:
        self.have = 0
        self.newest = 0
        self.dropped = False
        self.entries: dict[Slot, Row] = {}
        self._by_version = SortedKeyList(key=version_of)

    def put(self, row: Row) -> None:
        """Takes a row in, in place of the one that its slot has."""
        slot = row.slot
        replaced = self.entries.get(slot)
        if replaced is not None:
            self._by_version.remove(replaced)
        self.entries[slot] = row
        self._by_version.add(row)
        self.newest = max(self.newest, row.version)

    def drop(self, slot: Slot) -> None:
        """Drops the row of a slot, which changes nothing about the versions."""
        self._by_version.remove(self.entries.pop(slot))
        self.dropped |= isinstance(slot, str)

    def vouch(self, upto: int) -> None:
        """Takes note that nothing is missing up to this version."""
        self.have = upto
        self.newest = max(self.newest, upto)

    def after(self, version: int) -> Iterator[Row]:
        """Yields the rows that are newer than a version, in order; none may be put meanwhile."""
        found: Iterator[Row] = self._by_version.irange_key(version, inclusive=(False, True))
        return found

    def group(self, owner: bytes, since: int, budget: int) -> tuple[Group | None, bool]:
        """Returns what a node lacks that has all up to `since`, and whether all of it fitted.

        The group encodes to at most `budget` bytes. It is None if nothing is lacking, or nothing
        fits.

        Entries are chosen in order of version. A group that is cut therefore brings a complete
        range, and its receiver can vouch for everything up to the last chosen entry. It can never
        vouch for more than this node itself: entries beyond a gap are sent, but `upto` stays at
        this node's `have`.
        """
        if self.newest <= since:
            return None, True
        entries: list[Entry] = []
        said: list[Said] = []
        last = 0
        budget -= empty_group_bytes(since, max(since, self.newest))
        whole = budget >= 0
        for row in self.after(since):
            budget -= row_bytes(row)
            if budget < 0:
                whole = False
                break
            last = row.version
            if isinstance(row, Entry):
                entries.append(row)
            else:
                said.append(row)
        if not last and not whole:
            return None, False
        upto = self.have if whole else min(self.have, last)
        return Group(owner, since, max(upto, since), entries, said), whole
