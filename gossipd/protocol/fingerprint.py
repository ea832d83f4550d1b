"""An order-independent hash of a table, with partial sums that tell where two tables differ.

Each row of a table has a position, a number below 2**60 that follows from its key, and a keyed
63-bit hash of its content. The hash of the table is the sum of its rows' hashes: equal sums mean
equal tables, but for one chance in 2**63 a comparison. Where sums differ, two nodes compare the
sums of sixteen parts of the positions, then those of sixteen parts of one part, and so on, until
what one of them has in a part fits into a datagram.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import Generic, TypeVar

MASK = 2**63 - 1
SUM_MASK = 2**32 - 1
FAN = 16
POSITION_BITS = 60
POSITIONS = 1 << POSITION_BITS
WHOLE = -1
"""The part that is the whole table, as `part_range` takes it."""

_BUCKETS = FAN * FAN
_BUCKET_BITS = POSITION_BITS - 8

Key = TypeVar("Key", str, bytes)


def keyed_hash(content: bytes, key: bytes) -> int:
    """Returns the 63-bit hash of a content of any size under a key of at most 64 bytes."""
    return int.from_bytes(blake2b(content, digest_size=8, key=key).digest(), "big") & MASK


# The cache serves the simulator, where many nodes hold the same rows, and restarts of an exchange.
@lru_cache(maxsize=1 << 12)
def row_hash(row: bytes, key: bytes) -> int:
    """Returns the hash of a row's content under the cluster's key. It keeps the content."""
    return keyed_hash(row, key)


@lru_cache(maxsize=1 << 16)
def position_of(name: bytes) -> int:
    """Returns a position that follows from a name alone, evenly spread."""
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big") >> 64 - POSITION_BITS


def part_range(part: int) -> tuple[int, int]:
    """Returns the first and the last position of a part of a table.

    A part is WHOLE; or 0 to 15, a sixteenth; or, for a part of a part, a 1 before all its
    hexadecimal digits, so that 0x1a3 is the fourth sixteenth of the eleventh one.
    """
    if part == WHOLE:
        return 0, POSITIONS - 1
    digits = 1 if part < FAN else (part.bit_length() - 1) // 4
    number = part if part < FAN else part - (1 << 4 * digits)
    size = 1 << POSITION_BITS - 4 * digits
    return number * size, (number + 1) * size - 1


def subparts(part: int) -> list[int]:
    """Returns the sixteen parts of a part, in order; none if it is a single position.

    A number that is no part has none either: others may send any.
    """
    if part == WHOLE:
        return list(range(FAN))
    if part >= FAN and (part.bit_length() - 1) % 4:
        return []
    first = (part if part >= FAN else part + FAN) * FAN
    return list(range(first, first + FAN)) if first < 2 * POSITIONS else []


class Gates:
    """The gates of a node: the hashes of its member table and of its version vector.

    Every ping and ack carries them. Two nodes whose gates are equal have the same members and
    counters, and so have nothing to tell each other.
    """

    __slots__ = ("_counters", "_members")

    def __init__(self, members: Fingerprint[str], counters: Fingerprint[bytes]) -> None:
        self._members = members
        self._counters = counters

    def __call__(self) -> tuple[int, int]:
        """Returns the hash of the member table and that of the version vector, as they are now."""
        return self._members.total, self._counters.total


class Fingerprint(Generic[Key]):
    """The hash of one table, its rows' keys by position, and the sums of its parts.

    Attributes:
        total: the hash of the table.
    """

    __slots__ = ("_buckets", "_leaves", "_rows", "total")

    def __init__(self) -> None:
        self.total = 0
        self._rows: dict[Key, tuple[int, int]] = {}
        # By the first two hexadecimal digits of the position: sums are kept, deeper ones are made
        # when they are asked for, of the few rows of one bucket.
        self._leaves = [0] * _BUCKETS
        self._buckets: list[dict[Key, int]] = [{} for _ in range(_BUCKETS)]

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, key: Key, position: int, digest: int) -> None:
        """Takes a row in, or in place of what `key` had, with this position and hash."""
        self.drop(key)
        self._rows[key] = (position, digest)
        self._buckets[position >> _BUCKET_BITS][key] = position
        self._add(position, digest)

    def drop(self, key: Key) -> None:
        """Takes a row out, if there is one of this key."""
        position, digest = self._rows.pop(key, (0, 0))
        if digest:
            del self._buckets[position >> _BUCKET_BITS][key]
            self._add(position, -digest)

    def walk(self, first: int, last: int) -> Iterator[tuple[int, Key]]:
        """Yields position and key of every row from `first` to `last`, in order of position."""
        low, high = first >> _BUCKET_BITS, last >> _BUCKET_BITS
        for bucket in filter(None, self._buckets[low : high + 1]):
            for position, key in sorted((position, key) for key, position in bucket.items()):
                if first <= position <= last:
                    yield position, key

    def sums(self, part: int) -> list[int]:
        """Returns the lower 32 bits of the sums of a part's sixteen parts."""
        if part == WHOLE:
            starts = range(0, _BUCKETS, FAN)
            return [sum(self._leaves[start : start + FAN]) & SUM_MASK for start in starts]
        if part < FAN:
            return [leaf & SUM_MASK for leaf in self._leaves[part * FAN : (part + 1) * FAN]]
        first, last = part_range(part)
        size = (last - first + 1) // FAN
        found = [0] * FAN
        for key, position in self._buckets[first >> _BUCKET_BITS].items():
            if first <= position <= last:
                found[(position - first) // size] += self._rows[key][1]
        return [each & SUM_MASK for each in found]

    def differing(self, part: int, theirs: list[int]) -> list[int]:
        """Returns which of a part's sixteen parts have other sums than `theirs`, in order."""
        parts = subparts(part)
        ours = self.sums(part) if parts else []
        return [each for each, a, b in zip(parts, ours, theirs, strict=False) if a != b]

    def _add(self, position: int, digest: int) -> None:
        bucket = position >> _BUCKET_BITS
        self.total = (self.total + digest) & MASK
        self._leaves[bucket] = (self._leaves[bucket] + digest) & MASK
