"""The entries of one owner, in the order of versions.

Whatever is asked of a log costs by what is asked for, and not by how many slots the owner has: an
entry is put in or replaced in O(log n), and what is newer than a version is found in O(log n) plus
what is taken of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import TypeGuard

from ..fingerprint import MASK
from ..wire import DEFAULT, Entry, Group, Row, Said, Slot, empty_group_bytes, row_bytes
from .courses import Course, Told
from .sums import GONE, Change, Held, Sums
from .version_order import Placed, VersionOrder, version_of


class Rows:
    """The newest row of each slot of one owner.

    Attributes:
        others: those that are no sums of plain counters. Of a sum a row is made when it is asked
            for.
    """

    __slots__ = ("_number", "_owner", "_sums", "others")

    def __init__(self, sums: Sums, owner: int) -> None:
        self._sums = sums
        self._owner = owner
        self._number = 0
        self.others: dict[Slot, Row] = {}

    def __len__(self) -> int:
        return self._number + len(self.others)

    def __contains__(self, slot: Slot) -> bool:
        return self.get(slot) is not None

    def __getitem__(self, slot: Slot) -> Row:
        row = self.get(slot)
        if row is None:
            raise KeyError(slot)
        return row

    def get(self, slot: Slot) -> Row | None:
        """Returns the row of a slot, None if there is none."""
        held = self.held(slot) if isinstance(slot, str) else None
        return self.others.get(slot) if held is None else _row(held)

    def held(self, name: str) -> Held | None:
        """Returns what is held of a plain counter, None if nothing is."""
        return self._sums.find(self._owner, name)

    def merge(self, sums: Iterable[Entry]) -> list[Change]:
        """Takes in newer sums, of whose slots there are no other rows, as `Sums.merge`."""
        changes = self._sums.merge(self._owner, sums)
        self._number += sum([before == GONE for _, before, _ in changes])
        return changes

    def pop(self, slot: Slot) -> Row:
        """Takes out the row of a slot, which must be here."""
        row = self[slot]
        if self.others.pop(slot, None) is None:
            self._number -= 1
            self._sums.drop(self._owner, row.name)
        return row


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

    __slots__ = (
        "_by_version",
        "course",
        "dropped",
        "entries",
        "have",
        "loose",
        "newest",
        "number",
    )

    def __init__(self, sums: Sums | None = None, number: int = 0) -> None:
        """Makes an empty log.

        Args:
            sums: where the sums of plain counters are, of this owner and of others.
            number: the owner's number there.
        """
        self.number = number
        self.have = 0
        self.newest = 0
        self.dropped = False
        self.entries = Rows(Sums() if sums is None else sums, number)
        self.loose = 0
        self.course: Course | None = None
        self._by_version = VersionOrder()

    def put(self, slot: Slot, row: Row) -> None:
        """Takes a row of a slot in, in place of the one that the slot has."""
        if slot in self.entries:
            self._take_out(self.entries.pop(slot))
        if is_sum(row):
            self.merge([row])
        else:
            self.entries.others[slot] = row
            self._place([row])
            if self.loose:
                self.loose = (self.loose + self._mixed(row.version)) & MASK

    def merge(self, sums: Iterable[Entry]) -> list[Change]:
        """Takes in newer sums of plain counters, of whose slots there are no other rows.

        Returns what `Sums.merge` does.
        """
        changes = self.entries.merge(sums)
        self._place([held for held, before, _ in changes if held.version != before])
        self._by_version.moved(sum([before != GONE for _, before, _ in changes]))
        if self.loose:
            mixed = [self._mixed(held.version) - self._mixed(old) for held, old, _ in changes]
            self.loose = (self.loose + sum(mixed)) & MASK
        return changes

    def _place(self, rows: list[Placed]) -> None:
        """Takes what has another version now into the order of versions."""
        if rows:
            rows.sort(key=version_of)
            self._by_version.add(rows)
            self.newest = max(self.newest, rows[-1].version)

    def drop(self, slot: Slot) -> None:
        """Drops the row of a slot, which changes nothing about the versions."""
        self._take_out(self.entries.pop(slot))
        self.dropped |= isinstance(slot, str)

    def _take_out(self, row: Row) -> None:
        if is_sum(row):
            self._by_version.moved(1)
        else:
            self._by_version.remove(row)
        if self.loose:
            self.loose = (self.loose - self._mixed(row.version)) & MASK

    def _mixed(self, version: int) -> int:
        return _mixed(version) if version > self.have else 0

    def vouch(self, upto: int) -> None:
        """Takes note that nothing is missing up to this version."""
        if self.loose and upto < self.newest:
            passed = takewhile(lambda row: row.version <= upto, self.after(self.have))
            self.loose = (self.loose - sum(_mixed(row.version) for row in passed)) & MASK
        self.have = upto
        self.newest = max(self.newest, upto)

    def after(self, version: int) -> Iterator[Row]:
        """Yields the rows that are newer than a version, in order; none may be put meanwhile."""
        return map(_row, self._by_version.after(version))

    def clear(self) -> None:
        """Drops all rows."""
        for row in list(self.after(-1)):
            self.entries.pop(row.slot)
        self._by_version = VersionOrder()

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


def is_sum(row: Row) -> TypeGuard[Entry]:
    """Returns whether a row is an owner's sum of a plain counter."""
    return isinstance(row, Entry) and row.name != DEFAULT


def _row(placed: Placed) -> Row:
    """Returns the row that is meant by what has a place in the order of versions."""
    if isinstance(placed, Held):
        return Entry(placed.version, placed.name, 0, placed.count)
    return placed


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
