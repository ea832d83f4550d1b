"""What an heir may take over, and the rows by which it does."""

from __future__ import annotations

from collections.abc import Iterable

from ..fingerprint import row_hash
from ..wire import DEFAULT, Entry, Row
from .heirs import Ancestor, Bundle, inherits, is_whole, listed
from .ledger import Ledger
from .seen import seen_in

_LARGE = 2**50
"""Sums from which on an owner is not taken over, so that the sum of many can be sent."""

MOST_ROWS = 2_000
"""How many rows an heir takes over.

They are hashed by every member, and written, at one go. Of larger logs the ids stay.
"""


def ancestors(ledger: Ledger, owner: bytes) -> list[Ancestor]:
    """Returns the ids before an owner that it may take over, the oldest first.

    They are a line without a gap and without a fork, and have only rows that can be summed up.
    """
    found: list[Ancestor] = []
    log = ledger.owners.get(owner)
    if log is None or is_whole(log):
        return []
    rows = 0
    while parent := ledger.heirs.parent(owner):
        log = ledger.owners.get(parent)
        if log is None or not log.entries or log.newest > log.have:
            break
        rows += len(log.entries)
        if rows > MOST_ROWS or len(ledger.heirs.children(parent)) > 1 or not plain(ledger, parent):
            break
        found.append(Ancestor(parent, log.have, digest(ledger, parent), owner))
        owner = parent
    return found[::-1]


def plain(ledger: Ledger, owner: bytes) -> bool:
    """Returns whether an owner has only sums of counters that are nothing but sums here."""
    log, sources = ledger.owners.get(owner), ledger.names.sources
    return log is None or all(
        row.name not in sources
        and abs(seen_in(row).total) < _LARGE
        and (isinstance(row, Entry) or row.name == DEFAULT or inherits(owner, row))
        for row in log.entries.values()
    )


def digest(ledger: Ledger, owner: bytes) -> int:
    """Returns the hash of all rows of an owner, 0 if it is not known or has too many."""
    log = ledger.owners.get(owner)
    few = log is not None and len(log.entries) <= MOST_ROWS
    return 0 if log is None or not few else row_hash(repr(list(log.after(0))).encode(), owner)


def bundle(ledger: Ledger, heir: bytes, ancestors: Iterable[Ancestor], version: int) -> list[Row]:
    """Returns the rows by which an heir takes ancestors over, after a version of its log."""
    found = Bundle(heir, version)
    for owner, *_ in ancestors:
        log = ledger.owners[owner]
        found.take(owner, log, listed(log) if owner in ledger.heirs.lists else None)
    declared = ledger.owners[heir].entries.get(-1)
    return found.rows(declared.floor if isinstance(declared, Entry) else 0)
