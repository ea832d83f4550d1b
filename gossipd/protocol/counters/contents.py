"""Which rows of an owner the sweep compares between two nodes that have the same version of it.

Equal versions mean equal rows, unless a process was set back and wrote on before it heard of that.
Then one version may stand for two rows, which only this comparison finds.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from ..wire import Entry, Row
from .owner_log import OwnerLog
from .seen import seen_in
from .sources import OWNER

_ENTRIES = 64
"""How many rows are compared at a time."""


def begin(log: OwnerLog, drawn: float) -> int:
    """Returns a version after which to compare a log, by a number from 0 to 1.

    In a small log it is that of any row but the last, or 0. A node that finds a difference is sent
    one datagram of rows after that version. It may hold fewer than all, so each has its turn to be
    the first.
    """
    if len(log.entries) > _ENTRIES:
        return int(drawn * log.have)
    versions = [0, *(row.version for row in log.after(0))]
    return versions[int(drawn * max(1, len(versions) - 1))]


def compared(log: OwnerLog, since: int) -> list[tuple[Any, ...]]:
    """Returns what the first rows after a version say, in an order that is the same everywhere."""
    some = islice(filter(_stays, log.after(since)), _ENTRIES)
    return [_said(row) for row in sorted(some, key=_place)]


def _place(row: Row) -> tuple[int, str]:
    return row.version, repr(row.slot)


def _said(row: Row) -> tuple[Any, ...]:
    if isinstance(row, Entry):
        return row.name, row.floor, row.count, row.version
    return (row.name, row.source, row.version, *seen_in(row))


def _stays(row: Row) -> bool:
    """Returns whether a row is dropped neither by the clock nor because of another row.

    What is dropped does not go everywhere at once.
    """
    if isinstance(row, Entry):
        return True
    return not (row.until or seen_in(row).void or row.source.startswith(OWNER))
