"""Increments at random nodes, followed to every node."""

from __future__ import annotations

from random import Random

import attrs

from gossipd.sim.judge.load import Load
from gossipd.sim.world import Commands, Faults, FixedDelay, JoinedNodes, Network, World, id_of


def cluster(nodes: int, rate: float, until: float) -> tuple[World, Load]:
    """Joined nodes, 1 ms from each other."""
    network = Network(Random(1), delay=FixedDelay(0.001))
    world = World(1, factory=JoinedNodes(nodes), network=network)
    for _ in range(nodes):
        world.add()
    return world, Load(world, rate, until)


def test_each_increment_is_followed_to_the_last_node() -> None:
    """One delay without loss; the sum is the same at every node."""
    world, load = cluster(5, 10.0, 5.0)
    world.run(6.0)
    made = len(load.requests)
    assert 30 < made < 70
    assert ([0.001], made, 0) == (
        sorted({round(seconds, 6) for seconds in load.arrivals}),
        len(load.arrivals),
        load.under_way,
    )
    assert {made} == {load.count(host) for host in world.live()}
    assert made == load.acknowledged()


def test_no_rate_means_no_writes() -> None:
    """And nothing is scheduled for them."""
    world, load = cluster(2, 0.0, 5.0)
    world.run(5.0)
    assert ([], [], 0) == (load.requests, load.arrivals, load.under_way)


def test_a_partition_holds_increments_up() -> None:
    """They spread once it is healed, and each knows how long it took."""
    world, load = cluster(4, 10.0, 2.0)
    Faults(world).partition([0])
    world.run(3.0)
    assert load.under_way == len(load.requests) > 5
    world.network.heal()
    world.run(5.0)
    assert 0 == load.under_way
    assert all(seconds > 1.0 for seconds in load.arrivals)


def test_nobody_waits_for_a_process_that_has_ended() -> None:
    """A crash ends what only the crashed node lacked."""
    world, load = cluster(3, 10.0, 2.0)
    Faults(world).partition([0])
    world.run(2.5)
    from_others = [request for request in load.requests if request.node != id_of(0)]
    Faults(world).crash(0)
    assert len(from_others) == len(load.arrivals)


def test_what_nobody_has_any_more_is_lost() -> None:
    """Acknowledged increments, once no running node has them; not what a node merely lacks yet."""
    world, load = cluster(3, 10.0, 2.0)
    Faults(world).partition([0])
    world.run(2.5)
    at_first = [request for request in load.requests if request.node == id_of(0)]
    assert (0, 0) == (load.lost(), load.invented())
    for request in at_first:
        assert request.answer is not None
        request.answer = attrs.evolve(request.answer, holders=1)
    Faults(world).crash(0)
    assert (len(at_first), 0) == (load.lost(), load.invented())


def test_what_nobody_asked_for_is_invented() -> None:
    """An increment that came from elsewhere, under a name that is followed."""
    world, load = cluster(2, 10.0, 2.0)
    world.run(3.0)
    Commands(world).increment(1, 7, name=load.requests[0].name)
    world.run(1.0)
    assert (0, 7) == (load.lost(), load.invented())
