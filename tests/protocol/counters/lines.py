"""Lines of owners for tests of what heirs take over."""

from __future__ import annotations

from gossipd.protocol.counters.heirs import claim_row
from gossipd.protocol.counters.inheritance import ancestors, bundle
from gossipd.protocol.counters.ledger import Ledger
from gossipd.protocol.counters.owner_log import group_of
from gossipd.protocol.wire import DEFAULT, Entry, Group, Row

FIRST, SECOND, THIRD, OTHER = (bytes([number]) * 16 for number in range(1, 5))


def log(owner: bytes, *rows: Row) -> Group:
    """Returns a whole log."""
    return group_of(owner, 0, rows[-1].version, rows)


def folded(ledger: Ledger, heir: bytes) -> Group:
    """Lets an heir fold, and returns what it wrote."""
    version = ledger.have(heir)
    rows = bundle(ledger, heir, ancestors(ledger, heir), version)
    group = group_of(heir, version, rows[-1].version, rows)
    ledger.apply(group)
    return group


def line(*groups: Group) -> Ledger:
    """Returns what has these groups."""
    ledger = Ledger(b"key")
    for group in groups:
        ledger.apply(group)
    return ledger


OLD = log(FIRST, Entry(1, "a", 0, 5), Entry(2, "b", 0, -2), Entry(3, DEFAULT, 0, 7))
NEW = log(SECOND, claim_row(1, FIRST), Entry(2, "a", 0, 1))


def values(ledger: Ledger) -> tuple[int, ...]:
    """Returns the values of all counters here."""
    return ledger.value("a"), ledger.value("b"), ledger.value(DEFAULT)
