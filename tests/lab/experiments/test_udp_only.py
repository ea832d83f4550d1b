"""Loss, and no TCP."""

from __future__ import annotations

import pytest

from gossipd.sim import FalseDeaths
from lab.experiments import udp_only
from lab.experiments.udp_only import Trial, findings, measure


def test_a_trial_loses_a_twentieth() -> None:
    """In two minutes, with nobody at fault."""
    scenario = Trial("SWIM", 50, 7).scenario()
    assert (50, 120.0, 7, 0.05, ()) == (
        scenario.nodes,
        scenario.duration,
        scenario.seed,
        scenario.loss,
        scenario.faults,
    )
    assert not scenario.config.second_ping


def test_swim_suspects_more_than_gossipd() -> None:
    """Thirty nodes show it: by calculation 2.2 a run, against 0.2 with a second ping."""
    swim, ours = (
        sum(measure(Trial(row, 30, seed)).suspicions for seed in (1, 2))
        for row in ("SWIM", "gossipd")
    )
    assert swim > ours


def test_means_stand_beside_the_published_ones() -> None:
    """Only plain SWIM has been published."""
    trials = [Trial("SWIM", 50, 1), Trial("SWIM", 50, 2), Trial("gossipd", 50, 1)]
    outcomes = [
        FalseDeaths(all=0, at_healthy=0, suspicions=3),
        FalseDeaths(all=2, at_healthy=2, suspicions=4),
        FalseDeaths(all=0, at_healthy=0, suspicions=0),
    ]
    text = "\n".join(findings(trials, outcomes).lines())
    assert "| SWIM | 50 | 2 | 7 | 3.50 | 4 | 3.67 | 2 |" in text
    assert "| gossipd | 50 | 1 | 0 | 0.00 | 0 |  | 0 |" in text


def test_gossipd_runs_with_every_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others with a tenth of them, for they are not what is to be shown."""
    seen: list[Trial] = []

    def note(trial: Trial) -> FalseDeaths:
        seen.append(trial)
        return FalseDeaths(all=0, at_healthy=0, suspicions=0)

    monkeypatch.setattr(udp_only, "measure", note)
    udp_only.run(20, 1, lambda done, of: None)
    assert [20, 2, 2] == [
        sum(trial.variant == row and trial.nodes == 50 for trial in seen)
        for row in ("gossipd", "SWIM", "Lifeguard")
    ]
