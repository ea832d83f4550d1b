"""What counters will be once all staged writes have taken effect."""

from __future__ import annotations

import pytest

from gossipd.protocol import VALUE_LIMIT, Change, LimitExceeded
from gossipd.protocol.counters.ahead import Ahead
from gossipd.protocol.counters.ledger import Ledger
from gossipd.protocol.wire import DEFAULT, Entry, Group

OWNER, OTHER = b"o" * 16, b"p" * 16


def with_staged(*staged: Entry) -> Ahead:
    """Returns what is ahead of a ledger in which two owners counted `n` 5 and `default` 2."""
    ledger = Ledger(b"key")
    ledger.apply(Group(OWNER, 0, 2, [Entry(1, "n", 0, 3), Entry(2, DEFAULT, 0, 2)]))
    ledger.apply(Group(OTHER, 0, 1, [Entry(1, "n", 0, 2)]))
    ahead = Ahead(ledger)
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


@pytest.mark.parametrize("sign", [1, -1])
def test_a_value_stays_within_the_limits(sign: int) -> None:
    """On either side, also between the changes of one write."""
    ahead, values = with_staged(), {"x": sign * (VALUE_LIMIT - 1)}
    ahead.check(Change("x", sign), values, 9)
    assert {"x": sign * VALUE_LIMIT} == values
    with pytest.raises(LimitExceeded, match=f"cannot pass {sign * VALUE_LIMIT}"):
        ahead.check(Change("x", sign), values, 9)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_value_beyond_the_limits_may_come_back(sign: int) -> None:
    """Merges of what several nodes counted may have brought it there."""
    ahead, values = with_staged(), {"x": sign * (VALUE_LIMIT + 5)}
    ahead.check(Change("x", -sign), values, 9)
    assert {"x": sign * (VALUE_LIMIT + 4)} == values
    with pytest.raises(LimitExceeded, match="cannot pass"):
        ahead.check(Change("x", sign * 2), values, 9)


def test_a_new_name_beyond_the_limit_is_refused() -> None:
    """Those that are staged, and those of the same write, count; `default` does not."""
    ahead, values = with_staged(Entry(3, "staged", 0, 1)), {}
    for name in ("n", "third", DEFAULT):
        ahead.check(Change(name, 1), values, 3)
    with pytest.raises(LimitExceeded, match="there are 3 counters"):
        ahead.check(Change("fourth", 1), values, 3)


def test_default_only_grows() -> None:
    """By at least 1."""
    for amount in (0, -1):
        with pytest.raises(ValueError, match="amount"):
            with_staged().check(Change(DEFAULT, amount), {}, 9)
