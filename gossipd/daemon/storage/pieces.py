"""What a store held, handed over in pieces that are free as soon as they were read.

A node makes objects of its own of the rows that it takes over. If rows and objects were there at
once, the process would keep the memory of both for as long as it runs.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
from msgspec.structs import astuple

from gossipd.protocol import Group, State

_ROWS = 500


def in_pieces(state: State) -> State:
    """Returns the state with groups that can be read once, and takes the rows out of its own."""
    return attrs.evolve(state, groups=_pieces(list(state.groups)))


def _pieces(groups: list[Group]) -> Iterator[Group]:
    """Yields the rows of these groups in order. The last piece of each completes what it did."""
    groups.reverse()
    while groups:
        owner, since, upto, entries, said = astuple(groups.pop())
        entries.reverse()
        while len(entries) > _ROWS:
            some = entries[: -_ROWS - 1 : -1]
            del entries[-_ROWS:]
            yield Group(owner, 0, 0, some)
        yield Group(owner, since, upto, entries[::-1], said)
