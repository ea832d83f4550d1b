"""An order-independent hash of a table, with partial sums that tell where two tables differ.

Every row adds a keyed 63-bit hash of its content to the total and to the partial sums of its
bucket. Equal totals mean equal tables (but for one chance in 2**63 a comparison); unequal ones are
narrowed by sixteenths, twice, to 256 buckets.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

MASK = 2**63 - 1
SUM_MASK = 2**32 - 1
FAN = 16
BUCKETS = FAN * FAN


# The cache serves the simulator, where many nodes hold the same rows, and restarts of an exchange.
@lru_cache(maxsize=1 << 16)
def row_hash(row: bytes, key: bytes) -> int:
    """63-bit hash of a row's content under the cluster's key (at most 64 bytes)."""
    return int.from_bytes(blake2b(row, digest_size=8, key=key).digest(), "big") & MASK


@lru_cache(maxsize=1 << 16)
def bucket_of(name: bytes) -> int:
    """The bucket, 0 to 255, in which the row of `name` is counted."""
    return blake2b(name, digest_size=1).digest()[0]


class Fingerprint:
    """The sums of one table."""

    __slots__ = ("leaves", "total")

    def __init__(self) -> None:
        self.total = 0
        self.leaves = [0] * BUCKETS

    def replace(self, bucket: int, old: int, new: int) -> None:
        """A row of `bucket` whose hash was `old` now has `new`; 0 stands for no row."""
        change = new - old
        self.total = (self.total + change) & MASK
        self.leaves[bucket] = (self.leaves[bucket] + change) & MASK

    def sums(self, prefix: int) -> list[int]:
        """Sixteen sums, 32 bits each: of the table's sixteenths (prefix -1) or one's 16 buckets."""
        leaves = self.leaves
        if prefix >= 0:
            return [leaf & SUM_MASK for leaf in leaves[prefix * FAN : (prefix + 1) * FAN]]
        return [sum(leaves[i : i + FAN]) & SUM_MASK for i in range(0, BUCKETS, FAN)]

    def differing(self, prefix: int, theirs: list[int]) -> list[int]:
        """Which of the sixteen differ from `theirs`: sixteenths (prefix -1) or bucket numbers."""
        base = max(prefix, 0) * FAN
        ours = self.sums(prefix)
        return [base + i for i in range(FAN) if ours[i] != theirs[i]]


class Gates:
    """The hashes that ride on every ping and ack: of the member table and of the version vector.

    Two nodes whose gates are equal have the same members and counters, and so have nothing to tell
    each other.
    """

    __slots__ = ("_counters", "_members")

    def __init__(self, members: Fingerprint, counters: Fingerprint) -> None:
        self._members = members
        self._counters = counters

    def __call__(self) -> tuple[int, int]:
        """Returns the hash of the member table and that of the version vector, as they are now."""
        return self._members.total, self._counters.total


def mask_of(buckets: list[int]) -> int:
    """A set of buckets as 256 bits."""
    mask = 0
    for bucket in buckets:
        mask |= 1 << bucket
    return mask


def sixteenths(prefixes: list[int]) -> int:
    """The mask of all buckets in these sixteenths."""
    return mask_of([prefix * FAN + i for prefix in prefixes for i in range(FAN)])
