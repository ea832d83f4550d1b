"""Increments at random nodes, followed to every node."""

from __future__ import annotations

from random import Random

import attrs

from gossipd.sim.judge.load import Writes
from gossipd.sim.world.joined import JoinedNodes
from gossipd.sim.world.network import FixedDelay, Network
from gossipd.sim.world.world import World


def cluster(nodes: int, rate: float, until: float) -> tuple[World, Writes]:
    """Joined nodes, 1 ms from each other."""
    network = Network(Random(1), delay=FixedDelay(0.001))
    world = World(1, factory=JoinedNodes(nodes), network=network)
    for _ in range(nodes):
        world.add()
    return world, Writes(world, rate, until)


def test_each_increment_is_followed_to_the_last_node() -> None:
    """One delay without loss; the sum is the same at every node."""
    world, writes = cluster(5, 10.0, 5.0)
    world.run(6.0)
    made = len(writes.requests)
    assert 30 < made < 70
    assert ([0.001], made, 0) == (
        sorted({round(seconds, 6) for seconds in writes.spread}),
        len(writes.spread),
        writes.spreading,
    )
    assert {made} == {writes.count(host) for host in world.live()}
    assert made == writes.acknowledged()


def test_no_rate_means_no_writes() -> None:
    """And nothing is scheduled for them."""
    world, writes = cluster(2, 0.0, 5.0)
    world.run(5.0)
    assert ([], [], 0) == (writes.requests, writes.spread, writes.spreading)


def test_a_partition_holds_increments_up() -> None:
    """They spread once it is healed, and each knows how long it took."""
    world, writes = cluster(4, 10.0, 2.0)
    world.partition([0])
    world.run(3.0)
    assert writes.spreading == len(writes.requests) > 5
    world.network.heal()
    world.run(5.0)
    assert 0 == writes.spreading
    assert all(seconds > 1.0 for seconds in writes.spread)


def test_nobody_waits_for_a_process_that_has_ended() -> None:
    """A crash ends what only the crashed node lacked."""
    world, writes = cluster(3, 10.0, 2.0)
    world.partition([0])
    world.run(2.5)
    from_others = [request for request in writes.requests if request.node != world.id_of(0)]
    world.crash(0)
    assert len(from_others) == len(writes.spread)


def test_what_nobody_has_any_more_is_lost() -> None:
    """Acknowledged increments, once no running node has them; not what a node merely lacks yet."""
    world, writes = cluster(3, 10.0, 2.0)
    world.partition([0])
    world.run(2.5)
    at_first = [request for request in writes.requests if request.node == world.id_of(0)]
    assert (0, 0) == (writes.lost(), writes.invented())
    for request in at_first:
        assert request.answer is not None
        request.answer = attrs.evolve(request.answer, holders=1)
    world.crash(0)
    assert (len(at_first), 0) == (writes.lost(), writes.invented())


def test_what_nobody_asked_for_is_invented() -> None:
    """An increment that came from elsewhere, under a name that is followed."""
    world, writes = cluster(2, 10.0, 2.0)
    world.run(3.0)
    world.increment(1, 7, name=writes.requests[0].name)
    world.run(1.0)
    assert (0, 7) == (writes.lost(), writes.invented())
