"""What an idle node costs."""

from __future__ import annotations

import pytest

from lab.bench.idle_cost import Cost, _cost, _Total, findings
from tests.lab.bench.fake_cluster import FakeCluster


def test_a_cost_is_of_one_node_and_one_second() -> None:
    """Bytes and packets are there only where they are counted."""
    system = FakeCluster("serf", 2, [])
    before, after = _Total(10.0, 100, 5000, 1.0), _Total(15.0, 130, 8000, 1.5)
    cost = _cost(system, before, after, counts=True)
    assert (300.0, 3.0, 5.0) == pytest.approx((cost.bytes, cost.packets, cost.processor))
    cost = _cost(system, before, after, counts=False)
    assert (None, None) == (cost.bytes, cost.packets)


def test_what_is_not_counted_is_not_shown() -> None:
    """A dash stands in its place."""
    made = findings({(3, "serf"): [Cost(None, None, 0.1, 12.0)]})
    assert "| serf | 3 | - | - | 0.10 % | 12.0 MB |" in made.lines()
