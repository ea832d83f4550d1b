"""How fast the simulator is."""

from __future__ import annotations

from lab.bench import simulator_speed


def test_a_small_cluster_is_run() -> None:
    """Its speed is in virtual seconds a second."""
    assert simulator_speed._rate(2, 1, 1) > 0


def test_large_clusters_compare_by_nodes() -> None:
    """One second of ten nodes is ten node-seconds."""
    assert "| 10 | 900.0 | 9,000 |" in simulator_speed.findings({10: [900.0]}).lines()
