"""What counters will be once all staged writes have taken effect."""

from __future__ import annotations

from gossipd.protocol.counters.ahead import Ahead
from gossipd.protocol.counters.ledger import Ledger
from gossipd.protocol.wire import DEFAULT, Entry, Group

OWNER, OTHER = b"o" * 16, b"p" * 16


def with_staged(*staged: Entry) -> Ahead:
    """Returns what is ahead of a ledger in which two owners counted `n` 5 and `default` 2."""
    ledger = Ledger(b"key")
    ledger.apply(Group(OWNER, 0, 2, [Entry(1, "n", 0, 3), Entry(2, DEFAULT, 0, 2)]))
    ledger.apply(Group(OTHER, 0, 1, [Entry(1, "n", 0, 2)]))
    ahead = Ahead(ledger, lambda: 0)
    ahead.add(Group(OWNER, 2, 2 + len(staged), list(staged)))
    return ahead


def test_a_staged_entry_takes_the_place_of_its_slot() -> None:
    """The value changes by what the slot does, and the next write builds upon it."""
    ahead = with_staged(Entry(3, "n", 0, -4), Entry(4, DEFAULT, 10, 0))
    assert (-2, 10) == (ahead.value("n"), ahead.value(DEFAULT))
    assert ((0, -4), (0, 2), (10, 0)) == (
        ahead.slot(OWNER, "n"),
        ahead.slot(OTHER, "n"),
        ahead.slot(OWNER, DEFAULT),
    )


def test_a_declared_floor_takes_nothing_from_what_was_counted_under_it() -> None:
    """Though it has the higher version: the next increment builds upon the count."""
    ahead = with_staged(Entry(3, DEFAULT, 10, 5), Entry(4, DEFAULT, 10, 0))
    assert (15, (10, 5)) == (ahead.value(DEFAULT), ahead.slot(OWNER, DEFAULT))


def test_nothing_is_ahead_after_the_last_write() -> None:
    """Then the ledger has it all."""
    ahead = with_staged(Entry(3, "n", 0, -4))
    ahead.begin()
    assert (5, (0, 3)) == (ahead.value("n"), ahead.slot(OWNER, "n"))
