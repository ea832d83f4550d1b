"""Order-independent hashes of tables, and where two tables differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.fingerprint import (
    BUCKETS,
    FAN,
    Fingerprint,
    bucket_of,
    mask_of,
    row_hash,
    sixteenths,
)

ROWS = st.lists(st.tuples(st.integers(0, BUCKETS - 1), st.integers(1, 2**63 - 1)), max_size=20)


def fingerprint_of(rows: list[tuple[int, int]]) -> Fingerprint:
    """Returns the sums of these rows, each a bucket and a hash."""
    found = Fingerprint()
    for bucket, digest in rows:
        found.replace(bucket, 0, digest)
    return found


@given(ROWS, st.randoms(use_true_random=False))
def test_rows_have_no_order(rows: list[tuple[int, int]], random: object) -> None:
    """The same rows in another order have the same sums."""
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fingerprint_of(rows).leaves == fingerprint_of(shuffled).leaves


@given(ROWS, st.integers(0, BUCKETS - 1), st.integers(1, 2**63 - 1))
def test_a_row_that_goes_leaves_nothing(
    rows: list[tuple[int, int]], bucket: int, digest: int
) -> None:
    """A row that is added and taken away again leaves the sums as they were before."""
    found = fingerprint_of(rows)
    found.replace(bucket, 0, digest)
    found.replace(bucket, digest, 0)
    assert fingerprint_of(rows).total == found.total


@given(ROWS, st.integers(0, BUCKETS - 1), st.integers(1, 2**32 - 1))
def test_one_difference_is_found(rows: list[tuple[int, int]], bucket: int, digest: int) -> None:
    """Two steps of sixteen sums lead to the bucket of the only row that differs."""
    one, other = fingerprint_of(rows), fingerprint_of([*rows, (bucket, digest)])
    [sixteenth] = one.differing(-1, other.sums(-1))
    assert [bucket] == one.differing(sixteenth, other.sums(sixteenth))


@given(ROWS)
def test_equal_tables_differ_nowhere(rows: list[tuple[int, int]]) -> None:
    """No sixteenth of a table differs from itself."""
    assert [] == fingerprint_of(rows).differing(-1, fingerprint_of(rows).sums(-1))


@given(ROWS)
def test_sums_fit_the_wire(rows: list[tuple[int, int]]) -> None:
    """Every level has sixteen sums of 32 bits."""
    found = fingerprint_of(rows)
    levels = [found.sums(prefix) for prefix in range(-1, FAN)]
    assert (17, True) == (
        [len(sums) for sums in levels].count(FAN),
        all(0 <= number < 2**32 for sums in levels for number in sums),
    )


def test_hashes_depend_on_the_key() -> None:
    """Two clusters hash the same row differently."""
    assert row_hash(b"row", b"one") != row_hash(b"row", b"two")


def test_buckets_are_used_evenly() -> None:
    """Names are distributed evenly over all buckets."""
    used = {bucket_of(b"10.0.%d.%d:8088" % divmod(number, 250)) for number in range(5000)}
    assert set(range(BUCKETS)) == used


def test_masks_name_buckets() -> None:
    """A mask has one bit for each bucket, a sixteenth has sixteen in a row."""
    assert (0b1001, 0xFFFF0) == (mask_of([0, 3]), sixteenths([0]) << 4 & 0xFFFF0)
