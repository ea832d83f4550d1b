"""The value of one counter: floors, and slots counted under them.

State is a set of floors and a slot per (owner, floor), each slot a growing integer with one writer.
States merge by union of floors and maximum per slot. The value is

    v = 0;  for each floor f, ascending:  v = max(v, f) + sum of the slots counted under f

so that raising the counter to n (`sync`) and counting commute with every merge: a count made where
n was known adds to n, one made where it was not known is part of n. A slot of count 0 declares its
floor. The floors' effects v -> max(v + a, b) compose, and are kept in a treap that is ordered by
floor and never changed in place: one path of O(log n) nodes is made anew per change, and old roots
stay valid for a look at what staged writes would give.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

VALUE_LIMIT = 2**53 - 1
"""The largest value that JSON clients read without rounding."""

FLOOR_LIMIT = 100_000

Slot = tuple[bytes, int, int]
"""(owner, floor, count)"""


class LimitExceeded(ValueError):
    """A write that would pass a limit of the counter; it does not count."""


class _Node(NamedTuple):
    """A floor, the sum of its slots, and the effect v -> max(v + add, least) of its subtree."""

    floor: int
    total: int
    left: _Node | None
    right: _Node | None
    add: int
    least: int
    size: int


def _priority(floor: int) -> int:
    """splitmix64's finisher: the shape depends on the set of floors alone, not on their order."""
    x = (floor + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return x ^ x >> 31


def _make(floor: int, total: int, left: _Node | None, right: _Node | None) -> _Node:
    add, least, size = total, floor + total, 1
    if left is not None:
        add, least, size = left.add + add, max(left.least + add, least), left.size + 1
    if right is not None:
        add, least, size = (
            add + right.add,
            max(least + right.add, right.least),
            size + right.size,
        )
    return _Node(floor, total, left, right, add, least, size)


def _raise(node: _Node | None, floor: int, by: int) -> _Node:
    """The treap with `by` more under `floor`."""
    if node is None:
        return _make(floor, by, None, None)
    if floor == node.floor:
        return _make(floor, node.total + by, node.left, node.right)
    if floor < node.floor:
        left = _raise(node.left, floor, by)
        if _priority(left.floor) > _priority(node.floor):
            right = _make(node.floor, node.total, left.right, node.right)
            return _make(left.floor, left.total, left.left, right)
        return _make(node.floor, node.total, left, node.right)
    right = _raise(node.right, floor, by)
    if _priority(right.floor) > _priority(node.floor):
        left = _make(node.floor, node.total, node.left, right.left)
        return _make(right.floor, right.total, left, right.right)
    return _make(node.floor, node.total, node.left, right)


def _value(root: _Node | None, highest: int) -> int:
    # Only floors with slots are in the treap. The highest floor acts last, so without slots of its
    # own it is a maximum at the end; a lower one without slots changes nothing.
    return max(0 if root is None else max(root.add, root.least), highest)


class Counter:
    """One counter's state."""

    __slots__ = ("_root", "_slots", "highest", "value")

    def __init__(self) -> None:
        self._slots: dict[tuple[bytes, int], int] = {}
        self._root: _Node | None = None
        self.highest = 0
        self.value = 0

    @property
    def floors(self) -> int:
        """How many floors are kept: those with slots."""
        return 0 if self._root is None else self._root.size

    def slot(self, owner: bytes, floor: int) -> int:
        """The count of one slot, 0 if there is none."""
        return self._slots.get((owner, floor), 0)

    def merge(self, owner: bytes, floor: int, count: int) -> bool:
        """Takes over one slot and its floor. Whether anything was news."""
        by = count - self._slots.get((owner, floor), 0)
        if by <= 0 and floor <= self.highest:
            return False
        if by > 0:
            self._slots[owner, floor] = count
            self._root = _raise(self._root, floor, by)
        self.highest = max(self.highest, floor)
        self.value = _value(self._root, self.highest)
        return True

    def value_with(self, slots: Iterable[Slot]) -> int:
        """What the value would be with these slots as well."""
        root, highest = self._root, self.highest
        for owner, floor, count in slots:
            by = count - self._slots.get((owner, floor), 0)
            if by > 0:
                root = _raise(root, floor, by)
            highest = max(highest, floor)
        return _value(root, highest)
