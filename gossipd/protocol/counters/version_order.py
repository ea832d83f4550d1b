"""The rows of one owner in the order of versions, in blocks."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, islice
from operator import attrgetter, eq

from ..wire import Row
from .sums import Held

BLOCK = 512
"""How many rows a block holds at most. To take one out of a list of that size costs little."""

_TIDIED_AFTER = 4
"""After a block's worth of moves, divided by this, one block is tidied: of all places at most a
third is void."""

Placed = Row | Held
"""What has a place in the order. What is held moves on in place, and leaves a void place behind."""

version_of = attrgetter("version")
"""Returns a row's version, as a key to sort by."""


class _Block:
    """Some rows, and their versions beside: a search reads one piece of memory and not each row.

    A place whose row has another version by now is void.
    """

    __slots__ = ("rows", "versions")

    def __init__(self, rows: Iterable[Placed], versions: Iterable[int]) -> None:
        self.rows = list(rows)
        self.versions = array("q", versions)

    def present(self, start: int = 0) -> Iterator[Placed]:
        """Returns the rows from a place on, without void places."""
        rows = self.rows[start:]
        return compress(rows, map(eq, map(version_of, rows), self.versions[start:]))


class VersionOrder:
    """Rows in the order of versions; of equal versions, in the order in which they came.

    Nearly all rows come in that order. Then each is appended, and every block but the last is full
    until rows are taken out of it. A block of which little is left is joined to the one before.
    """

    __slots__ = ("_blocks", "_firsts", "_moves", "_next")

    def __init__(self) -> None:
        self._blocks = [_Block((), ())]
        self._moves = self._next = 0
        # No row of a block is older than the version here, and none of the blocks before is newer.
        self._firsts = [-1]

    def add(self, rows: Sequence[Placed]) -> None:
        """Takes in some rows, which are in order among themselves."""
        versions, last = list(map(version_of, rows)), self._blocks[-1]
        if last.versions and versions[0] < last.versions[-1]:
            for row in rows:
                self._insert(row)
            return
        room = BLOCK - len(last.rows)
        last.rows += rows[:room]
        last.versions.extend(versions[:room])
        for at in range(room, len(rows), BLOCK):
            self._blocks.append(_Block(rows[at : at + BLOCK], versions[at : at + BLOCK]))
            self._firsts.append(versions[at])

    def moved(self, number: int) -> None:
        """Takes note that so many of what was here have other versions, or are gone.

        Each has left a void place.
        """
        self._moves += number
        while self._moves * _TIDIED_AFTER >= BLOCK:
            self._moves -= BLOCK // _TIDIED_AFTER
            self._tidy()

    def _tidy(self) -> None:
        """Takes the void places out of the next block."""
        self._next = self._next % len(self._blocks)
        block = self._blocks[self._next]
        rows = list(block.present())
        if len(rows) < len(block.rows):
            block.rows, block.versions = rows, array("q", map(version_of, rows))
        if len(rows) < BLOCK // 2 and len(self._blocks) > 1:
            self._join(max(self._next, 1))
        self._next += 1

    def _insert(self, row: Placed) -> None:
        place = bisect_right(self._firsts, row.version) - 1
        block = self._blocks[place]
        index = bisect_right(block.versions, row.version)
        block.versions.insert(index, row.version)
        block.rows.insert(index, row)
        if len(block.rows) > BLOCK:
            half = BLOCK // 2
            self._blocks[place : place + 1] = [
                _Block(block.rows[:half], block.versions[:half]),
                _Block(block.rows[half:], block.versions[half:]),
            ]
            self._firsts.insert(place + 1, block.versions[half])

    def remove(self, row: Placed) -> None:
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

    def after(self, version: int) -> Iterator[Placed]:
        """Yields the rows that are newer than a version, in order; none may change meanwhile."""
        place = bisect_right(self._firsts, version) - 1
        start = bisect_right(self._blocks[place].versions, version)
        for block in islice(self._blocks, place, None):
            yield from block.present(start)
            start = 0
