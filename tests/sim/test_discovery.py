"""Nodes on one segment find each other by beacons alone, held by whole clusters.

Three seeds each; `GOSSIPD_SEEDS=20` runs as many as one asks for.
"""

from __future__ import annotations

import os
from statistics import median

import pytest

from gossipd.protocol import ClusterFound, MemberDead, ProtocolConfig
from gossipd.sim.world import Commands, Faults, Host, World, id_of
from tests.sim import checks

SEEDS = range(int(os.environ.get("GOSSIPD_SEEDS", "3")))
LAN = ProtocolConfig(discovery=True)


def segment(nodes: int, seed: int, *, loss: float = 0.0, config: ProtocolConfig = LAN) -> World:
    """Nodes that start at once, without a seed, where everybody hears everybody."""
    world = World(seed, config=config, broadcasts=True)
    world.network.loss_ratio = loss
    for _ in range(nodes):
        world.add()
    return world


def listed_by_all(world: World, newcomer: Host) -> bool:
    """Whether each node lists every other one of its cluster, for that newcomer's sake."""
    return all(
        newcomer.id in host.running().peers() and host.id in newcomer.running().peers()
        for host in world.live()
        if host is not newcomer
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("loss", "within"), [(0.0, 2.0), (0.1, 2.0), (0.3, 5.0)])
def test_five_nodes_find_each_other_and_a_sixth(loss: float, within: float, seed: int) -> None:
    """All know all within 2 s, and a sixth that starts later is in everybody's list within 2 s.

    With 30 % loss it may take a little longer.
    """
    world = segment(5, seed, loss=loss)
    assert world.run_until(lambda: not checks.everybody_alive(world), within)
    world.run(60)
    sixth, start = world.add(), world.now
    assert world.run_until(lambda: listed_by_all(world, sixth), within, every=0.01)
    print(f"loss {loss}, seed {seed}: {world.now - start:.2f} s")
    assert world.run_until(lambda: sixth.id in found_by(world), 30.0)
    assert len(found_by(world)) == len(set(found_by(world)))


def found_by(world: World) -> list[str]:
    """The nodes that logged that a beacon led to a cluster, once for each such line."""
    return [o.node for o in world.log.events if isinstance(o.event, ClusterFound)]


def test_a_newcomer_is_found_fast_by_a_large_cluster() -> None:
    """Among 64 nodes a newcomer is in everybody's list within 2 s, and hears from few of them."""
    delays = []
    for seed in SEEDS:
        world = segment(64, seed)
        assert world.run_until(lambda world=world: not checks.everybody_alive(world), 5.0)
        world.run(30)
        newcomer, start = world.add(), world.now
        assert world.run_until(lambda w=world, n=newcomer: listed_by_all(w, n), 2.0, every=0.01)
        delays.append(world.now - start)
    print(f"65th node listed by all after {median(delays):.2f} s p50, {max(delays):.2f} s max")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_removed_peer_stays_removed(seed: int) -> None:
    """Although it starts anew and sends beacons, it is in neither list; registered, it is again."""
    world = segment(3, seed)
    assert world.run_until(lambda: not checks.everybody_alive(world), 2.0)
    removed = id_of(2)
    for number in 0, 1:
        Commands(world).remove(number, removed)
    world.run(40)
    Faults(world).restart(2)
    for _ in range(80):
        world.run(0.5)
        assert removed not in [*world.node(0).peers(), *world.node(1).peers()]
    for number in 0, 1:
        Commands(world).register(number, removed)
    assert world.run_until(lambda: not checks.everybody_alive(world), 2.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_two_clusters_on_one_segment_never_mix(seed: int) -> None:
    """Each node lists its own cluster, and no count crosses over."""
    world = World(seed, broadcasts=True)
    for number in range(8):
        world.add(config=ProtocolConfig(discovery=True, cluster=f"cluster{number % 2}"))
    world.run(2.0)
    Commands(world).increment(0, 7)
    world.run(60)
    for number in range(8):
        mine = {id_of(other) for other in range(number % 2, 8, 2)}
        assert mine == {row.id for row in world.node(number).members()}
        assert (0 if number % 2 else 7) == world.node(number).count("default")


@pytest.mark.parametrize("seed", SEEDS)
def test_without_broadcast_everybody_serves_alone(seed: int) -> None:
    """Beacons that reach nobody do no harm."""
    world = World(seed, config=LAN)
    for _ in range(3):
        world.add()
    world.run(100)
    for number in range(3):
        Commands(world).increment(number, 1, ack="all")
    world.run(1)
    assert [1, 1, 1] == [world.node(number).count("default") for number in range(3)]
    assert not [o for o in world.log.events if isinstance(o.event, ClusterFound | MemberDead)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("discovery", [True, False])
def test_a_machine_with_another_address_joins_as_the_new_one(discovery: bool, seed: int) -> None:
    """At 10 % loss, under a load of increments: none is lost, nobody is declared dead.

    With discovery or without, and although all get other addresses, one after the other.
    """
    world = segment(5, seed, loss=0.1) if discovery else World(seed, config=ProtocolConfig())
    world.network.loss_ratio = 0.1
    if not discovery:
        for _ in range(5):
            world.add(seeds=[0, 1])
    assert world.run_until(lambda: not checks.everybody_alive(world), 5.0)
    names = [id_of(number) for number in range(5)]
    for number in range(5):
        for _ in range(10):
            Commands(world).increment(names[number], 1, ack="local")
            world.run(0.02)
        old, names[number] = names[number], id_of(20 + number)
        world.move(old, names[number])
        for _ in range(10):
            Commands(world).increment(names[number], 1, ack="local")
            world.run(0.02)
        assert world.run_until(lambda: not checks.everybody_alive(world), 10.0)
        assert world.run_until(lambda gone=old: not lists(world, gone), 10.0)
    world.network.loss_ratio = 0.0
    assert world.run_until(lambda: not checks.counts_agree(world), 5.0)
    assert 100 == world.node(names[0]).count("default")
    assert not checks.increments_kept(world)
    assert not [o for o in world.log.events if isinstance(o.event, MemberDead)]


def lists(world: World, node_id: str) -> list[str]:
    """The nodes that list it as a peer."""
    return [host.id for host in world.live() if node_id in host.running().peers()]


def test_an_idle_segment_costs_next_to_nothing() -> None:
    """Two beacons a minute and node, and no answers to them."""
    world = segment(5, 1)
    world.run(100)
    before = [beacons_of(world, number) for number in range(5)]
    pings = sum(len(world.node(number).peers()) for number in range(5))
    world.run(600)
    after = [beacons_of(world, number) for number in range(5)]
    assert all(16 <= b - a <= 27 for a, b in zip(before, after, strict=True))
    assert 20 == pings
    assert not [o for o in world.log.events if isinstance(o.event, MemberDead)]


def beacons_of(world: World, number: int) -> int:
    """How many beacons a node has sent."""
    return world.node(number).statistics().sent["beacon"].datagrams


@pytest.mark.parametrize("seed", SEEDS)
def test_a_name_leads_to_all_and_to_those_that_appear_later(seed: int) -> None:
    """All join by one name of many addresses; it is looked up again, so changes are found.

    The name leads to each node itself as well, which makes nothing.
    """
    names = {"gossipd": ["10.0.0.1", "10.0.0.2", "10.0.0.3"]}
    world = World(seed, config=ProtocolConfig(), names=names)
    for _ in range(3):
        world.add(seeds=["gossipd:8088"])
    assert world.run_until(lambda: not checks.everybody_alive(world), 3.0)
    world.resolver.names["gossipd"] = [f"10.0.0.{number}" for number in range(1, 6)]
    # These two know nobody; only the others' look-ups can lead to them.
    world.add()
    world.add()
    assert world.run_until(lambda: not checks.everybody_alive(world), 12.0)
    everybody = {f"10.0.0.{number}:8088" for number in range(1, 6)}
    for number in range(5):
        assert everybody == {row.id for row in world.node(number).members()}
