"""The value of one counter: floors, and slots that were counted under them.

The state is a set of floors and one slot for each (owner, floor). A slot is a growing integer with
one writer. Two states merge by union of floors and maximum of each slot. The value is

    v = 0;  for each floor f, ascending:  v = max(v, f) + sum of the slots counted under f

so that raising the counter to n (`sync`) and counting commute with every merge: a count made where
n was known adds to n, and one made where n was not known is part of n. A slot of count 0 declares
its floor.

A client that goes on raising the counter leaves ever more floors, and walking through all of them
for every change would slow it down. But all slots of one floor together are one function,
v -> max(v + add, least), and two such functions in a row are again one of that form. So the floors
are kept in a binary tree in which each node holds the composed function of its subtree: the root
gives the value, and a change composes anew only along one path, O(log n) nodes.

The tree is a treap: ordered by floor, and a heap by a hash of the floor, which keeps it balanced
however the floors arrive, without stored randomness. It is never changed in place. A change makes
the nodes of its path anew and shares all others, so that an old root stays valid: `value_with` asks
what the value would be once staged writes take effect, and then just drops the new root.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

VALUE_LIMIT = 2**53 - 1
"""The largest value that JSON clients read without rounding."""

TOTAL_LIMIT = 2**62
"""The largest sum of all that an owner has counted under one name, which resets do not lower."""

OWN_RANGE = 2**50
"""How far an owner may count, up or down, where others have brought the value to its limit."""

FLOOR_LIMIT = 100_000
"""How many floors with slots a counter may have before another `sync` is refused; for memory."""

Slot = tuple[bytes, int, int]
"""(owner, floor, count)"""


def shown(value: int) -> int:
    """Returns what is told of a value: merges may bring it beyond what JSON clients can read."""
    if -VALUE_LIMIT <= value <= VALUE_LIMIT:
        return value
    return VALUE_LIMIT if value > 0 else -VALUE_LIMIT


class LimitExceeded(ValueError):
    """Raised for a write that would pass a limit of the counter. The write does not count."""


class TooManyCounters(LimitExceeded):
    """Raised for a write that would make one more counter than there may be."""


class KeyReused(ValueError):
    """Raised for a key that was used for something else. The write does not count."""


class _Node(NamedTuple):
    """A node of the treap.

    Attributes:
        floor: the floor that this node is for.
        total: the sum of all slots counted under that floor.
        left, right: the subtrees of lower and of higher floors.
        add, least: the whole subtree, this node included, is the function v -> max(v + add, least).
        size: the number of floors in the subtree.
    """

    floor: int
    total: int
    left: _Node | None
    right: _Node | None
    add: int
    least: int
    size: int


def _priority(floor: int) -> int:
    """Returns the floor's place in the heap, by the finisher of splitmix64.

    Because it is a hash, the tree's shape depends on the set of floors and not on their order.
    """
    x = (floor + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return x ^ x >> 31


def _make(floor: int, total: int, left: _Node | None, right: _Node | None) -> _Node:
    """Returns a node whose function is that of `left`, then its own, then that of `right`."""
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
    """Returns the treap with `by` more under `floor`; the old one stays valid.

    After each step down, a child whose priority is larger than its parent's is rotated above it.
    """
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
    """The state of one counter.

    Attributes:
        highest: the highest floor that is known, with slots or without; 0 if there is none.
        value: the counter's value.
    """

    __slots__ = ("_root", "_slots", "highest", "value")

    def __init__(self) -> None:
        self._slots: dict[tuple[bytes, int], int] = {}
        self._root: _Node | None = None
        self.highest = 0
        self.value = 0

    @property
    def floors(self) -> int:
        """The number of floors that are kept, which are those with slots."""
        return 0 if self._root is None else self._root.size

    @property
    def touched(self) -> bool:
        """Whether anything was counted, or a floor raised."""
        return bool(self._slots) or self.highest > 0

    def slot(self, owner: bytes, floor: int) -> int:
        """Returns the count of one slot, 0 if there is none."""
        return self._slots.get((owner, floor), 0)

    def merge(self, owner: bytes, floor: int, count: int) -> bool:
        """Merges one slot and its floor. Returns whether the slot or the floor was news."""
        by = count - self._slots.get((owner, floor), 0)
        if by <= 0 and floor <= self.highest:
            return False
        if by > 0:
            self._slots[owner, floor] = count
            self._root = _raise(self._root, floor, by)
        self.highest = max(self.highest, floor)
        self.value = _value(self._root, self.highest)
        return True

    def drop(self, owner: bytes, floor: int) -> None:
        """Takes the count of a slot out, which is in another slot of the same floor by now."""
        count = self._slots.pop((owner, floor), 0)
        if count:
            self._root = _raise(self._root, floor, -count)
            self.value = _value(self._root, self.highest)

    def value_with(self, slots: Iterable[Slot]) -> int:
        """Returns what the value would be with these slots merged, and changes nothing.

        Each slot is given at most once.
        """
        root, highest = self._root, self.highest
        for owner, floor, count in slots:
            by = count - self._slots.get((owner, floor), 0)
            if by > 0:
                root = _raise(root, floor, by)
            highest = max(highest, floor)
        return _value(root, highest)
