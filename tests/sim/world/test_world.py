"""A cluster without faults: starts, time, names and datagrams."""

from __future__ import annotations

from random import Random
from typing import Any, cast

import pytest

from gossipd.sim.world import Commands, Faults, FixedDelay, Network, World, address_of, node_id_of
from tests.sim.fake_node import FakeNode


def cluster(size: int, **options: Any) -> World:
    """Fake nodes that know each other, after 2 s, on a network with a delay of 1 ms."""
    options.setdefault("network", Network(Random(3), delay=FixedDelay(0.001)))
    world = World(3, factory=FakeNode, **options)
    for index in range(size):
        world.add(index, seeds=[peer for peer in range(size) if peer != index])
    world.run(2.0)
    return world


def fake(world: World, node: int) -> FakeNode:
    """The fake itself."""
    return cast(FakeNode, world.node(node))


def test_ids_and_addresses_of_indices() -> None:
    """Index 0 is 10.0.0.1; an id gives its address, IPv6 too."""
    assert node_id_of(0) == "10.0.0.1:8088"
    assert node_id_of(999) == "10.0.3.232:8088"
    assert address_of("10.0.3.232:8088") == ("10.0.3.232", 8088)
    assert address_of("[::1]:1") == ("::1", 1)


def test_nodes_start_at_their_time() -> None:
    """At once, at a time, or when told."""
    world = World(1, factory=FakeNode)
    world.add(0)
    world.add(1, start=5.0)
    world.add(2, start=False)
    world.run(4.0)
    assert [host.id for host in world.live()] == [node_id_of(0)]
    world.run(2.0)
    world.start(2)
    assert fake(world, 1).inputs[0] == ("start", 5.0)
    assert fake(world, 2).inputs[0] == ("start", 6.0)


def test_run_until_stops_at_the_first_true_answer() -> None:
    """True once the predicate holds, False when the time is over."""
    world = World(1, factory=FakeNode)
    assert world.run_until(lambda: world.now >= 0.3, within=1.0, every=0.1)
    assert world.now == pytest.approx(0.3)
    assert not world.run_until(lambda: False, within=1.0)
    assert world.now == pytest.approx(1.3)


def test_names_resolve_to_all_their_addresses() -> None:
    """A name of two addresses joins both; an address is its own; an unknown name has none."""
    names = {"seeds": ["10.0.0.1", "10.0.0.2"]}
    world = World(1, factory=FakeNode, names=names)
    world.add(0)
    world.add(1)
    world.add(2, seeds=["seeds:8088", "10.0.0.1:8088", "nobody:1"])
    world.run(1.0)
    resolved = [entry[1:3] for entry in fake(world, 2).inputs if entry[0] == "resolved"]
    first, second = address_of(node_id_of(0)), address_of(node_id_of(1))
    assert resolved == [(0, [first, second]), (1, [first]), (2, [])]


def test_datagrams_to_nobody_vanish() -> None:
    """Neither an unknown address nor a stopped node receives anything."""
    world = cluster(2)
    Faults(world).crash(1)
    world.run(2.0)
    assert world.network.vanished > 0
    assert world.network.overflowed == 0


def test_a_restart_has_a_new_nonce_and_the_wall_clock_of_its_machine() -> None:
    """The wall clock goes on with virtual time, and jumps with the machine's offset."""
    world = cluster(1)
    before = fake(world, 0).identity
    world.host(0).clock_offset = -3600.0
    Faults(world).restart(0)
    world.run(1.0)
    after = fake(world, 0).identity
    assert after.node_id == before.node_id
    assert after.nonce != before.nonce
    assert after.wall_ms - before.wall_ms == 2_000 - 3_600_000


def test_a_backup_can_be_restored() -> None:
    """A node starts from a given state instead of the kept one."""
    world = cluster(1)
    backup = world.node(0).state()
    Commands(world).increment(0, 5)
    Faults(world).crash(0)
    world.start(0, state=backup)
    assert world.node(0).count("default") == 0


def test_broadcasts_reach_everybody_if_there_are_any() -> None:
    """With broadcasts on, every machine hears it, the sender's own too, from the discovery port."""
    world = cluster(3, broadcasts=True)
    heard = []
    world.on_reading.append(lambda now, source, target, data: heard.append((source, target, data)))
    world.carrier.broadcast(b"pong 10.0.0.1:8088", world.host(0).address)
    world.run(0.01)
    world.carrier.broadcasts = False
    world.carrier.broadcast(b"pong 10.0.0.1:8088", world.host(0).address)
    world.run(0.01)
    source = ("10.0.0.1", 7000)
    targets = [(f"10.0.0.{number}", 8088) for number in (1, 2, 3)]
    beacons = [entry for entry in heard if entry[0] == source]
    assert sorted(beacons) == [(source, target, b"pong 10.0.0.1:8088") for target in targets]
