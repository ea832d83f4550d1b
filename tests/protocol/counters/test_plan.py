"""By which rows commands are carried out, and what is refused."""

from __future__ import annotations

import pytest

from gossipd.protocol import (
    TTL_LIMIT,
    Asked,
    Bounded,
    Change,
    KeyReused,
    LimitExceeded,
    Reset,
    Stated,
)
from gossipd.protocol.counters.ahead import Ahead
from gossipd.protocol.counters.commands import Command
from gossipd.protocol.counters.ledger import Ledger
from gossipd.protocol.counters.owner_log import group_of
from gossipd.protocol.counters.plan import Plan
from gossipd.protocol.wire import DEFAULT, Entry, Group, Row, Said

ME, OTHER = b"m" * 16, b"o" * 16


class Counters:
    """A ledger, and the writes of one owner that are staged."""

    def __init__(self, *groups: Group, most: int = 100) -> None:
        self.ledger = Ledger(b"key")
        for group in groups:
            self.ledger.apply(group)
        self.ahead = Ahead(self.ledger, lambda: 0)
        self.version = 0
        self.most = most

    def stage(self, *asked: Asked) -> tuple[list[Row], tuple[int, ...]]:
        """Returns the rows of a write, and what it does."""
        command = Command("local", 1, asked)
        plan = Plan(self.ahead, ME, self.version, 0, self.most)
        rows = plan.carry_out([command])
        if rows:
            group = group_of(ME, self.version, rows[-1].version, rows)
            self.ahead.add(group)
            self.version = group.upto
        return rows, command.done


def test_sums_are_one_entry_each() -> None:
    """Changes of one counter in one write are added up."""
    counters = Counters()
    rows, done = counters.stage(Change("a", 5), Change("b", 1), Change("a", -2))
    assert [Entry(1, "a", 0, 3), Entry(2, "b", 0, 1)] == rows
    assert (5, 1, -2) == done


def test_a_write_builds_upon_those_before_it() -> None:
    """Whichever form their rows have."""
    counters = Counters()
    counters.stage(Change("a", 5))
    assert ([Said(2, "a", b"", 1, 5, 1, 5)], (5,)) == counters.stage(Reset("a"))
    assert ([], (0,)) == counters.stage(Reset("a"))
    assert ([Said(3, "a", b"", 3, 9, 1, 5)], (4,)) == counters.stage(Change("a", 4))
    assert 4 == counters.ahead.value("a")


def test_one_write_may_have_changes_of_all_kinds() -> None:
    """In the order in which they were asked for, and its rows are in the order of versions."""
    counters = Counters()
    rows, done = counters.stage(
        *(Change("a", 5), Change("b", 2), Reset("a"), Change("a", 1)),
        *(Stated("c", "x", 7), Bounded("d", 3, key="k")),
    )
    assert (5, 2, 5, 1, 7, 3) == done
    assert sorted(row.version for row in rows) == [row.version for row in rows]
    assert [1, 2, 7, 3] == [counters.ahead.value(name) for name in "abcd"]


def test_default_only_grows() -> None:
    """It has floors in place of sources."""
    for asked in Change(DEFAULT, 0), Reset(DEFAULT), Stated(DEFAULT, "x", 1), Bounded(DEFAULT, 1):
        with pytest.raises(ValueError, match=r"amount|default"):
            Counters().stage(asked)


def test_a_new_name_beyond_the_limit_is_refused() -> None:
    """However it comes to be, also within the same write; what others brought is counted on."""
    counters = Counters(Group(OTHER, 0, 1, [Entry(1, "theirs", 0, 1)]), most=2)
    counters.stage(Bounded("a", 1, ttl=50))
    for asked in Change("b", 1), Stated("b", "x", 1), Bounded("b", 1, ttl=5):
        with pytest.raises(LimitExceeded, match="2 counters"):
            counters.stage(asked)
    counters.stage(Change("theirs", 1), Change("a", 1), Change(DEFAULT, 1))
    # A delete makes room.
    counters.stage(Reset("theirs", delete=True))
    with pytest.raises(LimitExceeded, match="1 counters"):
        Counters(most=1).stage(Change("a", 1), Bounded("b", 1, ttl=5))


@pytest.mark.parametrize(
    "asked",
    [
        Change("", 1),
        Bounded("a\n", 1, ttl=5),
        Bounded("a", 1, ttl=0),
        Bounded("a", 1, ttl=TTL_LIMIT + 1),
        Bounded("a", 1, key="k" * 65),
        Bounded("a", 1, key="\x00"),
        Stated("a", "", 1),
        Stated("a", "x", -1),
        Stated("a", "x", 2**53),
        Stated("", "x", 1),
    ],
)
def test_what_is_not_allowed_is_refused(asked: Asked) -> None:
    """And nothing else of the write is done."""
    counters = Counters()
    with pytest.raises(ValueError, match="must"):
        counters.stage(Change("b", 1), asked)
    assert 0 == counters.ahead.value("b")


def test_a_sum_that_could_not_be_sent_is_refused() -> None:
    """Resets, and what others took away, do not lower what an owner counted in all."""
    most = 2**62
    plain = Counters(
        Group(ME, 0, 1, [Entry(1, "a", 0, most)]), Group(OTHER, 0, 1, [Entry(1, "a", 0, -most)])
    )
    reset = Counters(Group(ME, 0, 1, [], [Said(1, "a", b"", 1, most, 1, most)]))
    for counters in plain, reset:
        counters.version = 1
        with pytest.raises(LimitExceeded, match="this node"):
            counters.stage(Change("a", 1))
        counters.stage(Change("a", -1))


def test_rows_ahead_do_not_grow_with_writes() -> None:
    """Of each owner and source the newest counts."""
    counters = Counters()
    for _ in range(50):
        counters.stage(Bounded("a", 1, ttl=50))
    assert 1 == len(counters.ahead._said["a"])
    assert 50 == counters.ahead.value("a")


def test_a_key_is_for_one_name() -> None:
    """Also while the write that used it is on its way."""
    counters = Counters(Group(OTHER, 0, 1, [], [Said(1, "b", b"kold", 1, 1)]))
    counters.stage(Bounded("a", 1, key="new"))
    for key, name in ("old", "a"), ("new", "b"):
        with pytest.raises(KeyReused, match="for the counter"):
            counters.stage(Bounded(name, 1, key=key))


def test_a_key_is_for_one_name_of_a_write() -> None:
    """Whichever comes first."""
    with pytest.raises(KeyReused, match="for the counter a"):
        Counters().stage(Bounded("a", 1, key="k"), Bounded("b", 1, key="k"))


def test_a_reset_allows_no_name() -> None:
    """What is changed after it in the same write is a new counter."""
    with pytest.raises(ValueError, match="name"):
        Counters().stage(Reset(""), Change("", 1))
    with pytest.raises(LimitExceeded):
        Counters(most=0).stage(Reset("b"), Change("b", 1))
    Counters(most=1).stage(Reset("b"), Change("c", 1))


def test_who_dropped_a_row_counts_on_above_it() -> None:
    """A peer that has not dropped it yet must not take the new row for less than the base."""
    counters = Counters(Group(ME, 0, 2, [], [Said(2, "a", b"", 1, 10, 1, 10, gone=True)]))
    counters.version = 2
    counters.ledger.forget("a", b"o" + ME)
    counters.ledger.names.refresh("a")
    counters.ledger.names.forget("a")
    rows, _ = counters.stage(Change("a", 1))
    assert [Said(3, "a", b"", 3, 1, 2, 0, start=0)] == [rows[0]] or rows[0].base_rank == 2
    # Once there is a row of the owner, the next one follows it.
    rows, _ = counters.stage(Change("a", 1))
    assert 2 == counters.ahead.value("a")


def test_rows_of_the_owner_are_written_again() -> None:
    """With what others took away of it."""
    counters = Counters(
        Group(ME, 0, 1, [Entry(1, "a", 0, 5)]),
        Group(OTHER, 0, 1, [], [Said(1, "a", b"o" + ME, 1, 5, 1, 5)]),
    )
    own = {"a": [b"o" + ME]}
    assert [Said(2, "a", b"", 1, 5, 1, 5)] == Plan(counters.ahead, ME, 1, 0, 9).restate(own)
    assert [] == Plan(counters.ahead, OTHER, 1, 0, 9).restate(own)
