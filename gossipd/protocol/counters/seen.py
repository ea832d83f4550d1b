"""What rows say about one source of a named counter: how far it has come, and what was taken away.

A *source* is an owner, or a client that states totals of its own. The rules are those of the models
of resets and of expiry (`tests/protocol/models/`).
"""

from __future__ import annotations

from typing import NamedTuple

from ..wire import LARGEST, Entry, Row, Said

ENDLESS = LARGEST + 1
"""The end of a life that has none, so that it can be compared."""


class Seen(NamedTuple):
    """What is known of a source. The fields are those of `Said`.

    A row of another form, `Entry`, says only that the owner came to the total of its count, at the
    rank of its version.
    """

    rank: int = 0
    total: int = 0
    base_rank: int = 0
    base: int = 0
    gone: bool = False
    start: int = 0
    until: int = 0

    @property
    def contribution(self) -> int:
        """What is left of the total."""
        return self.total - self.base if self.rank > self.base_rank else 0

    @property
    def cut(self) -> tuple[int, bool, int]:
        """What decides which base wins: of the same rank, a delete wins over a reset."""
        return self.base_rank, self.gone, self.base

    @property
    def void(self) -> bool:
        """Whether a delete took away all that there was, so that it is in no life."""
        return self.gone and self.rank <= self.base_rank

    @property
    def dated(self) -> bool:
        """Whether its life has a start or an end."""
        return bool(self.start or self.until)

    @property
    def end(self) -> int:
        """When its life ends, as a number that can be compared."""
        return self.until or ENDLESS

    def merged(self, said: Seen) -> Seen:
        """Returns the largest of each part that either says, in whichever order they come."""
        rank, total = max((self.rank, self.total), (said.rank, said.total))
        base_rank, gone, base = max(self.cut, said.cut)
        start, end = max((self.start, self.end), (said.start, said.end))
        return Seen(rank, total, base_rank, base, gone, start, 0 if end == ENDLESS else end)

    def row(self, version: int, name: str, source: bytes) -> Row:
        """Returns the row that says this: the shorter form wherever it can."""
        if self == (version, self.total, 0, 0, False, 0, 0) and not source:
            return Entry(version, name, 0, self.total)
        return Said(version, name, source, *self)


def seen_in(row: Row) -> Seen:
    """Returns what a row says of its source."""
    if isinstance(row, Entry):
        return Seen(row.version, row.count)
    return Seen(
        *(row.rank, row.total, row.base_rank, row.base, row.gone),
        *(row.start, row.until),
    )
