"""Rows in the order of versions, however many there are and in whatever order they come and go."""

from __future__ import annotations

from random import Random

import pytest

from gossipd.protocol.counters import version_order
from gossipd.protocol.counters.version_order import VersionOrder
from gossipd.protocol.wire import Entry


class Naive:
    """The same, as a list that is sorted at each call."""

    def __init__(self) -> None:
        self.rows: list[Entry] = []

    def after(self, version: int) -> list[Entry]:
        """Returns the rows that are newer, those of equal versions as they came."""
        newer = [row for row in self.rows if row.version > version]
        return sorted(newer, key=lambda row: row.version)


@pytest.mark.parametrize("seed", range(40))
def test_it_has_what_a_sorted_list_has(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks fill, are split, run dry and are joined; versions may be given twice."""
    monkeypatch.setattr(version_order, "BLOCK", 8)
    rng = Random(seed)
    order, naive = VersionOrder(), Naive()
    newest = 0
    late, twice, out = rng.choice([0, 0.1, 0.9]), rng.choice([1, 4]), rng.choice([0.3, 0.5, 0.55])
    for _ in range(600):
        if naive.rows and rng.random() < out:
            row = naive.rows.pop(rng.randrange(len(naive.rows)))
            order.remove(row)
        else:
            newest += 1
            version = rng.randrange(newest) if rng.random() < late else newest
            newest += (more := rng.choice([0, 0, 3, 20]))
            rows = [Entry(1 + (version + n) // twice, "name", 0, 1) for n in range(1 + more)]
            naive.rows += rows
            order.add(rows)
        since = rng.randrange(newest + 1)
        assert [id(row) for row in naive.after(since)] == [id(row) for row in order.after(since)]
        assert all(len(block.rows) <= version_order.BLOCK for block in order._blocks)
        assert len(order._blocks) <= 1 + len(naive.rows) // 2, "blocks of little are joined"


def test_blocks_are_few_though_most_rows_were_replaced() -> None:
    """What rows need in memory follows how many there are, and not how many there were."""
    order, rng = VersionOrder(), Random(1)
    rows = [Entry(version, "name", 0, 1) for version in range(1, 10_001)]
    for row in rows:
        order.add([row])
    for version in range(10_001, 60_001):
        place = rng.randrange(len(rows))
        order.remove(rows[place])
        rows[place] = Entry(version, "name", 0, 1)
        order.add([rows[place]])
    assert len(rows) == sum(len(block.rows) for block in order._blocks)
    assert len(order._blocks) < 1.7 * len(rows) / version_order.BLOCK
