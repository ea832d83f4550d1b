"""What owners counted of plain counters, by name.

Most counters are counted by one owner or a few. Of each there is one object, which is changed in
place, and one place in one table: what a counter costs in memory is mostly this.
"""

from __future__ import annotations

from msgspec import Struct

GONE = -1
"""The version of what is held no more."""


class Held(Struct, gc=False):
    """The newest sum of one owner. It is changed where it is, so nobody may keep one.

    Attributes:
        version: the version at which the owner counted last, GONE if it was dropped.
        name: of the counter.
        owner: the owner's number among those of the node.
        count: all that the owner counted.
    """

    version: int
    name: str
    owner: int
    count: int


class _Shared:
    """The sums of several owners, by owner, and the sum of all."""

    __slots__ = ("rows", "total")

    def __init__(self, held: Held) -> None:
        self.rows = {held.owner: held}
        self.total = held.count


class Sums:
    """The sums of all owners."""

    __slots__ = ("_cells",)

    def __init__(self) -> None:
        self._cells: dict[str, Held | _Shared] = {}

    def total(self, name: str) -> int | None:
        """Returns the sum over all owners, None if there is none."""
        cell = self._cells.get(name)
        if cell is None:
            return None
        return cell.count if isinstance(cell, Held) else cell.total

    def find(self, owner: int, name: str) -> Held | None:
        """Returns what is held of an owner, which the caller does not keep."""
        cell = self._cells.get(name)
        if isinstance(cell, Held):
            return cell if cell.owner == owner else None
        return None if cell is None else cell.rows.get(owner)

    def put(self, owner: int, version: int, name: str, count: int) -> tuple[Held, int]:
        """Takes the sum of an owner. Returns what is held now, and its version before."""
        cell = self._cells.get(name)
        if isinstance(cell, Held):
            if cell.owner == owner:
                before, cell.version, cell.count = cell.version, version, count
                return cell, before
            cell = self._cells[name] = _Shared(cell)
        if cell is None:
            held = self._cells[name] = Held(version, name, owner, count)
            return held, GONE
        known = cell.rows.get(owner)
        if known is None:
            # All have one object for the name.
            name = next(iter(cell.rows.values())).name
            known = cell.rows[owner] = Held(GONE, name, owner, 0)
        cell.total += count - known.count
        before, known.version, known.count = known.version, version, count
        return known, before

    def drop(self, owner: int, name: str) -> None:
        """Drops the sum of an owner, if there is one."""
        held = self.find(owner, name)
        if held is None:
            return
        held.version = GONE
        cell = self._cells[name]
        if isinstance(cell, Held):
            del self._cells[name]
        else:
            cell.total -= held.count
            del cell.rows[owner]
            if not cell.rows:
                del self._cells[name]
