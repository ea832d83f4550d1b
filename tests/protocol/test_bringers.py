"""How much that is new a member may bring."""

from __future__ import annotations

import pytest

from gossipd.protocol import bringers
from gossipd.protocol.bringers import MEMBERS, OWNERS, Bringers

AFTER = 100.0


def taken(some: Bringers, count: int, *, by: str = "a", now: float = AFTER) -> int:
    """Returns how many of so many members are taken that one brings."""
    return sum(some.take(MEMBERS, by, 1, now) for _ in range(count))


def test_each_may_bring_so_many_at_once() -> None:
    """Of each kind, whatever others bring."""
    some = Bringers(0.0)
    assert 2048 == taken(some, 5000)
    assert 2048 == taken(some, 5000, by="b")
    assert some.take(OWNERS, "a", 4096, AFTER)
    assert not some.take(OWNERS, "a", 1, AFTER)


def test_and_so_many_more_each_second() -> None:
    """So that all is taken in the end."""
    some = Bringers(0.0)
    taken(some, 5000)
    assert 10 == taken(some, 100, now=AFTER + 10)
    assert 2048 == taken(some, 5000, now=AFTER + 10_000)


def test_a_process_that_has_just_started_is_told_whole_tables() -> None:
    """And who told them may go on afterwards."""
    some = Bringers(0.0)
    assert 100_000 == taken(some, 100_000, now=1.0)
    assert 31_072 == taken(some, 100_000, now=1.0)
    assert 2048 == taken(some, 5000)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who brought longest ago is forgotten."""
    monkeypatch.setattr(bringers, "_REMEMBERED", 10)
    some = Bringers(0.0)
    for number in range(50):
        some.take(MEMBERS, f"{number}", 1, AFTER)
    assert 10 == len(some._brought)
