"""Tags of members, held by whole clusters: how fast they spread, and that all agree about them."""

from __future__ import annotations

import attrs
import pytest

from gossipd.protocol import ProtocolConfig
from gossipd.sim.world import Commands, Faults, JoinedNodes, World, id_of
from tests.sim import checks

TAGGED = ProtocolConfig(tags="role=web,zone=a")
SPREAD = 2.5
"""Seconds within which gossip reaches 64 members, as a death or a refutation does."""


def others_see(world: World, number: int) -> set[str]:
    """The tags that the other running nodes have of a node; empty where it is unknown."""
    member = id_of(number)
    return {
        next((row.tags for row in host.running().members() if row.id == member), "")
        for host in world.live()
        if host.id != member
    }


def cluster(nodes: int, seed: int, *, loss: float = 0.0) -> World:
    """Nodes with tags that started together and know each other."""
    world = World(seed, config=TAGGED)
    world.network.loss_ratio = loss
    for _ in range(nodes):
        world.add(seeds=[0, 1, 2])
    assert world.run_until(lambda: not checks.everybody_alive(world), 10.0, every=0.5)
    return world


def seconds_until(world: World, number: int, tags: str, within: float) -> float:
    """How long it takes until all others have these tags of a node."""
    began = world.now
    assert world.run_until(lambda: others_see(world, number) == {tags}, within)
    return world.now - began


def test_all_nodes_have_the_tags_of_all_that_start_together() -> None:
    """As soon as they have each other, or a spread later; then the tables are equal."""
    world = cluster(64, 1)
    world.run(SPREAD)
    for number in range(64):
        assert {"role=web,zone=a"} == others_see(world, number)
    assert 1 == len({host.running().gates()[0] for host in world.live()})


@pytest.mark.parametrize("loss", [0.0, 0.2])
@pytest.mark.parametrize("seed", range(3))
def test_changed_tags_spread_as_other_claims_do(seed: int, loss: float) -> None:
    """Also where a fifth of all datagrams is lost, and with the longest text."""
    world = World(seed, factory=JoinedNodes(64))
    world.network.loss_ratio = loss
    for _ in range(64):
        world.add()
    world.run(2.0)
    for tags in ("role=db", "role=" + "x" * 507, ""):
        Commands(world).tag(7, tags)
        assert seconds_until(world, 7, tags, 10.0) < (2 * SPREAD if loss else SPREAD)
    assert [] == checks.datagrams_small(world)


@pytest.mark.parametrize("tags", ["role=db", ""])
def test_a_restart_with_other_tags_replaces_them(tags: str) -> None:
    """Those of the process before are nobody's."""
    world = cluster(16, 1)
    other = world.add(20, seeds=[0], config=attrs.evolve(TAGGED, tags=tags))
    Commands(world).tag(20, "role=before")
    world.run(SPREAD)
    assert {"role=before"} == others_see(world, 20)
    Faults(world).crash(other.id)
    world.start(other.id)
    world.run(SPREAD)
    assert {tags} == others_see(world, 20)


def test_tags_that_changed_on_both_sides_of_a_partition_are_known_to_all_after_it() -> None:
    """Within the time in which two sides find each other."""
    world = cluster(16, 1)
    world.run(20.0)
    one = frozenset(world.addresses(range(8)))
    rules = world.network.partition(one, frozenset(world.addresses(range(8, 16))))
    world.run(30.0)
    for number in (1, 9):
        Commands(world).tag(number, f"role=n{number}")
    world.run(5.0)
    world.network.heal(*rules)
    assert world.run_until(lambda: not checks.everybody_alive(world), 10.0, every=0.1)
    for number in (1, 9):
        assert seconds_until(world, number, f"role=n{number}", 10.0) < 10.0
    assert 1 == len({host.running().gates()[0] for host in world.live()})


def test_a_process_that_is_set_back_tells_its_tags_anew() -> None:
    """The others have later ones, under the same generation."""
    world = cluster(5, 1)
    host = world.host(2)
    snapshot = host.snapshot()
    assert snapshot is not None
    world.run(1.0)
    for tags in ("role=db", "role=cache"):
        Commands(world).tag(2, tags)
        world.run(SPREAD)
    Faults(world).set_back(2, snapshot, noticed=False)
    world.run(3 * SPREAD)
    assert {"role=web,zone=a"} == others_see(world, 2)


def test_members_without_tags_send_what_they_sent() -> None:
    """An idle cluster with tags sends no byte more than one without, once all have them."""
    idle = []
    for config in (ProtocolConfig(), TAGGED):
        world = World(3, config=config)
        for _ in range(8):
            world.add(seeds=[0, 1, 2])
        world.run(60.0)
        before = sum(world.network.counts(each.address).sent_bytes for each in world.live())
        world.run(60.0)
        after = sum(world.network.counts(each.address).sent_bytes for each in world.live())
        idle.append((after - before) / 60 / 8)
    assert abs(idle[0] - idle[1]) < 1.0
