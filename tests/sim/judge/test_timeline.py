"""What a plot will show."""

from __future__ import annotations

from gossipd.sim.judge.agreement import Agreement
from gossipd.sim.judge.load import Load
from gossipd.sim.judge.timeline import SAMPLES, Band, Timeline
from gossipd.sim.world import Faults, JoinedNodes, World


def looked_at(rate: float) -> Timeline:
    """Four joined nodes for 12 s, the last of which crashes at 6 s."""
    world = World(1, factory=JoinedNodes(4))
    for _ in range(4):
        world.add()
    agreement = Agreement(world, joined=True)
    timeline = Timeline(world, agreement, Load(world, rate, 10.0), 12.0)
    world.at(6.0, Faults(world).crash, 3)
    world.run(12.0)
    return timeline


def test_a_band_is_least_median_and_greatest() -> None:
    """In any order."""
    assert Band(1, 3, 9) == Band.of([9, 1, 3])


def test_looks_are_evenly_spread() -> None:
    """Over the whole run; traffic once a second, and for the nodes that run."""
    timeline = looked_at(0.0)
    assert SAMPLES - 1 <= len(timeline.times) == len(timeline.members) <= SAMPLES
    assert Band(4, 4, 4) == timeline.members[0]
    assert list(range(1, 13)) == [round(time, 6) for time in timeline.rate_times]
    assert 100 < timeline.rates[0].low <= timeline.rates[0].high < 1000
    assert [] == timeline.counts


def test_counts_follow_the_writes() -> None:
    """From 0, to what was asked for."""
    timeline = looked_at(5.0)
    assert timeline.counts[0].low <= 1
    assert timeline.counts[-1].low == timeline.counts[-1].high == timeline.ideal_counts[-1] > 20
