"""How verdicts are counted while nodes are paused."""

from __future__ import annotations

from lab.bench.compared_clusters import Verdict
from lab.bench.pauses import Outcome, findings, outcome


def test_verdicts_are_told_apart_by_who_was_paused() -> None:
    """Those about running nodes are counted by who declared them, those about paused ones apart."""
    told = [Verdict(0, 1, 1.0), Verdict(2, 1, 1.0), Verdict(2, 3, 1.0), Verdict(1, 0, 1.0)]
    assert Outcome("serf", by_paused=1, by_running=2, of_paused=1) == outcome("serf", told, {0})


def test_the_title_says_what_was_done() -> None:
    """It tells how many nodes were paused, and for how long."""
    lines = list(findings([Outcome("serf", 1, 2, 3)], 32, 8, 16.0, 6).lines())
    assert lines[0].startswith("8 of 32 nodes stand still for 16 s, run for 0.01 s")
    assert "| serf | 1 | 2 | 3 |" == lines[-1]
