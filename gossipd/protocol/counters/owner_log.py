"""The entries of one owner, in the order of versions.

Whatever is asked of a log costs by what is asked for, and not by how many slots the owner has: an
entry is put in or replaced in O(log n), and what is newer than a version is found in O(log n) plus
what is taken of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sortedcontainers import SortedKeyList

from ..wire import Entry, Group, empty_group_bytes, entry_bytes


def version_of(entry: Entry) -> int:
    """Returns the entry's version, as a key to sort by."""
    return entry.version


class OwnerLog:
    """What is known of one owner.

    Attributes:
        have: the version up to which nothing of the owner is missing here.
        newest: the version of the newest entry that is here, which lies beyond a gap if it is more
            than `have`.
        entries: the newest entry of each slot.
    """

    __slots__ = ("_by_version", "entries", "have", "newest")

    def __init__(self) -> None:
        self.have = 0
        self.newest = 0
        self.entries: dict[str | int, Entry] = {}
        self._by_version = SortedKeyList(key=version_of)

    def put(self, entry: Entry) -> None:
        """Takes an entry in, in place of the one that its slot has."""
        slot = entry.slot
        replaced = self.entries.get(slot)
        if replaced is not None:
            self._by_version.remove(replaced)
        self.entries[slot] = entry
        self._by_version.add(entry)
        self.newest = max(self.newest, entry.version)

    def vouch(self, upto: int) -> None:
        """Takes note that nothing is missing up to this version."""
        self.have = upto
        self.newest = max(self.newest, upto)

    def after(self, version: int) -> Iterator[Entry]:
        """Yields the entries that are newer than a version, in order; none may be put meanwhile."""
        found: Iterator[Entry] = self._by_version.irange_key(version, inclusive=(False, True))
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
        chosen: list[Entry] = []
        budget -= empty_group_bytes(since, max(since, self.newest))
        whole = budget >= 0
        for entry in self.after(since):
            budget -= entry_bytes(entry)
            if budget < 0:
                whole = False
                break
            chosen.append(entry)
        if not chosen and not whole:
            return None, False
        upto = self.have if whole else min(self.have, chosen[-1].version)
        return Group(owner, since, max(upto, since), chosen), whole
