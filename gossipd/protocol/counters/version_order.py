"""The rows of one owner in the order of versions, in blocks."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import attrgetter

from ..wire import Row

BLOCK = 512
"""How many rows a block holds at most. To take one out of a list of that size costs little."""

version_of = attrgetter("version")
"""Returns a row's version, as a key to sort by."""


class _Block:
    """Some rows, and their versions beside: a search reads one piece of memory and not each row."""

    __slots__ = ("rows", "versions")

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = list(rows)
        self.versions = array("q", map(version_of, self.rows))


class VersionOrder:
    """Rows in the order of versions; of equal versions, in the order in which they came.

    Nearly all rows come in that order. Then each is appended, and every block but the last is full
    until rows are taken out of it. A block of which little is left is joined to the one before.
    """

    __slots__ = ("_blocks", "_firsts")

    def __init__(self) -> None:
        self._blocks = [_Block(())]
        # No row of a block is older than the version here, and none of the blocks before is newer.
        self._firsts = [0]

    def add(self, row: Row) -> None:
        """Takes a row in."""
        version, last = row.version, self._blocks[-1]
        if last.versions and version < last.versions[-1]:
            self._insert(row)
        elif len(last.rows) < BLOCK:
            last.versions.append(version)
            last.rows.append(row)
        else:
            self._blocks.append(_Block([row]))
            self._firsts.append(version)

    def _insert(self, row: Row) -> None:
        place = bisect_right(self._firsts, row.version) - 1
        block = self._blocks[place]
        index = bisect_right(block.versions, row.version)
        block.versions.insert(index, row.version)
        block.rows.insert(index, row)
        if len(block.rows) > BLOCK:
            half = BLOCK // 2
            self._blocks[place : place + 1] = [_Block(block.rows[:half]), _Block(block.rows[half:])]
            self._firsts.insert(place + 1, block.versions[half])

    def remove(self, row: Row) -> None:
        """Takes out a row, which must be here."""
        # The first block that may have it: rows of equal versions may be in several.
        place = max(bisect_left(self._firsts, row.version) - 1, 0)
        block = self._blocks[place]
        index = bisect_left(block.versions, row.version)
        while index == len(block.rows) or block.rows[index] is not row:
            index += 1
            if index > len(block.rows):
                place, index = place + 1, 0
                block = self._blocks[place]
        del block.versions[index], block.rows[index]
        if len(block.rows) < BLOCK // 2 and len(self._blocks) > 1:
            self._join(max(place, 1))

    def _join(self, place: int) -> None:
        """Joins a block to the one before, if there is room. So none is empty beside others."""
        before, block = self._blocks[place - 1 : place + 1]
        if len(before.rows) + len(block.rows) <= BLOCK:
            before.versions += block.versions
            before.rows += block.rows
            del self._blocks[place], self._firsts[place]

    def after(self, version: int) -> Iterator[Row]:
        """Yields the rows that are newer than a version, in order; none may change meanwhile."""
        place = bisect_right(self._firsts, version) - 1
        block = self._blocks[place]
        yield from block.rows[bisect_right(block.versions, version) :]
        for later in islice(self._blocks, place + 1, None):
            yield from later.rows
