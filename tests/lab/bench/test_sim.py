"""How fast the simulator is."""

from __future__ import annotations

from lab.bench import sim


def test_a_small_cluster_is_run() -> None:
    """In virtual seconds a second."""
    assert sim._rate(2, 1, 1) > 0


def test_large_clusters_compare_by_nodes() -> None:
    """A second of ten nodes is ten node-seconds."""
    assert "| 10 | 900.0 | 9,000 |" in sim.findings({10: [900.0]}).lines()
