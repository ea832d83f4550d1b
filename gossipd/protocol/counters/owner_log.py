"""The entries of one owner, in the order of versions.

Whatever is asked of a log costs by what is asked for, and not by how many slots the owner has: an
entry is put in or replaced in O(log n), and what is newer than a version is found in O(log n) plus
what is taken of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile

from ..fingerprint import MASK
from ..wire import Entry, Group, Row, Said, Slot, empty_group_bytes, row_bytes
from .courses import Course, Told
from .version_order import VersionOrder


class OwnerLog:
    """What is known of one owner.

    Attributes:
        have: the version up to which nothing of the owner is missing here.
        newest: the version of the newest entry that is here, which lies beyond a gap if it is more
            than `have`.
        entries: the newest row of each slot.
        dropped: whether a row of the owner about itself was dropped.
        loose: a hash of which versions lie beyond the gap, 0 if there is none. Two nodes with equal
            `have`, `newest` and `loose` have the same entries.
        course: how far a node has come that tells more than one datagram holds; else None.
    """

    __slots__ = ("_by_version", "course", "dropped", "entries", "have", "loose", "newest")

    def __init__(self) -> None:
        self.have = 0
        self.newest = 0
        self.dropped = False
        self.entries: dict[Slot, Row] = {}
        self.loose = 0
        self.course: Course | None = None
        self._by_version = VersionOrder()

    def put(self, slot: Slot, row: Row) -> None:
        """Takes a row of a slot in, in place of the one that the slot has."""
        replaced = self.entries.get(slot)
        if replaced is not None:
            self._take_out(replaced)
        self.entries[slot] = row
        self._by_version.add(row)
        self.newest = max(self.newest, row.version)
        if self.loose and row.version > self.have:
            self.loose = (self.loose + _mixed(row.version)) & MASK

    def drop(self, slot: Slot) -> None:
        """Drops the row of a slot, which changes nothing about the versions."""
        self._take_out(self.entries.pop(slot))
        self.dropped |= isinstance(slot, str)

    def _take_out(self, row: Row) -> None:
        self._by_version.remove(row)
        if self.loose and row.version > self.have:
            self.loose = (self.loose - _mixed(row.version)) & MASK

    def vouch(self, upto: int) -> None:
        """Takes note that nothing is missing up to this version."""
        if self.loose and upto < self.newest:
            passed = takewhile(lambda row: row.version <= upto, self.after(self.have))
            self.loose = (self.loose - sum(_mixed(row.version) for row in passed)) & MASK
        self.have = upto
        self.newest = max(self.newest, upto)

    def after(self, version: int) -> Iterator[Row]:
        """Yields the rows that are newer than a version, in order; none may be put meanwhile."""
        return self._by_version.after(version)

    def hear(self, group: Group, told: Told) -> bool:
        """Takes note of what a group completes whose entries were put.

        The version up to which nothing is missing rises only if the group connects to it: a group
        from `since` says nothing of what is before, so one that starts beyond `have` leaves a gap,
        unless the same node has told all that lies between.

        Returns whether that version rose, or the teller of a cut group has come further.
        """
        if self.course is not None and self.course.ends(told):
            self.course = None
        course = self.course
        connects = group.since <= self.have
        follows = course is not None and course.follows(group, told, self.have)
        news = group.upto > self.have and (connects or (follows and told.cut is None))
        if news:
            self.vouch(group.upto)
        last = last_version(group)
        if told.teller and told.cut is not None and last:
            if course is not None and follows:
                news |= course.goes_on(last)
            elif connects and last > self.have and (course is None or course.gives_way()):
                self.course = Course(told.teller, last, told.cut)
                news = True
        if self.course is not None and (
            self.course.told <= self.have or (follows and told.cut is None)
        ):
            self.course = None
        if self.newest == self.have:
            self.loose = 0
        elif not self.loose:
            self.loose = sum(_mixed(entry.version) for entry in self.after(self.have)) & MASK
        return news

    def group(self, owner: bytes, since: int, budget: int) -> tuple[Group | None, bool]:
        """Returns what a node lacks that has all up to `since`, and whether all of it fitted.

        The group encodes to at most `budget` bytes. It is None if nothing is lacking, or nothing
        fits.

        Entries are chosen in order of version, so that a group that was cut can be gone on from. It
        vouches as far as no version is missing in it: a slot that was left out may have an entry
        beyond the cut. No group vouches for more than this node itself: entries beyond a gap are
        sent, but `upto` is at most this node's `have`.
        """
        if self.newest <= since:
            return None, True
        entries: list[Entry] = []
        said: list[Said] = []
        last, unbroken = 0, since
        budget -= empty_group_bytes(since, max(since, self.newest))
        whole = budget >= 0
        for row in self.after(since):
            budget -= row_bytes(row)
            if budget < 0:
                whole = False
                break
            last = row.version
            if last == unbroken + 1:
                unbroken = last
            if isinstance(row, Entry):
                entries.append(row)
            else:
                said.append(row)
        if not last and not whole:
            return None, False
        upto = self.have if whole else min(unbroken, self.have)
        return Group(owner, since, upto, entries, said), whole


def last_version(group: Group) -> int:
    """Returns the version of the last row of a group, 0 if it has none."""
    ends = [rows[-1].version for rows in (group.entries, group.said) if rows]
    return max(ends, default=0)


def _mixed(version: int) -> int:
    """Returns a number that tells a version from others, also in sums of such numbers."""
    mixed = version * 0x9E3779B97F4A7C15 & MASK
    mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93 & MASK
    return mixed ^ mixed >> 29


def group_of(owner: bytes, since: int, upto: int, rows: Iterable[Row]) -> Group:
    """Returns a group of these rows."""
    entries: list[Entry] = []
    said: list[Said] = []
    for row in rows:
        if isinstance(row, Entry):
            entries.append(row)
        else:
            said.append(row)
    return Group(owner, since, upto, entries, said)
