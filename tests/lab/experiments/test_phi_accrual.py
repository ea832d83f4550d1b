"""The phi-accrual detector, as it is compared."""

from __future__ import annotations

from statistics import NormalDist, fmean, pstdev

import pytest

from lab.experiments.detection import Case, Trial, measure
from lab.experiments.phi_accrual import VARIANTS, Arrivals


def test_a_node_is_dead_when_phi_exceeds_eight() -> None:
    """When a heartbeat comes later than now with a probability of 1e-8, by the intervals so far."""
    arrivals, gaps, now = Arrivals(0.0, 0.0), [0.75, 1.25], 0.0
    for gap in (1.0, 1.5, 0.5, 1.0):
        gaps.append(gap)
        now += gap
        arrivals.beat(now, 0.0)
    spread = NormalDist(fmean(gaps), pstdev(gaps))
    assert pytest.approx(1e-8, rel=1e-3) == 1 - spread.cdf(arrivals.due - now)


def test_only_the_last_thousand_intervals_count() -> None:
    """After them, those of before are forgotten; a deviation is a tenth of a second at least."""
    arrivals, now = Arrivals(0.0, 3.0), 0.0
    for gap in [5.0] * 10 + [1.0] * 1000:
        now += gap
        arrivals.beat(now, 3.0)
    assert pytest.approx(now + 1.0 + 3.0 + 0.561, abs=0.001) == arrivals.due


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_runs_on_the_network_of_the_others(variant: str) -> None:
    """One of eight is gone: all others know after an interval, six deviations, and the pause."""
    found = measure(Trial(Case("", 8, 9.0, 1, ((7, 0.0),), gone=True, variant=variant), 1))
    assert (7, 0, 0) == (len(found.seconds), found.unknown, found.false)
    pause = VARIANTS[variant]
    assert all(0.5 + pause < seconds < 3.0 + pause for seconds in found.seconds)


def test_what_is_lost_makes_it_wrong_nodes() -> None:
    """At 20 % loss, as each heartbeat is sent once."""
    assert measure(Trial(Case("", 16, 20.0, 1, loss=20, variant="phi-accrual"), 1)).false > 9
