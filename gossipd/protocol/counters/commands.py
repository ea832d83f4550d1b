"""What clients ask for: changes of counters, one or several together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import attrs


class Change(NamedTuple):
    """A change of one counter by an amount, which may be negative except for `DEFAULT`."""

    name: str
    amount: int


class Bounded(NamedTuple):
    """A change of a named counter with conditions.

    Attributes:
        name: of the counter.
        amount: by how much it changes.
        ttl: for how many milliseconds the counter is to live from now on; None: as long as it does.
        limit: what would bring the value above it is not counted; None: there is no limit.
        key: a key of the client's. What has a key counts once, however often it is asked for.
    """

    name: str
    amount: int
    ttl: int | None = None
    limit: int | None = None
    key: str = ""


class Reset(NamedTuple):
    """Takes away what this node sees of a counter; with `delete` the counter is gone as well."""

    name: str
    delete: bool = False


class Stated(NamedTuple):
    """The total that a client states under a name of its own, of which the largest counts."""

    name: str
    source: str
    total: int


Asked = Change | Bounded | Reset | Stated


class Increment(NamedTuple):
    """One of several requests that are written together.

    Attributes:
        changes: what is asked for, all of it or nothing.
        ack: the ack level of its answer, None for the default.
        ticket: the number that its `Answer` carries.
        requests: for how many requests of clients it stands, by which its answer is counted.
    """

    changes: Sequence[Asked]
    ack: str | None
    ticket: int
    requests: int = 1


# Not frozen: one is made for every request, and a frozen one costs three times as much.
@attrs.define
class Command:
    """A client's command: changes, or a sync of `DEFAULT` to `value` if there are none.

    `done` has by how much each change changes its counter, once that is known.
    """

    level: str
    ticket: int
    changes: Sequence[Asked] = ()
    value: int = 0
    done: tuple[int, ...] = ()
    requests: int = 1

    def told(self, done: Sequence[int]) -> None:
        """Notes by how much each change changes its counter."""
        self.done = tuple(done)

    def steps(self) -> list[tuple[str, int]]:
        """Returns for each change its counter and by how much that rises, less than 0 if it falls.

        What a reset has done is how much it took away.
        """
        return [
            (change.name, -done if isinstance(change, Reset) else done)
            for change, done in zip(self.changes, self.done, strict=True)
        ]
