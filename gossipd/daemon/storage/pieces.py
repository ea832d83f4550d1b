"""What a store held, handed over in pieces that are free as soon as they were read.

A node makes objects of its own of the rows that it takes over. If rows and objects were there at
once, the process would keep the memory of both for as long as it runs. A node that runs takes what
a store turned out to hold piece by piece, so that its loop is not held up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import attrs
from msgspec.structs import astuple

from gossipd.protocol import Group, State

_ROWS = 500

_Row = TypeVar("_Row")


def in_pieces(state: State) -> State:
    """Returns the state with groups that can be read once, and takes the rows out of its own."""
    return attrs.evolve(state, groups=_pieces(list(state.groups)))


def _pieces(groups: list[Group]) -> Iterator[Group]:
    """Yields the rows of these groups in order. The last piece of each completes what it did."""
    groups.reverse()
    while groups:
        owner, since, upto, entries, said = astuple(groups.pop())
        entries.reverse()
        said.reverse()
        while len(entries) > _ROWS:
            yield Group(owner, 0, 0, _last(entries))
        if entries and len(entries) + len(said) > _ROWS:
            yield Group(owner, 0, 0, _last(entries))
        while len(said) > _ROWS:
            yield Group(owner, 0, 0, [], _last(said))
        yield Group(owner, since, upto, entries[::-1], said[::-1])


def _last(rows: list[_Row]) -> list[_Row]:
    """Takes the last rows out, and returns them backwards."""
    some = rows[: -_ROWS - 1 : -1]
    del rows[-_ROWS:]
    return some
