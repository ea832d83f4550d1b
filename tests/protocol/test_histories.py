"""The counter against all sequential orders of small random histories, on ledgers."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from gossipd.protocol.counters.floors import Counter
from gossipd.protocol.wire import Entry
from tests.protocol.histories import Replica, history

HISTORIES = 3_000


def counterexample(replica_type: type[Replica], seeds: Iterable[int]) -> int | None:
    """The first seed whose final values differ from each other or from every explanation."""
    for seed in seeds:
        values, explained = history(seed, replica_type)
        if len(set(values)) != 1 or values[0] not in explained:
            return seed
    return None


@pytest.mark.parametrize("part", range(4))
def test_every_history_has_a_sequential_explanation(part: int) -> None:
    """Whatever merges and crashes a history has, its outcome is that of some sequential order."""
    seeds = range(part * HISTORIES // 4, (part + 1) * HISTORIES // 4)
    assert counterexample(Replica, seeds) is None


class AddingCounter(Counter):
    """Merges a slot by adding what comes to what is there."""

    __slots__ = ()

    def merge(self, owner: bytes, floor: int, count: int) -> bool:
        """Takes the count for an operation."""
        return super().merge(owner, floor, self.slot(owner, floor) + count)


class FloorlessCounter(Counter):
    """Loses a floor that nobody counted under."""

    __slots__ = ()

    def merge(self, owner: bytes, floor: int, count: int) -> bool:
        """Ignores what has no count."""
        return bool(count) and super().merge(owner, floor, count)


class OneSlotCounter(Counter):
    """Has one slot for each owner, which moves to the highest floor."""

    __slots__ = ("_newest",)

    def __init__(self) -> None:
        super().__init__()
        self._newest: dict[bytes, tuple[int, int]] = {}

    def slot(self, owner: bytes, floor: int) -> int:
        """The owner's one count, whatever the floor."""
        return self._newest.get(owner, (0, 0))[0]

    def merge(self, owner: bytes, floor: int, count: int) -> bool:
        """Replaces the owner's slot by one with a larger count."""
        old = self._newest.get(owner, (0, 0))
        self._newest[owner] = max(old, (count, floor))
        self.highest = max(self.highest, floor)
        by_floor: dict[int, int] = {self.highest: 0}
        for number, under in self._newest.values():
            by_floor[under] = by_floor.get(under, 0) + number
        value = 0
        for under in sorted(by_floor):
            value = max(value, under) + by_floor[under]
        self.value = value
        return True


class AddingReplica(Replica):
    """Merges by adding."""

    counter_type = AddingCounter


class FloorlessReplica(Replica):
    """Drops floors."""

    counter_type = FloorlessCounter


class OneSlotReplica(Replica):
    """Keys slots by owner alone."""

    counter_type = OneSlotCounter


class OffsetReplica(Replica):
    """Raises the value by counting the difference, as an offset does."""

    def sync(self, counter: Counter, value: int) -> Entry:
        """An increment by what is missing."""
        return self.numbered(0, counter.slot(self.owner, 0) + value - counter.value)


@pytest.mark.parametrize("broken", [AddingReplica, FloorlessReplica, OneSlotReplica, OffsetReplica])
def test_the_search_finds_a_broken_counter(broken: type[Replica]) -> None:
    """Each design that looks right and is not has a counterexample among these histories."""
    assert counterexample(broken, range(HISTORIES)) is not None
