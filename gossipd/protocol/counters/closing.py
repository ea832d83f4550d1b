"""How what an heir inherited comes to count, in place of the logs that it took over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire import DEFAULT, Row, Said
from .heirs import floor_of, inherits, listed
from .owner_log import OwnerLog
from .sources import INHERITED

if TYPE_CHECKING:
    from .ledger import Ledger


def close(ledger: Ledger, heir: bytes, log: OwnerLog) -> None:
    """Lets what an heir inherited count, in place of the logs that it took over."""
    ids = listed(log)
    whole = [owner for owner in ids if owner in ledger.heirs.lists]
    ledger.heirs.close(heir, ids)
    _count_inherited(ledger, heir, log, 1)
    concerned = {row.name for row in log.entries.values()}
    for owner in ids:
        closed = ledger.owners.pop(owner, None)
        if closed is None:
            continue
        concerned |= {row.name for row in closed.entries.values()}
        if owner in whole:
            _count_inherited(ledger, owner, closed, -1)
        for row in closed.entries.values():
            _uncount(ledger, owner, row)
        ledger.fingerprint.drop(owner)
    for name in concerned & ledger.names.sources.keys():
        ledger.names.refresh(name)


def _count_inherited(ledger: Ledger, heir: bytes, log: OwnerLog, sign: int) -> None:
    for row in log.entries.values():
        if not isinstance(row, Said) or not inherits(heir, row):
            continue
        if row.name != DEFAULT:
            if row.name not in ledger.names.sources:
                ledger.names.add(row.name, sign * row.total)
        elif sign > 0:
            ledger.default.merge(INHERITED + heir, floor_of(row), row.total)
        else:
            ledger.default.drop(INHERITED + heir, floor_of(row))


def _uncount(ledger: Ledger, owner: bytes, row: Row) -> None:
    """Takes a row of a closed log out of the counters."""
    if isinstance(row, Said):
        if row.name in ledger.names.sources and row.source:
            ledger.names.sources[row.name].unwrite(row.source, owner)
    elif row.name == DEFAULT:
        ledger.default.drop(owner, row.floor)
    elif row.name not in ledger.names.sources:
        ledger.names.add(row.name, -row.count)
