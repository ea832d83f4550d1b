"""How soon lost nodes are found, and who is wronged."""

from __future__ import annotations

import pytest

from gossipd.protocol import ProtocolConfig
from lab.experiments.detection import (
    ABLATION,
    ABLATION_CASES,
    CASES,
    SWITCHES,
    Case,
    Outcome,
    Trial,
    findings,
    measure,
)


@pytest.mark.parametrize("gone", [False, True])
def test_lost_nodes_are_found_by_all_others(gone: bool) -> None:
    """Two of eight, one after the other."""
    found = measure(Trial(Case("", 8, 12.0, 1, ((7, 0.0), (6, 2.0)), gone), 1))
    assert (12, 0, 0) == (len(found.seconds), found.unknown, found.false)
    assert max(found.seconds) < 6.0
    assert (max(found.seconds) > 2.5) == gone


def test_verdicts_on_who_is_well_are_told_from_those_on_who_is_not() -> None:
    """A node that stands still for long is dead to others, which is false if it has no fault."""
    pause = {"pause": ["n0@{at}+12"]}
    false = measure(Trial(Case("", 8, 15.0, 1, words=pause), 1))
    right = measure(Trial(Case("", 8, 15.0, 1, words=pause, faulty=1), 1))
    assert (7, 7) == (false.false, false.at_healthy)
    assert (0, 0) == (right.false, right.at_healthy)


def test_every_case_is_a_scenario_and_every_switch_a_setting() -> None:
    """A word that is misspelt would be found after hours."""
    for case in (*CASES, *ABLATION_CASES):
        assert Trial(case, 1).scenario().nodes == case.nodes
    assert all(getattr(ProtocolConfig(), name) is True for name in SWITCHES)
    assert 3 + len(SWITCHES) < len(ABLATION)


def test_each_variant_has_a_line_with_all_losses() -> None:
    """Sums over its seeds."""
    trials = [Trial(case, seed) for case in ABLATION_CASES for seed in (1, 2)]
    outcomes = [Outcome([1.0, 2.0], 1, 3, 2, 4, 250.0) for _ in trials]
    text = "\n".join(findings(trials, outcomes).lines())
    assert f"| SWIM |{' 1.00 s / 2.00 s (2 not by the end) |' * 8}" in text
    assert f"| without timetable |{' 6 |' * 8}" in text
