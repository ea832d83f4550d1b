"""Faults in clusters of fake nodes."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gossipd.protocol import (
    MemberDead,
    MemberRecovered,
)
from gossipd.sim.world import (
    Commands,
    Faults,
    Incident,
    World,
    node_id_of,
)
from tests.sim.checks import everybody_alive, known_dead_since, states
from tests.sim.fake_node import FakeNode
from tests.sim.world.fakes import cluster, fake


def test_a_crash_is_noticed_and_a_restart_too() -> None:
    """Everybody declares the crashed node dead, and alive again after its restart."""
    world = cluster(3)
    Faults(world).crash(2)
    assert world.run_until(lambda: known_dead_since(world, 2) is not None, within=6.0)
    since = known_dead_since(world, 2)
    assert since == max(death.time for death in world.log.deaths(node_id_of(2)))
    assert {death.node for death in world.log.deaths()} == {node_id_of(0), node_id_of(1)}
    Faults(world).restart(2)
    world.run(2.0)
    assert known_dead_since(world, 2) is None
    assert everybody_alive(world) == []


@pytest.mark.parametrize(("keep", "count"), [(True, 5), (False, 0)])
def test_a_crash_keeps_or_loses_the_state(keep: bool, count: int) -> None:
    """What was persisted is there after a restart, unless the disk was lost as well."""
    world = cluster(1)
    Commands(world).increment(0, 5)
    Faults(world).restart(0, keep=keep)
    world.run(0.5)
    assert world.node(0).count("default") == count


def test_flapping_ends_in_time() -> None:
    """Pauses of 2 s, each 1 s after the last, begin until the end and not later."""
    world = cluster(1)
    Faults(world).pause_repeatedly(0, paused=2.0, running=1.0, until=8.0)
    world.run(10.0)
    befell = [(seen.time, str(seen.event)) for seen in world.log.of(Incident)][1:]
    assert befell == [
        (2.0, "paused"),
        (4.0, "resumed"),
        (5.0, "paused"),
        (7.0, "resumed"),
    ]


def test_stuttering_ends_in_time_and_passes_over_a_stopped_node() -> None:
    """Blocks of two seconds, one apart, from 0 to 10: none begins while the process is down."""
    world = World(1, factory=FakeNode)
    world.add(0)
    Faults(world).block_repeatedly(0, blocked=2.0, free=1.0, until=10.0)
    world.at(2.5, Faults(world).crash, 0)
    world.at(5.5, world.start, 0)
    world.run(20.0)
    told = [
        (seen.time, str(seen.event))
        for seen in world.log.of(Incident)
        if "block" in str(seen.event)
    ]
    assert [(0, "blocked"), (2, "unblocked"), (6, "blocked"), (8, "unblocked")] == told


def test_one_way_loss_silences_one_side_only() -> None:
    """The node whose datagrams are lost is dead to the other, which is alive to it."""
    world = cluster(2)
    world.network.lose(1.0, world.addresses([0]), world.addresses([1]))
    world.run(6.0)
    assert states(world, 0) == {node_id_of(1): "dead"}
    assert states(world, 1) == {node_id_of(0): "alive"}


def test_a_partition_separates_until_healed() -> None:
    """Both halves declare each other dead, and alive after the healing."""
    world = cluster(4)
    Faults(world).partition([0, 1])
    world.run(6.0)
    assert states(world, 3) == {
        node_id_of(0): "dead",
        node_id_of(1): "dead",
        node_id_of(2): "alive",
    }
    world.network.heal()
    world.run(2.0)
    assert everybody_alive(world) == []
    assert len(list(world.log.of(MemberRecovered))) == len(world.log.deaths()) == 8


def test_a_slow_node_reads_each_datagram_late() -> None:
    """Between 0.5 and 2.5 s pass before a datagram is read; timers are on time."""
    world = cluster(2)
    Faults(world).slow(1)
    sent = world.now
    world.carrier.deliver(b"pong 10.0.0.9:8088", ("10.0.0.9", 8088), world.host(1).address)
    world.run(5.0)
    inputs = fake(world, 1).inputs
    [read] = [entry[2] for entry in inputs if entry[:2] == ("datagram", b"pong 10.0.0.9:8088")]
    assert 0.5 <= read - sent <= 2.5
    timeouts = [entry[1] for entry in inputs if entry[0] == "timeout"]
    assert all(abs(b - a - 1.0) < 1e-9 for a, b in pairwise(timeouts))


def test_misuse_is_refused() -> None:
    """Starting what runs, crashing what does not, adding twice: ValueError."""
    world = cluster(1)
    world.add(1, start=False)
    for misuse in (
        lambda: world.start(0),
        lambda: world.add(0),
        lambda: Faults(world).resume(0),
        lambda: Faults(world).crash(1),
        lambda: Faults(world).pause(1),
        lambda: Commands(world).increment(1),
    ):
        with pytest.raises(ValueError, match=r"10\.0\.0\.[12]:8088"):
            misuse()


def test_deaths_are_found_by_member() -> None:
    """Only the events about that member."""
    world = cluster(3)
    Faults(world).crash(0)
    Faults(world).crash(1)
    world.run(6.0)
    assert [(death.node, death.event) for death in world.log.deaths(node_id_of(1))] == [
        (node_id_of(2), MemberDead(node_id_of(1), node_id_of(2)))
    ]
