"""What rows say about one source, and how it merges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.counters.seen import ENDLESS, Seen, seen_in
from gossipd.protocol.wire import Entry, Said

_SMALL = st.integers(0, 3)
_SEEN = st.builds(Seen, _SMALL, _SMALL, _SMALL, _SMALL, st.booleans(), _SMALL, _SMALL)


@given(_SEEN, _SEEN, _SEEN)
def test_merging_knows_no_order(one: Seen, other: Seen, third: Seen) -> None:
    """Nor does it matter how often a row comes."""
    assert one.merged(other) == other.merged(one)
    assert one.merged(other).merged(third) == one.merged(other.merged(third))
    assert one.merged(other).merged(one) == one.merged(other)


@pytest.mark.parametrize(
    ("seen", "left"),
    [
        (Seen(3, 10), 10),
        (Seen(3, 10, 2, 4), 6),
        (Seen(3, 10, 3, 10), 0),
        (Seen(2, 10, 3, 12), 0),
        (Seen(3, -5, 2, 4), -9),
    ],
)
def test_what_is_left_of_a_total(seen: Seen, left: int) -> None:
    """Nothing of a source that has not come further than the base."""
    assert left == seen.contribution


def test_the_larger_base_wins_and_then_a_delete() -> None:
    """However late the other one comes."""
    reset, delete, later = Seen(5, 9, 3, 6), Seen(5, 9, 3, 6, gone=True), Seen(5, 9, 4, 8)
    assert reset.merged(delete).gone
    assert not delete.merged(later).gone
    assert 1 == delete.merged(later).contribution


def test_a_deleted_source_comes_back_by_counting_alone() -> None:
    """It is void up to the rank that was deleted."""
    assert Seen(3, 6, 3, 6, gone=True).void
    assert not Seen(4, 7, 3, 6, gone=True).void
    assert not Seen(3, 6, 3, 6).void


def test_the_later_start_brings_its_end_along() -> None:
    """Of one start the later end holds, and for ever is the latest."""
    first, second = Seen(1, 1, start=10, until=90), Seen(2, 2, start=20, until=50)
    assert (20, 50) == first.merged(second)[5:]
    assert (20, 0) == second.merged(Seen(start=20))[5:]
    assert (50, ENDLESS) == (second.end, Seen().end)


@pytest.mark.parametrize(
    ("seen", "source", "row"),
    [
        (Seen(7, -5), b"", Entry(7, "a", 0, -5)),
        (Seen(6, -5), b"", Said(7, "a", b"", 6, -5)),
        (Seen(7, 5, 3, 2), b"", Said(7, "a", b"", 7, 5, 3, 2)),
        (Seen(7, 5, start=1), b"", Said(7, "a", b"", 7, 5, start=1)),
        (Seen(7, 7), b"sx", Said(7, "a", b"sx", 7, 7)),
    ],
)
def test_a_row_is_as_short_as_it_can_be(seen: Seen, source: bytes, row: Entry | Said) -> None:
    """And is read as what it was made from."""
    assert row == seen.row(7, "a", source)
    assert seen == seen_in(row)
