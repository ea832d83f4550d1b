"""Lifeguard's experiment, on a small scale."""

from __future__ import annotations

import pytest

from gossipd.protocol import MemberDead
from gossipd.sim.world import node_id_of
from lab.experiments import lifeguard
from lab.experiments.lifeguard import (
    VARIANTS,
    Outcome,
    Trial,
    Verdicts,
    findings,
    interval_trials,
    measure,
    share,
    threshold_trials,
)
from tests.sim.quiet import quiet, tell


def outcome(positives: int, healthy: int, first: list[float | None]) -> Outcome:
    """With some other numbers."""
    return Outcome(positives, healthy, 7, 2.0, 200.0, 0, first, [None for _ in first])


def test_a_trial_is_a_scenario_of_the_simulator() -> None:
    """With whole cycles inside the two minutes, or with one block."""
    cycles = Trial("gossipd", 4, "stop", 8.0, 0.001, 3).scenario()
    once = Trial("SWIM", 1, "run", 32.768, None, 1).scenario()
    assert (100, 140.0, 3) == (cycles.nodes, cycles.duration, cycles.seed)
    assert [("n0-3@10+120,timers=stop,blocked=8s,free=0.001s", (0, 1, 2, 3))] == [
        (fault.text, numbers) for fault, numbers in cycles.faults
    ]
    assert (42.768, ["n0-0@10+32.768,timers=run"]) == (
        once.duration,
        [fault.text for fault, _ in once.faults],
    )
    assert not once.config.buddy


def test_every_protocol_meets_the_same() -> None:
    """As many trials of each, with the same cycles, numbers and seeds."""
    for trials in (interval_trials(2), threshold_trials(1)):
        met = {row: [] for row in VARIANTS}
        for trial in trials:
            met[trial.variant].append((trial.concurrent, trial.timers, trial.blocked, trial.free))
        assert 1 == len({tuple(each) for each in met.values()})
    assert len(interval_trials(2)) == 2 * len(interval_trials(1))


def test_verdicts_are_those_of_healthy_nodes() -> None:
    """The first of each counts; a node is known everywhere once all healthy ones agree."""
    world, _ = quiet(4, joined=True)
    verdicts = Verdicts(world, 2, since=1.0)
    world.run(3.0)
    for observer, subject in ((1, 0), (2, 0), (2, 3)):
        tell(world, observer, MemberDead(node_id_of(subject), node_id_of(observer)))
    assert ([2.0, None], [None, None]) == (verdicts.first(), verdicts.everywhere())
    world.run(1.0)
    for observer in (2, 3):
        tell(world, observer, MemberDead(node_id_of(0), node_id_of(observer)))
    assert ([2.0, None], [3.0, None]) == (verdicts.first(), verdicts.everywhere())


def test_a_blocked_node_is_found_and_a_healthy_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a dozen nodes; a blocked one of plain SWIM whose timers run accuses the others."""
    monkeypatch.setattr(lifeguard, "NODES", 12)
    found = measure(Trial("gossipd", 2, "stop", 32.768, None, 1))
    assert (0, 0) == (found.false_positives, found.at_healthy)
    assert all(time is not None and 3.0 < time < 20.0 for time in found.everywhere)
    swim = measure(Trial("SWIM", 2, "run", 16.384, 0.064, 1))
    assert 0 < swim.at_healthy < swim.false_positives
    assert swim.false_positives > swim.suspicions > 0


def test_tables_compare_with_swim() -> None:
    """Sums over all trials, shares of those of SWIM, and who was found."""
    trials, outcomes = [], []
    for row in VARIANTS:
        trials += [Trial(row, 1, "stop", 16.384, 0.001, 1), Trial(row, 4, "stop", 16.384, 0.001, 1)]
        trials.append(Trial(row, 1, "stop", 32.768, None, 1))
        outcomes += [outcome(30, 3, [None]), outcome(20 if row == "SWIM" else 0, 1, [1.0])]
        outcomes.append(outcome(99, 99, [12.5]))
    found = findings(trials, outcomes)
    text = "\n".join(found.lines())
    assert "| SWIM | 50 | 100.0 % | 4 | 100.0 % | 14 | 2.00 | +0.0 % | 200 | +0.0 % | 0 |" in text
    assert "| gossipd | 30 | 60.0 % | 4 | 100.0 % |" in text
    assert "| Lifeguard | 30 (3) | 0 (1) | 0 (0) | 0 (0) | 0 (0) |" in text
    assert "| SWIM | 0 (0) | 50 (4) | 0 (0) | 0 (0) |" in text
    assert "| SWIM | 1 | 1 | 12.50 s | 12.50 s | 12.50 s | 0 | - | - | - |" in text
    assert len(trials) == len(found.values["trials"])


def test_nothing_is_no_share_of_nothing() -> None:
    """There is no ratio to a protocol without false positives."""
    assert ["-", "50.0 %"] == [share(1, 0), share(1, 2)]
