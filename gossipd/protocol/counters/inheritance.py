"""What an heir may take over, and the rows by which it does."""

from __future__ import annotations

from collections.abc import Iterable

from ..fingerprint import row_hash
from ..wire import DEFAULT, Entry, Row
from .heirs import Ancestor, Bundle, is_whole, listed
from .ledger import Ledger
from .seen import seen_in
from .sources import INHERITED, OWNER, Source, about, owner_of

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
    """Returns whether an owner has only sums, and what resets took of sums.

    Counters that expire, and those of which a delete took what the owner counted, say more.
    """
    log = ledger.owners.get(owner)
    return log is None or all(_plain(ledger, owner, row) for row in log.after(-1))


def _plain(ledger: Ledger, owner: bytes, row: Row) -> bool:
    sources = ledger.names.sources.get(row.name)
    if sources is not None and (sources.expires or sources.deleted(owner)):
        return False
    if abs(seen_in(row).total) >= _LARGE:
        return False
    if isinstance(row, Entry) or row.name == DEFAULT:
        return True
    summed = about(owner, row).startswith((OWNER, INHERITED))
    return summed and not (row.gone or row.start or row.until)


def digest(ledger: Ledger, owner: bytes) -> int:
    """Returns the hash of all rows of an owner, 0 if it is not known or has too many."""
    log = ledger.owners.get(owner)
    few = log is not None and len(log.entries) <= MOST_ROWS
    return 0 if log is None or not few else row_hash(repr(list(log.after(0))).encode(), owner)


def bundle(ledger: Ledger, heir: bytes, ancestors: Iterable[Ancestor], version: int) -> list[Row]:
    """Returns the rows by which an heir takes ancestors over, after a version of its log."""
    found = Bundle(heir, version)
    told: dict[str, set[Source]] = {}
    for owner, *_ in ancestors:
        log = ledger.owners[owner]
        found.take(owner, log, listed(log) if owner in ledger.heirs.lists else None)
        for row in log.after(-1):
            if row.name in ledger.names.sources:
                told.setdefault(row.name, set()).add(about(owner, row))
    for name, of in told.items():
        for source in _taken_from(ledger, name, of, found.ids):
            found.repeat(name, source, ledger.names.sources[name])
    declared = ledger.owners[heir].entries.get(-1)
    return found.rows(declared.floor if isinstance(declared, Entry) else 0)


def _taken_from(ledger: Ledger, name: str, told: set[Source], ids: list[bytes]) -> list[Source]:
    """Returns the sources of which the heir must say what was taken away of them.

    These are the ids that it closes, up to one of which all that it had inherited was taken, and
    others of which the closed logs tell what their own rows do not say.
    """
    sources, closed = ledger.names.sources[name], set(ids)
    if not any(seen.base_rank for _, seen in sources.items()):
        return []
    found = sources.taken_of(ids)
    for source in sorted(told.difference(found)):
        owner, seen = owner_of(source), sources.seen(source)
        if source[1:] in closed or seen is None or not seen.base_rank:
            continue
        own = None if owner is None else ledger.row(owner, name)
        if own is None or seen_in(own).cut < seen.cut:
            found.append(source)
    return found
