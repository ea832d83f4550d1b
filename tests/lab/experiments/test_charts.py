"""Pictures of the experiments, where matplotlib is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gossipd.sim import FalseDeaths
from lab.experiments import charts, detection, lifeguard, spread, udp_only
from lab.experiments.trials import Findings
from lab.experiments.variants import VARIANTS


def few(name: str) -> Findings:
    """What a handful of made-up outcomes say."""
    if name == "lifeguard":
        trials = [
            trial
            for row in VARIANTS
            for trial in (
                lifeguard.Trial(row, 4, "stop", 16.384, 0.001, 1),
                lifeguard.Trial(row, 4, "run", 2.048, 0.064, 1),
                lifeguard.Trial(row, 1, "stop", 32.768, None, 1),
            )
        ]
        outcome = lifeguard.Outcome(12_345, 3, 7, 2.0, 200.0, 0, [11.0], [None])
        return lifeguard.findings(trials, [outcome for _ in trials])
    if name == "udp-only":
        chosen = [udp_only.Trial(row, n, 1) for n in udp_only.NODES for row in udp_only.COMPARED]
        return udp_only.findings(
            chosen, [FalseDeaths(all=0, at_healthy=0, suspicions=3) for _ in chosen]
        )
    if name == "detection":
        lost = [detection.Trial(case, 1) for case in detection.ABLATION_CASES]
        return detection.findings(
            lost, [detection.Outcome([1.0, 1.5], 0, 0, 0, 3, 250.0) for _ in lost]
        )
    told = [spread.Trial(case, 1) for case in spread.CASES]
    return spread.findings(told, [spread.Outcome(2, [0.002], 1, 9, 1, 90, 0) for _ in told])


@pytest.mark.parametrize("name", ["lifeguard", "udp-only", "spread", "detection"])
def test_an_outcome_is_drawn(name: str, tmp_path: Path) -> None:
    """Into a file of a size that a page can bear."""
    pytest.importorskip("matplotlib")
    file = tmp_path / "outcome.png"
    charts.draw(name, few(name).values, str(file))
    assert 10_000 < file.stat().st_size < 150_000
