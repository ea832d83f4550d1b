"""The lines of owner ids: which id claims which, and whose log an heir has taken over.

Every process that counts has an owner id of its own, and *claims* the id that its directory knew
last. An heir sums up in its own log what the ids before it counted, and lists these ids at the end.
Where all of that is here, the heir's log is *whole*: what it inherited counts from then on, and the
listed ids are *closed*. Their logs are dropped, and ignored for ever.

The rules are those of the model in `tests/protocol/models/heirs.py`. The rows of a line are rows of
`DEFAULT` of the form `Said`, which clients never write.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from typing import NamedTuple

from ..wire import DEFAULT, Entry, Group, Row, Said
from .floors import VALUE_LIMIT
from .owner_log import OwnerLog
from .seen import Seen
from .sources import INHERITED, Source, Sources

CLAIM, CLOSED, END = b"p", b"c", b"e"
"""What is before the id that is claimed and before those that are closed, and the last row."""

IDS_PER_ROW = 4
"""How many ids a row lists: as many as fit into a source."""

DRAWN_BYTES = 6
"""How many bytes of an id are drawn, the others being those of the directory's line.

A store has many closed ids, and what ids have in common only once. Of 10,000 processes on one
directory two have the same id with a chance of one in 5 million, if no id is known any more.
"""

_END_SLOT = (DEFAULT, END)


class Ancestor(NamedTuple):
    """An id that may be taken over, as `heir` claims it: its log goes up to `version`.

    The digest is the hash of the log. A machine that was set back may have given a version twice.
    """

    owner: bytes
    version: int
    digest: int
    heir: bytes


class Heirs:
    """What is known of all lines.

    Attributes:
        closed: the heir of each closed id.
        lists: the closed ids of each heir whose log is whole, the oldest first.
        line: the id that was drawn last on this directory, and is on disk; empty: none is known.
    """

    def __init__(self) -> None:
        self.closed: dict[bytes, bytes] = {}
        self.lists: dict[bytes, tuple[bytes, ...]] = {}
        self.line = b""
        self._parents: dict[bytes, bytes] = {}
        self._children: dict[bytes, list[bytes]] = {}

    def draw(self, line: bytes) -> None:
        """Takes note that an id was drawn on this directory, if it is not empty."""
        self.line = line or self.line

    def new_id(self, draw: Callable[[int], bytes], known: Container[bytes]) -> bytes:
        """Returns an id for the next process of the directory, that is none of those `known`.

        Args:
            draw: returns so many random bytes.
        """
        while True:
            drawn = draw(16)
            owner = drawn[:DRAWN_BYTES] + (self.line or drawn)[DRAWN_BYTES:]
            if owner not in known and owner not in self.closed:
                return owner

    def parent(self, owner: bytes) -> bytes:
        """Returns the id that an owner claims, empty for none that is known."""
        return self._parents.get(owner, b"")

    def children(self, owner: bytes) -> Sequence[bytes]:
        """Returns the ids that are known to claim an owner."""
        return self._children.get(owner, ())

    def claim(self, child: bytes, parent: bytes) -> None:
        """Takes note that an id claims another one."""
        if self._parents.get(child) is None:
            self._parents[child] = parent
            self._children.setdefault(parent, []).append(child)

    def close(self, heir: bytes, ids: tuple[bytes, ...]) -> None:
        """Takes note that the log of an heir is whole, and lists these ids."""
        self.lists[heir] = ids
        for owner in ids:
            self.closed[owner] = heir
            self.lists.pop(owner, None)
            parent = self._parents.pop(owner, b"")
            if parent:
                self._children[parent].remove(owner)
                if not self._children[parent]:
                    del self._children[parent]


def claim_row(version: int, parent: bytes) -> Row:
    """Returns the row by which an owner claims another id."""
    return Said(version, DEFAULT, CLAIM + parent, 1, 0)


def inherited_source(heir: bytes) -> Source:
    """Returns the source that stands for what an heir inherited of a named counter."""
    return INHERITED + heir


def inherits(owner: bytes, row: Row) -> bool:
    """Returns whether a row in the log of `owner` says no more than what it inherited."""
    if not isinstance(row, Said):
        return False
    if row.name == DEFAULT:
        return row.source.startswith(INHERITED)
    return row.source == inherited_source(owner) and not row.base_rank


def _inherited(owner: bytes, row: Said) -> bool:
    """Returns whether a row has what `owner` inherited, whatever was taken away of that."""
    return inherits(owner, row) or row.source == inherited_source(owner)


def is_valid(row: Said) -> bool:
    """Returns whether a row of `DEFAULT` is one of a line, as this version writes them."""
    kind, content = row.source[:1], row.source[1:]
    if kind == INHERITED:
        is_floor = content.isdigit() and len(content) < 20 and int(content) <= VALUE_LIMIT
        return is_floor and row.total > 0
    sizes = {CLAIM: (16,), CLOSED: (16, 32, 48, 64), END: (0,)}
    return len(content) in sizes.get(kind, ())


def floor_of(row: Said) -> int:
    """Returns the floor that a row of `DEFAULT` inherits a count of."""
    return int(row.source[1:])


def floors_of(group: Group) -> Iterator[int]:
    """Yields the floors that a group tells of."""
    yield from (entry.floor for entry in group.entries if entry.name == DEFAULT)
    for said in group.said:
        if said.name == DEFAULT and said.source.startswith(INHERITED) and is_valid(said):
            yield floor_of(said)


def is_whole(log: OwnerLog) -> bool:
    """Returns whether a log has an end, and everything up to it."""
    end = log.entries.get(_END_SLOT)
    return end is not None and log.have >= end.version


def listed(log: OwnerLog) -> tuple[bytes, ...]:
    """Returns the ids that a log closes, the oldest first."""
    rows = [row for row in log.after(-1) if isinstance(row, Said) and _lists(row)]
    rows.sort(key=lambda row: row.version)
    ids = b"".join(row.source[1:] for row in rows)
    return tuple(ids[at : at + 16] for at in range(0, len(ids) - 15, 16))


def closed_ids(group: Group) -> Iterator[bytes]:
    """Yields the ids that a group lists as closed, whether or not the heir's log is whole."""
    for row in filter(_lists, group.said):
        for at in range(1, len(row.source) - 15, 16):
            yield row.source[at : at + 16]


def _lists(row: Said) -> bool:
    return row.name == DEFAULT and row.source.startswith(CLOSED)


class Bundle:
    """The rows in which an heir sums up what others counted.

    Attributes:
        ids: what it closes, the oldest first.
    """

    def __init__(self, heir: bytes, version: int) -> None:
        """Begins after a version of the heir."""
        self._heir = heir
        self._version = version
        self._sums: dict[str, int] = {}
        self._floors: dict[int, int] = {}
        self._declared = 0
        self._taken: list[tuple[str, Source, Seen]] = []
        self.ids: list[bytes] = []

    def take(self, owner: bytes, log: OwnerLog, closed: tuple[bytes, ...] | None) -> None:
        """Sums up a log; `closed` are the ids that it closes, None if it is not whole."""
        for row in log.after(-1):
            if isinstance(row, Entry):
                self.count(row.name, row.floor, row.count)
            elif not row.source:
                self.count(row.name, 0, row.total)
            elif closed is not None and _inherited(owner, row):
                self.count(row.name, floor_of(row) if row.name == DEFAULT else 0, row.total)
        self.ids += (*(closed or ()), owner)

    def count(self, name: str, floor: int, count: int) -> None:
        """Adds what was counted of a name under a floor; of `DEFAULT`, 0 declares the floor."""
        if name != DEFAULT:
            self._sums[name] = self._sums.get(name, 0) + count
        else:
            self._declared = max(self._declared, floor)
            if count:
                self._floors[floor] = self._floors.get(floor, 0) + count

    def repeat(self, name: str, source: Source, sources: Sources) -> None:
        """Says again what is known of a source, whose rows go or are in a log that goes."""
        seen = sources.seen(source)
        if seen is not None:
            self._taken.append((name, source, seen))

    def rows(self, declared: int) -> list[Row]:
        """Returns the rows, the end last.

        Args:
            declared: the floor that the heir has declared.
        """
        found: list[Row] = []
        if self._declared > declared:
            found.append(Entry(self._next(), DEFAULT, self._declared, 0))
        for floor, count in self._floors.items():
            found.append(Said(self._next(), DEFAULT, INHERITED + b"%d" % floor, 1, count))
        source = inherited_source(self._heir)
        for name, count in self._sums.items():
            found.append(Said(self._next(), name, source, 1, count))
        found += [seen.row(self._next(), name, about) for name, about, seen in self._taken]
        for at in range(0, len(self.ids), IDS_PER_ROW):
            ids = b"".join(self.ids[at : at + IDS_PER_ROW])
            found.append(Said(self._next(), DEFAULT, CLOSED + ids, 1, 0))
        return [*found, Said(self._next(), DEFAULT, END, 1, 0)]

    def _next(self) -> int:
        self._version += 1
        return self._version
