"""What owners counted of plain counters, by name.

Most counters are counted by one owner or a few. Of each there is one object, which is changed in
place, and one place in one table: what a counter costs in memory is mostly this.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from ..wire import Entry

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


Change = tuple[Held, int, int]
"""What is held now, its version before, and by how much the sum changed. `GONE`: it is new."""


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

    def lacking(self, names: set[str]) -> set[str]:
        """Returns those of these names of which no owner has a sum."""
        return names.difference(self._cells)

    def find(self, owner: int, name: str) -> Held | None:
        """Returns what is held of an owner, which the caller does not keep."""
        cell = self._cells.get(name)
        if isinstance(cell, Held):
            return cell if cell.owner == owner else None
        return None if cell is None else cell.rows.get(owner)

    def merge(self, owner: int, rows: Iterable[Entry]) -> list[Change]:
        """Takes in those sums of an owner that are newer than what is held, and returns those."""
        changes: dict[str, Change] = {}
        cells = self._cells
        for row in rows:
            version, name, count = row.version, row.name, row.count
            cell = held = cells.get(name)
            if not isinstance(held, Held) or held.owner != owner:
                held = self._place(owner, name)
                cell = cells[name]
            before, by = held.version, count - held.count
            if version < before or (version == before and by <= 0):
                continue
            held.version, held.count = version, count
            if isinstance(cell, _Shared):
                cell.total += by
            if name in changes:
                _, before, more = changes[name]
                by += more
            changes[name] = (held, before, by)
        return list(changes.values())

    def _place(self, owner: int, name: str) -> Held:
        """Returns what is held of an owner, with a version of `GONE` if nothing was."""
        cell = self._cells.get(name)
        if cell is None:
            held = self._cells[name] = Held(GONE, name, owner, 0)
            return held
        if isinstance(cell, Held):
            cell = self._cells[name] = _Shared(cell)
        if owner not in cell.rows:
            # All have one object for the name.
            name = next(iter(cell.rows.values())).name
            cell.rows[owner] = Held(GONE, name, owner, 0)
        return cell.rows[owner]

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
