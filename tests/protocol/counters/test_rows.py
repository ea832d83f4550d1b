"""The numbers that a row may have, and which of two wins."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol import VALUE_LIMIT, Ledger
from gossipd.protocol.counters.floors import TOTAL_LIMIT
from gossipd.protocol.counters.rows import capped
from gossipd.protocol.wire import DEFAULT, Entry, Group, Row, Said

OWNER = b"o" * 16
LARGEST = 2**63 - 1


def group(*rows: Row) -> Group:
    """Returns a group of these rows, of which the first is the next."""
    entries = [row for row in rows if isinstance(row, Entry)]
    said = [row for row in rows if isinstance(row, Said)]
    return Group(OWNER, rows[0].version - 1, rows[-1].version, entries, said)


@pytest.mark.parametrize(
    ("row", "after"),
    [
        (Entry(1, DEFAULT, LARGEST, 5), Entry(1, DEFAULT, VALUE_LIMIT, 5)),
        (Entry(1, DEFAULT, 7, LARGEST), Entry(1, DEFAULT, 7, TOTAL_LIMIT)),
        (Entry(1, "a", 0, -(2**63)), Entry(1, "a", 0, -TOTAL_LIMIT)),
        (Said(1, "a", b"sx", 1, LARGEST, 1, 5), Said(1, "a", b"sx", 1, TOTAL_LIMIT, 1, 5)),
        (Said(1, "a", b"sx", 1, 5, 1, -LARGEST), Said(1, "a", b"sx", 1, 5, 1, -TOTAL_LIMIT)),
    ],
)
def test_what_goes_beyond_is_capped(row: Row, after: Row) -> None:
    """And nothing else of the row is changed."""
    assert group(after) == capped(group(row))


def test_what_nodes_write_stays_as_it_is() -> None:
    """The very same object."""
    same = group(Entry(1, DEFAULT, VALUE_LIMIT, TOTAL_LIMIT), Said(2, "a", b"", 2, -TOTAL_LIMIT))
    assert same is capped(same)


NUMBERS = st.sampled_from([0, 1, 5, VALUE_LIMIT - 1, VALUE_LIMIT, VALUE_LIMIT + 1, LARGEST])
SLOTS = st.lists(st.tuples(NUMBERS, NUMBERS, st.sampled_from([DEFAULT, "a"])), max_size=8)


@given(SLOTS, st.randoms(use_true_random=False))
def test_the_order_of_what_is_capped_does_not_matter(
    slots: list[tuple[int, int, str]], random: Random
) -> None:
    """Nor does how often it comes: all have the same rows and values."""
    rows = [
        Entry(version, name, floor if name == DEFAULT else 0, count)
        for version, (floor, count, name) in enumerate(slots, 1)
    ]
    groups = [group(row) for row in rows]
    one, other = Ledger(b""), Ledger(b"")
    for each in groups:
        one.apply(each)
    for each in random.sample(groups, len(groups)) + groups:
        other.apply(each)
    assert one.all_groups() == other.all_groups()
    for name in (DEFAULT, "a"):
        assert one.value(name) == other.value(name)
    assert one.fingerprint.total == other.fingerprint.total


SAID = st.lists(st.tuples(*[st.integers(1, 3)] * 5, st.booleans()), min_size=2, max_size=4)


@given(SAID)
def test_two_histories_of_a_log_are_joined(said: list[tuple[int, ...]]) -> None:
    """A machine that was set back gives versions twice; all nodes come to the same value."""
    rows = [Said(*each[:1], "a", b"sx", *each[1:5], bool(each[5])) for each in said]
    ledgers = [Ledger(b""), Ledger(b"")]
    for ledger, order in zip(ledgers, (rows, rows[::-1]), strict=True):
        for row in order:
            ledger.apply(Group(OWNER, 0, 3, [], [row]))
    one, other = ledgers
    assert one.value("a") == other.value("a")
    assert one.all_groups() == other.all_groups()
    anew = Ledger(b"")
    for each in one.all_groups():
        anew.apply(each)
    assert one.value("a") == anew.value("a")
