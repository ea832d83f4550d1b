"""What an heir may take over, and the rows by which it does."""

from __future__ import annotations

from collections.abc import Iterable

from ..fingerprint import keyed_hash
from ..wire import DEFAULT, Entry, Row
from .heirs import IDS_PER_ROW, Ancestor, Bundle, is_whole, listed
from .ledger import Ledger
from .owner_log import OwnerLog
from .seen import seen_in
from .sources import INHERITED, OWNER, Source, about, owner_of

_LARGE = 2**50
"""Sums from which on an owner is not taken over, so that the sum of many can be sent."""

MOST_ROWS = 2_000
"""How many rows an heir takes over beside those that list ids.

They are hashed by every member, and written, at one go. Of larger logs the ids stay.
"""

MOST_IDS = 10_000
"""How many closed ids an heir takes over, for the same reason. It only lists them anew.

A directory comes to that by a start every hour, each of which counts, in more than a year.
"""


def ancestors(ledger: Ledger, owner: bytes) -> list[Ancestor]:
    """Returns the ids before an owner that it may take over, the oldest first.

    They are a line without a gap and without a fork, and have only rows that can be summed up.
    """
    found: list[Ancestor] = []
    log = ledger.owners.get(owner)
    if log is None or is_whole(log):
        return []
    rows = ids = 0
    while parent := ledger.heirs.parent(owner):
        log = ledger.owners.get(parent)
        if log is None or not log.entries or log.newest > log.have:
            break
        sizes = _sizes(ledger, parent, log)
        rows, ids = rows + sizes[0], ids + sizes[1]
        if rows > MOST_ROWS or ids > MOST_IDS or len(ledger.heirs.children(parent)) > 1:
            break
        if not plain(ledger, parent):
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
    if log is None:
        return 0
    rows, ids = _sizes(ledger, owner, log)
    few = rows <= MOST_ROWS and ids <= MOST_IDS
    return keyed_hash(repr(list(log.after(0))).encode(), owner) if few else 0


def _sizes(ledger: Ledger, owner: bytes, log: OwnerLog) -> tuple[int, int]:
    """Returns how many rows an owner has beside those that list ids, and how many ids it lists."""
    ids = len(ledger.heirs.lists.get(owner, ()))
    return len(log.entries) - -(-ids // IDS_PER_ROW), ids


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
