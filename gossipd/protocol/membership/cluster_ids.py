"""The ids of a cluster as a set that only grows, and the one number that stands for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from ..wire import MOST_CLUSTER_IDS, NO_CLUSTER


def drawn_from(text: str) -> int:
    """Returns an id that follows from a text, and is as random as the text is."""
    digest = int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")
    return max(digest, NO_CLUSTER + 1)


def united(ids: Iterable[int], others: Iterable[int]) -> tuple[int, ...]:
    """Returns the ids of both, sorted, without numbers that are no ids.

    Of too many the smallest are kept, so that all nodes keep the same.
    """
    return tuple(sorted({each for each in (*ids, *others) if each > NO_CLUSTER})[:MOST_CLUSTER_IDS])


def mark_of(ids: Sequence[int]) -> int:
    """Returns a number that stands for these ids; for a single one it is the id itself."""
    if not ids:
        return NO_CLUSTER
    return ids[0] if len(ids) == 1 else drawn_from(" ".join(map(str, ids)))


def shown(ids: Iterable[int]) -> str:
    """Returns the smallest of the ids as people see it, empty if there is none."""
    smallest = min(ids, default=None)
    return "" if smallest is None else f"{smallest:08x}"
