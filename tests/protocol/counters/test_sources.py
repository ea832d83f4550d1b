"""The sources of one counter, and its value at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.counters.seen import Seen
from gossipd.protocol.counters.sources import OWNER, Sources, about, owner_of
from gossipd.protocol.wire import Entry, Said

A, B = b"a" * 16, b"b" * 16


def sources(**seen: Seen) -> Sources:
    """Returns the sources of these names."""
    made = Sources()
    for name, each in seen.items():
        made.put(name.encode(), each)
    return made


def test_a_row_is_about_its_owner_or_another() -> None:
    """Rows of other logs are remembered by their writers."""
    made = Sources()
    assert OWNER + A == made.take(A, Entry(3, "n", 0, 10))
    assert OWNER + A == made.take(B, Said(1, "n", OWNER + A, 3, 10, 3, 10))
    assert (0, {OWNER + A: [B]}) == (made.value(0), made.writers)
    assert (A, None) == (owner_of(OWNER + A), owner_of(b"sclient"))
    assert OWNER + B == about(B, Said(1, "n", b"", 1, 1))


def test_a_copy_stands_alone() -> None:
    """What is put to it changes nothing here."""
    made = sources(a=Seen(1, 5))
    made.copy().put(b"b", Seen(1, 7))
    assert 5 == made.value(0)


def test_lives_that_overlap_are_one() -> None:
    """A source counts in the present life alone, which others may prolong."""
    made = sources(a=Seen(1, 1, start=10, until=30), b=Seen(1, 2, start=20, until=60))
    assert [1 + 2] * 2 == [made.value(clock) for clock in (25, 59)]
    assert [None] == [made.value(clock) for clock in (60,)]
    made.put(b"c", Seen(1, 4, start=70, until=90))
    assert (4, (70, 90)) == (made.value(75), made.life(75))


def test_the_latest_start_is_the_time_of_a_clock_that_is_behind() -> None:
    """So what a clock that is ahead has counted is seen at once, and not mixed with before."""
    made = sources(a=Seen(1, 1, start=10, until=30), b=Seen(1, 2, start=40, until=60))
    assert (40, 2) == (made.time(15), made.value(15))


def test_what_was_deleted_is_in_no_life() -> None:
    """A counter of which nothing else is left is absent, and one that was reset is there."""
    assert sources(a=Seen(3, 6, 3, 6, gone=True)).life(0) is None
    assert 0 == sources(a=Seen(3, 6, 3, 6)).value(0)


@pytest.mark.parametrize(
    ("known", "ttl", "expected"),
    [
        ({}, None, Seen()),
        ({}, 50, Seen(start=100, until=150)),
        # One that lives for ever does so whatever is said later.
        ({"b": Seen(1, 1)}, 50, Seen()),
        ({"b": Seen(1, 1)}, None, Seen()),
        # In a life its end holds, or a later one.
        ({"b": Seen(1, 1, start=90, until=120)}, None, Seen(start=100, until=120)),
        ({"b": Seen(1, 1, start=90, until=120)}, 50, Seen(start=100, until=150)),
        ({"a": Seen(2, 7, start=90, until=180)}, 50, Seen(2, 7, start=90, until=180)),
        ({"a": Seen(2, 7, start=90, until=120)}, 50, Seen(2, 7, start=90, until=150)),
        # After a life a new one begins with nothing.
        ({"a": Seen(2, 7, start=10, until=90)}, 50, Seen(2, 7, 2, 7, start=100, until=150)),
        ({"a": Seen(2, 7, start=10, until=90)}, None, Seen(2, 7, 2, 7, start=100)),
        ({"b": Seen(2, 7, start=10, until=90)}, None, Seen(start=100)),
        ({"a": Seen(2, 7, 2, 7, gone=True)}, None, Seen(2, 7, 2, 7, True, start=100)),
        # Rows that were reset keep their base.
        ({"a": Seen(2, 7, 2, 5)}, None, Seen(2, 7, 2, 5)),
    ],
)
def test_a_source_counts_in_a_life(known: dict[str, Seen], ttl: int | None, expected: Seen) -> None:
    """Before it counts more, at 100 by the clock."""
    assert expected == sources(**known).counted(b"a", 0, ttl, 100)


def test_a_source_whose_row_was_dropped_begins_above_it() -> None:
    """An older row that turns up then counts no more, and joins no life."""
    assert Seen(7, 0, 7, start=100) == Sources().counted(b"a", 7, None, 100)


def test_the_next_change_is_an_end_or_a_drop() -> None:
    """Nothing changes by itself where nothing ends."""
    made = sources(a=Seen(1, 1, start=10, until=30), b=Seen(1, 2, 1, 2, gone=True))
    assert [30, 41, None] == [made.next_change(clock, grace=10) for clock in (10, 30, 41)]
    assert sources(a=Seen(1, 1)).next_change(0, grace=10) is None


def test_a_life_ends_for_all_that_are_in_it() -> None:
    """Whatever each of them says itself."""
    made = sources(a=Seen(1, 1, start=10, until=30), b=Seen(1, 2, start=20, until=60))
    made.put(b"c", Seen(1, 4, start=70, until=90))
    ends = [
        made.end(Seen(start=start, until=until)) for start, until in ((10, 30), (70, 80), (65, 72))
    ]
    assert [60, 90, 90] == ends


def test_a_wake_is_planned_once_for_each_time() -> None:
    """An earlier one goes before a later one."""
    made = Sources()
    assert [True, False, True] == [made.wake_at(when) for when in (50, 60, 40)]
    made.woken()
    assert made.wake_at(60)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.booleans()), max_size=30))
def test_the_sum_is_kept_as_sources_change(changes: list[tuple[int, int, bool]]) -> None:
    """It is what adding up anew gives, also of a copy, which changes nothing here."""
    made = Sources()
    kinds = (OWNER + A, OWNER + B, b"sx", b"kx", b"ky", b"kz")
    for step, (which, what, copied) in enumerate(changes, 1):
        seen = made.seen(kinds[which]) or Seen()
        before = made.value(0)
        changed = made.copy() if copied else made
        if what == 4:
            made.drop(kinds[which])
            changed = made
        else:
            more = (
                seen._replace(rank=step, total=seen.total + step),
                seen._replace(base_rank=seen.rank, base=seen.total),
                seen._replace(base_rank=seen.rank, base=seen.total, gone=True),
                seen._replace(start=step, until=step + 9),
            )
            changed.put(kinds[which], more[what])
        anew = Sources()
        for source, each in changed.items():
            anew.put(source, each)
        assert (anew.value(0), anew.life(0), len(anew)) == (
            changed.value(0),
            changed.life(0),
            len(changed),
        )
        assert sorted(changed) == sorted(anew)
        if copied and what != 4:
            assert before == made.value(0)
