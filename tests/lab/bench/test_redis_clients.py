"""How the answers to Redis clients are compared."""

from __future__ import annotations

from tests.lab.bench.made_up_findings import findings


def test_gossipd_is_compared_with_the_redis_of_its_kind() -> None:
    """That which had as many requests under way."""
    found = findings()["redis"]
    ((_, lines),) = found.tables
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines[2:]]
    assert ["gossipd, durable, 1 at a time", "80", "0.80"] == cells[0][:3]
    assert ["Redis, durable, 1 at a time", "100", "-"] == cells[1][:3]
    assert ["gossipd, ephemeral, 16 at a time", "1,280", "0.80"] == cells[6][:3]
