"""What clients ask for: changes of counters, one or several together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import attrs


class Change(NamedTuple):
    """A change of one counter by an amount, which may be negative except for `DEFAULT`."""

    name: str
    amount: int


class Increment(NamedTuple):
    """One of several requests that are written together.

    Attributes:
        changes: what is to be changed, all of it or nothing.
        ack: the ack level of its answer, None for the default.
        ticket: the number that its `Answer` carries.
    """

    changes: Sequence[Change]
    ack: str | None
    ticket: int


# Not frozen: one is made for every request, and a frozen one costs three times as much.
@attrs.define
class Command:
    """A client's command: changes, or a sync of `DEFAULT` to `value` if there are none."""

    level: str
    ticket: int
    changes: Sequence[Change] = ()
    value: int = 0


def all_changes(commands: Iterable[Command]) -> Iterator[Change]:
    """Yields the changes of commands, in order."""
    for command in commands:
        yield from command.changes


def sums(commands: Iterable[Command]) -> dict[str, int]:
    """Returns by how much commands change each counter, in the order of their names' first use."""
    sums: dict[str, int] = {}
    for name, amount in all_changes(commands):
        sums[name] = sums.get(name, 0) + amount
    return sums
