"""Each check passes on a good run and speaks on a bad one."""

from __future__ import annotations

from typing import Any, cast

import pytest

from gossipd.sim.world import Commands, Faults, FixedDelay, World
from tests.sim import checks
from tests.sim.fake_node import FakeNode


def cluster(size: int = 3, **options: Any) -> World:
    """Fake nodes that know each other, after 2 s."""
    world = World(5, factory=FakeNode, **options)
    for index in range(size):
        world.add(index, seeds=[peer for peer in range(size) if peer != index])
    world.run(2.0)
    return world


def fake(world: World, node: int) -> FakeNode:
    """The fake itself."""
    return cast(FakeNode, world.node(node))


def test_everybody_alive() -> None:
    """A member that is dead or unknown to somebody is a finding, for those asked about only."""
    world = cluster()
    assert checks.everybody_alive(world) == []
    fake(world, 0).states["10.0.0.2:8088"] = "dead"
    del fake(world, 1).states["10.0.0.3:8088"]
    assert checks.everybody_alive(world) == [
        "10.0.0.1:8088 has 10.0.0.2:8088 as dead",
        "10.0.0.2:8088 has 10.0.0.3:8088 as unknown",
    ]
    assert checks.everybody_alive(world, among=[0, 2]) == []


def test_counts_agree() -> None:
    """Different values are a finding for each node."""
    world = cluster(2)
    Commands(world).increment(0)
    assert checks.counts_agree(world) == ["10.0.0.1:8088 counts 1", "10.0.0.2:8088 counts 0"]
    world.run(1.0)
    assert checks.counts_agree(world) == []


def test_false_deaths() -> None:
    """The death of a crashed node is none; that of a node which was cut off is one."""
    world = cluster()
    Faults(world).crash(2)
    world.run(6.0)
    assert world.log.deaths()
    assert checks.false_deaths(world) == []
    world.network.lose(1.0, world.addresses([1]))
    world.run(6.0)
    [found] = checks.false_deaths(world)
    assert found.endswith("10.0.0.1:8088 declared 10.0.0.2:8088 dead (accuser 10.0.0.1:8088)")
    assert checks.false_deaths(world, healthy=[0]) == []


def test_increments_kept() -> None:
    """Acknowledged ones are there; unanswered ones may be; nothing else is."""
    world = cluster(2)
    Commands(world).increment(0, 3)
    world.host(1).disk.slow_down(FixedDelay(9.0))
    Commands(world).increment(1, 4)
    world.run(1.0)
    assert checks.increments_kept(world) == []
    for count, well in ((2, False), (7, True), (8, False)):
        fake(world, 0).totals = {"": count}
        assert (checks.increments_kept(world) == []) is well
    assert checks.increments_kept(world) == ["10.0.0.1:8088 counts 8, not 3 to 7"]


def test_a_synced_counter_is_no_sum() -> None:
    """The check refuses to judge it."""
    world = cluster(1)
    Commands(world).sync(0, 5)
    with pytest.raises(ValueError, match="synced"):
        checks.increments_kept(world)


def test_unanswered() -> None:
    """A request counts while its process runs and has not answered."""
    world = cluster(2)
    world.host(1).disk.slow_down(FixedDelay(9.0))
    Commands(world).increment(0)
    waiting = Commands(world).increment(1)
    assert world.unanswered() == [waiting]
    Faults(world).crash(1)
    assert world.unanswered() == []


def test_datagrams_small() -> None:
    """1,400 bytes pass, one more does not."""
    world = cluster(1)
    world.carrier.transmit(b"x" * 1400, world.host(0).address, ("10.9.9.9", 1))
    assert checks.datagrams_small(world) == []
    world.carrier.transmit(b"x" * 1401, world.host(0).address, ("10.9.9.9", 1))
    assert checks.datagrams_small(world) == ["a datagram of 1401 bytes"]


def test_counts_never_fall() -> None:
    """A fall within one process is a finding; after a restart it is none."""
    world = cluster(1)
    watch = checks.CountsNeverFall(world)
    Commands(world).increment(0, 5)
    Faults(world).restart(0, keep=False)
    world.run(2.0)
    assert watch.problems == []
    Commands(world).increment(0, 5)
    fake(world, 0).totals.clear()
    world.run(2.0)
    assert len(watch.problems) == 1
    assert "fell from 5 to 0 at 10.0.0.1:8088" in watch.problems[0]
