"""Order-independent hashes of tables, and where two tables differ."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.fingerprint import (
    FAN,
    POSITIONS,
    WHOLE,
    Fingerprint,
    Gates,
    part_range,
    position_of,
    row_hash,
    subparts,
)

POSITION = st.integers(0, POSITIONS - 1)
DIGEST = st.integers(1, 2**63 - 1)
ROWS = st.dictionaries(st.text("abc", max_size=4), st.tuples(POSITION, DIGEST), max_size=20)
Rows = dict[str, tuple[int, int]]


def fingerprint_of(rows: Rows) -> Fingerprint[str]:
    """The fingerprint of these rows."""
    found: Fingerprint[str] = Fingerprint()
    for key, (position, digest) in rows.items():
        found.put(key, position, digest)
    return found


@given(ROWS, st.integers())
def test_rows_have_no_order(rows: Rows, seed: int) -> None:
    """The same rows in another order have the same sums."""
    shuffled = list(rows.items())
    Random(seed).shuffle(shuffled)
    one, other = fingerprint_of(rows), fingerprint_of(dict(shuffled))
    assert (one.total, one.sums(WHOLE)) == (other.total, other.sums(WHOLE))


@given(ROWS, POSITION, DIGEST)
def test_a_row_that_goes_leaves_nothing(rows: Rows, position: int, digest: int) -> None:
    """Adding a row and taking it away gives the hash of before."""
    found = fingerprint_of(rows)
    found.put("another", position, digest)
    found.drop("another")
    found.drop("unknown")
    assert fingerprint_of(rows).total == found.total
    assert len(rows) == len(found)


@given(ROWS, POSITION, POSITION, DIGEST)
def test_a_row_that_changes_replaces_itself(
    rows: Rows, before: int, after: int, digest: int
) -> None:
    """Its old hash is gone from its old place."""
    found = fingerprint_of(rows)
    found.put("another", before, 5)
    found.put("another", after, digest)
    assert fingerprint_of(rows | {"another": (after, digest)}).sums(WHOLE) == found.sums(WHOLE)


@given(ROWS, POSITION, DIGEST)
def test_one_difference_is_found(rows: Rows, position: int, digest: int) -> None:
    """Sums of sixteen parts lead to the position of the only row that differs, part by part."""
    digest = digest << 1 & 2**32 - 1 | 1
    one, other = fingerprint_of(rows), fingerprint_of(rows | {"another": (position, digest)})
    part = WHOLE
    while subparts(part):
        [part] = one.differing(part, other.sums(part))
        first, last = part_range(part)
        assert first <= position <= last
    assert first == last == position


@given(ROWS)
def test_equal_tables_differ_nowhere(rows: Rows) -> None:
    """No part of a table differs from itself."""
    for part in (WHOLE, 3, 0x1A3):
        found = fingerprint_of(rows)
        assert [] == found.differing(part, fingerprint_of(rows).sums(part))


@given(ROWS, POSITION, POSITION)
def test_a_walk_is_in_order_and_complete(rows: Rows, first: int, last: int) -> None:
    """Every row from the first position to the last one, both included, and no other."""
    found = list(fingerprint_of(rows).walk(first, last))
    inside = [(at, key) for key, (at, _) in rows.items() if first <= at <= last]
    assert sorted(inside) == found


@pytest.mark.parametrize("part", [WHOLE, 0, 15, 0x1A3, 0x1FFFF])
def test_sixteen_parts_make_a_part(part: int) -> None:
    """Without a gap and without an overlap."""
    ranges = [part_range(each) for each in subparts(part)]
    assert FAN == len(ranges)
    assert part_range(part) == (ranges[0][0], ranges[-1][1])
    assert all(one[1] + 1 == other[0] for one, other in pairwise(ranges))


@pytest.mark.parametrize("part", [0x2F, 0x1FF << 1, 0x1FFFF << 3, 2 * POSITIONS - 1])
def test_a_number_that_is_no_part_differs_nowhere(part: int) -> None:
    """Others may send any number, and a single position as well."""
    found = fingerprint_of({"a": (POSITIONS - 1, 5)})
    assert [] == subparts(part)
    assert [] == found.differing(part, [1] * FAN)


def test_positions_are_spread() -> None:
    """A thousand names leave no sixteenth empty."""
    found = fingerprint_of({f"n{i}": (position_of(b"n%d" % i), 1) for i in range(1000)})
    assert all(found.sums(WHOLE))


def test_the_key_changes_every_hash() -> None:
    """Clusters of other names have other hashes of the same row."""
    assert row_hash(b"row", b"one") != row_hash(b"row", b"other")


def test_gates_follow_their_tables() -> None:
    """They are read at each call, not kept."""
    members: Fingerprint[str] = Fingerprint()
    counters: Fingerprint[bytes] = Fingerprint()
    gates = Gates(members, counters)
    members.put("a", 1, 5)
    counters.put(b"a", 1, 7)
    assert (5, 7) == gates()
