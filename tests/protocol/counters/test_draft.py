"""What becomes of one counter with sources by the changes of a write."""

from __future__ import annotations

from itertools import count

import pytest

from gossipd.protocol import (
    VALUE_LIMIT,
    Asked,
    Bounded,
    Change,
    KeyReused,
    LimitExceeded,
    Reset,
    Stated,
)
from gossipd.protocol.counters.draft import Draft
from gossipd.protocol.counters.floors import OWN_RANGE
from gossipd.protocol.counters.seen import ENDLESS, Seen
from gossipd.protocol.counters.sources import OWNER, Sources
from gossipd.protocol.wire import Said

ME, OTHER = b"m" * 16, b"o" * 16
MINE, OTHERS = OWNER + ME, OWNER + OTHER


def draft(clock: int = 100, **seen: Seen) -> Draft:
    """Returns a counter of these sources, of which `me` and `other` are owners."""
    sources = Sources()
    for name, each in seen.items():
        sources.put({"me": MINE, "other": OTHERS}.get(name, name.encode()), each)
    numbers = count(11)
    return Draft("n", sources, ME, clock, lambda: next(numbers))


def done(made: Draft, *asked: Asked) -> list[int]:
    """Returns what each change did."""
    return [made.change(each, 0) for each in asked]


def test_a_reset_takes_what_is_seen_of_each_source() -> None:
    """By a row about each, and what is counted afterwards is all that is left."""
    made = draft(me=Seen(3, 10), other=Seen(4, 5), sx=Seen(7, 7))
    assert [22, 2] == done(made, Reset("n"), Change("n", 2))
    assert 2 == made.sources.value(100)
    assert Said(12, "n", OTHERS, 4, 5, 4, 5) == made.rows[OTHERS]
    assert Said(13, "n", b"sx", 7, 7, 7, 7) == made.rows[b"sx"]


def test_what_was_taken_is_not_taken_again() -> None:
    """And a reset of nothing writes nothing."""
    made = draft(me=Seen(3, 10), other=Seen(4, 5, 4, 5))
    assert [10, 0] == done(made, Reset("n"), Reset("n"))
    assert [MINE] == list(made.rows)
    assert [4] == done(made, Change("n", 4))
    assert 4 == made.sources.value(100)


def test_a_delete_leaves_no_counter() -> None:
    """Of what was reset before as well."""
    made = draft(me=Seen(3, 10, 3, 10), other=Seen(4, 5))
    assert [5, 0] == done(made, Reset("n", delete=True), Reset("n", delete=True))
    assert made.sources.life(100) is None
    assert [1] == done(made, Change("n", 1))
    assert (1, (100, ENDLESS)) == (made.sources.value(100), made.sources.life(100))


def test_what_has_expired_is_neither_reset_nor_counted_on() -> None:
    """A counter begins anew after its end."""
    made = draft(me=Seen(3, 10, start=10, until=90), other=Seen(4, 5, start=10, until=90))
    assert [0, 2] == done(made, Reset("n"), Bounded("n", 2, ttl=50))
    assert {MINE: Said(11, "n", b"", 11, 12, 3, 10, start=100, until=150)} == made.rows


def test_a_limit_is_not_passed() -> None:
    """What is below it is added, and nothing is written where nothing is."""
    made = draft(other=Seen(4, 5))
    asked = Bounded("n", 4, limit=10)
    assert [4, 1, 0] == done(made, asked, asked, asked)
    assert Seen(12, 5) == made.sources.seen(MINE)
    assert [-3] == done(made, Bounded("n", -3, limit=10))


def test_a_key_counts_once() -> None:
    """As a source of its own, which two nodes may write at once."""
    made = draft(me=Seen(3, 10))
    asked = Bounded("n", 5, key="x")
    assert [5, 0] == done(made, asked, asked)
    assert {b"kx": Said(11, "n", b"kx", 1, 5)} == made.rows
    with pytest.raises(KeyReused, match="amount of 5"):
        made.change(Bounded("n", 6, key="x"), 0)
    assert 15 == made.sources.value(100)


def test_the_largest_total_of_a_source_counts() -> None:
    """Also after a reset, which took what it had come to."""
    made = draft(me=Seen(3, 10))
    asked = [Stated("n", "x", total) for total in (0, 20, 15, 20)]
    assert [0, 20, 0, 0] == done(made, *asked)
    assert [30, 0, 5] == done(made, Reset("n"), Stated("n", "x", 20), Stated("n", "x", 25))
    assert Said(14, "n", b"sx", 25, 25, 20, 20) == made.rows[b"sx"]


def test_a_total_in_a_new_life_begins_with_what_it_was() -> None:
    """What was stated before the end is the base."""
    made = draft(sx=Seen(10, 10, start=10, until=90))
    assert [5] == done(made, Stated("n", "x", 15))
    assert 5 == made.sources.value(100)


def test_a_value_stays_within_the_limits() -> None:
    """What would pass them is refused, and a value beyond them may come back."""
    more = Change("n", 1), Stated("n", "x", 1), Bounded("n", 1, key="x")
    made = draft(me=Seen(4, VALUE_LIMIT))
    for asked in more:
        with pytest.raises(LimitExceeded):
            made.change(asked, 0)
    assert {} == made.rows
    assert [-1] == done(made, Change("n", -1))
    others = draft(other=Seen(4, VALUE_LIMIT))
    assert [1, 1, 1] == done(others, *more)


@pytest.mark.parametrize(
    "asked",
    [
        (Bounded("n", OWN_RANGE, key="x"), Bounded("n", 1, key="y")),
        (Stated("n", "x", OWN_RANGE), Stated("n", "x", OWN_RANGE + 1)),
        (Change("n", OWN_RANGE), Bounded("n", 1, key="x")),
    ],
)
def test_beyond_them_an_owner_counts_so_much(asked: tuple[Asked, Asked]) -> None:
    """All that it writes counts, whatever source it is about."""
    made = draft(other=Seen(4, VALUE_LIMIT))
    made.change(asked[0], 0)
    with pytest.raises(LimitExceeded):
        made.change(asked[1], 0)


@pytest.mark.parametrize(
    ("source", "known", "row", "after"),
    [
        # An owner takes a base over, and keeps its rank.
        (MINE, Seen(3, 10, 2, 6), Seen(3, 10), Said(11, "n", b"", 3, 10, 2, 6)),
        # It prolongs its row once its own end has passed, to the end of the life.
        *[
            (MINE, Seen(3, 10, start=90, until=end), Seen(3, 10, start=90, until=end), after)
            for end, after in (
                (100, Said(11, "n", b"", 3, 10, start=90, until=200)),
                (101, None),
            )
        ],
        # Who leads with the total of a client takes a base over, and nobody else does.
        (b"sx", Seen(7, 7, 5, 5), Seen(7, 7), Said(11, "n", b"sx", 7, 7, 5, 5)),
        (b"sx", Seen(8, 8, 5, 5), Seen(7, 7), None),
        (OTHERS, Seen(3, 10, 2, 6), Seen(3, 10), None),
        (MINE, Seen(3, 10), Seen(3, 10), None),
    ],
)
def test_a_row_is_written_again_where_more_is_known(
    source: bytes, known: Seen, row: Seen, after: Said | None
) -> None:
    """Beside a source that lives until 200."""
    made = draft(sy=Seen(1, 1, start=95, until=200))
    made.sources.put(source, known)
    made.restate(source, row.row(3, "n", b"" if source == MINE else source))
    assert after == made.rows.get(source)
