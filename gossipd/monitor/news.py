"""What a node tells, as values that pass from the threads that ask to the one that shows."""

from __future__ import annotations

from typing import Any, NamedTuple

Row = dict[str, Any]
"""An object of the node's JSON."""


class Looked(NamedTuple):
    """The node at one moment.

    Attributes:
        status: what `/v1/status` answers.
        members: the rows of `/v1/members`.
        totals: numbers of `/metrics` that only grow, by the words under which they are shown.
    """

    status: Row
    members: list[Row]
    totals: dict[str, float]


class Listed(NamedTuple):
    """The values of all counters, by name."""

    values: dict[str, int]


class Counted(NamedTuple):
    """The new value of a counter, None if there is none of that name any more."""

    name: str
    value: int | None


class Happened(NamedTuple):
    """An event of `/v1/events`."""

    event: Row


class Reached(NamedTuple):
    """The node answers one of the requests again: `source` tells which."""

    source: str


class Lost(NamedTuple):
    """The node does not answer one of the requests, for this reason."""

    source: str
    reason: str


News = Looked | Listed | Counted | Happened | Reached | Lost
