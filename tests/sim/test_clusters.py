"""Two clusters of one name stay two, whatever addresses are given out again, unless asked for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest

from gossipd.protocol import ClustersMerged, OtherCluster, ProtocolConfig, SeedNotJoined, State
from gossipd.protocol.wire import DEAD
from gossipd.sim.world import Commands, Faults, World, id_of

A, B, C, D = range(4)


def counts(world: World) -> dict[int, int]:
    """Returns what each running node counts, by its index."""
    return {
        number: host.node.count("default")
        for number in range(20)
        if (host := world.hosts.get(id_of(number))) is not None and host.node is not None
    }


def events(world: World, kind: type) -> list[tuple[str, object]]:
    """Returns the events of that kind, each with its node."""
    return [(each.node, each.event) for each in world.log.events if isinstance(each.event, kind)]


def one_cluster(world: World, nodes: Sequence[int]) -> bool:
    """Returns whether these nodes list each other."""
    if any(world.host(node).node is None for node in nodes):
        return False
    return all(
        id_of(other) in world.node(one).peers() for one in nodes for other in nodes if one != other
    )


def agree(world: World, nodes: Sequence[int], total: int, within: float) -> bool:
    """Lets time pass until these nodes list each other, and all nodes count so much."""

    def done() -> bool:
        return one_cluster(world, nodes) and set(counts(world).values()) == {total}

    return world.run_until(done, within)


def two_installations(seed: int, config: ProtocolConfig | None = None) -> World:
    """Returns a node that counted 5, one that joined it, and one of a cluster that counted 7."""
    world = World(seed, config=config)
    commands = Commands(world)
    world.add(A)
    world.add(B, seeds=[A])
    world.add(C)
    world.run(1)
    commands.increment(A, 5)
    commands.increment(C, 7)
    world.run(1)
    return world


@pytest.mark.parametrize("after", [0.0, 0.05, 1.0, 3.0, 30.0])
@pytest.mark.parametrize("seed", range(3))
def test_an_address_that_is_given_to_another_cluster(after: float, seed: int) -> None:
    """The node there joins the cluster that it was told to join, and the other one says so."""
    world = two_installations(seed)
    Faults(world).take_over(B, [C], after)
    world.run(after + 40)
    assert {A: 5, B: 7, C: 7} == counts(world)
    assert one_cluster(world, (B, C))
    warned = [event for node, event in events(world, OtherCluster) if node == id_of(A)]
    assert warned
    assert {id_of(B)} == {event.source for event in warned}
    assert len({*map(repr, warned)}) == 1
    assert len(warned) <= 2
    assert [] != [event for node, event in events(world, OtherCluster) if node == id_of(B)]
    assert [] == events(world, ClustersMerged)


@pytest.mark.parametrize("down", [0.5, 4.0, 20.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_node_whose_own_cluster_is_down_brings_no_two_together(down: float, seed: int) -> None:
    """The one that takes it in meanwhile keeps it, rather than that both become one."""
    world = two_installations(seed)
    faults = Faults(world)
    faults.restart(C, after=3 + down)
    world.at(world.now + 3, faults.take_over, B, [C])
    world.run(down + 60)
    found = counts(world)
    assert (5, 7) == (found[A], found[C])
    assert found[B] in (5, 7)


@pytest.mark.parametrize("seed", range(3))
def test_a_seed_whose_address_is_given_to_another_cluster(seed: int) -> None:
    """It was joined when it was met; that its address is tried again asks for nothing new."""
    world = World(seed)
    commands, faults = Commands(world), Faults(world)
    world.add(A, seeds=[B])
    world.add(B)
    world.add(C)
    world.run(1)
    commands.increment(A, 5)
    commands.increment(C, 7)
    world.run(1)
    faults.take_over(B, [C])
    world.run(60)
    assert {A: 5, B: 7, C: 7} == counts(world)
    [*lines] = [event for node, event in events(world, SeedNotJoined) if node == id_of(A)]
    assert any("cluster id" in line.reason for line in lines)


def test_a_member_on_disk_whose_address_is_given_to_another_cluster() -> None:
    """The member list of an earlier run is tried, and its addresses may be others' by now."""
    world = two_installations(1)
    faults = Faults(world)
    world.host(A).crash()
    faults.take_over(B, [C])
    world.at(world.now + 5, world.start, A)
    world.run(40)
    assert {A: 5, B: 7, C: 7} == counts(world)


def test_young_clusters_stay_apart_where_nobody_asks() -> None:
    """A cluster that has had members has an id although nothing was counted yet."""
    world = World(1)
    for node, seeds in ((A, []), (B, [A]), (C, []), (D, [C])):
        world.add(node, seeds=seeds)
    world.run(15)
    Faults(world).take_over(B, [C])
    world.run(20)
    assert one_cluster(world, (B, C, D))
    assert id_of(B) not in world.node(A).peers()
    assert len({world.node(each).statistics().cluster for each in (A, C)}) == 2


# What somebody asks for


@pytest.mark.parametrize("how", ["join", "register"])
def test_two_clusters_that_have_counted_become_one_on_purpose(how: str) -> None:
    """Both sides say so, with both ids and both values."""
    world = two_installations(1)
    commands = Commands(world)
    ids = {each: world.node(each).statistics().cluster for each in (A, C)}
    if how == "join":
        commands.join(C, [A])
    else:
        commands.register(C, A)
    assert world.run_until(lambda: counts(world) == {A: 12, B: 12, C: 12}, 5)
    assert one_cluster(world, (A, B, C))
    merged = dict(events(world, ClustersMerged))
    assert ClustersMerged(id_of(A), ids[C], ids[A], 7, 5) == merged[id_of(C)]
    assert ClustersMerged(id_of(C), ids[A], ids[C], 5, 7) == merged[id_of(A)]
    world.run(20)
    assert 1 == len({world.node(each).statistics().cluster for each in (A, B, C)})


def test_who_was_away_while_two_became_one_still_belongs() -> None:
    """Its disk knows only one of the ids."""
    world = two_installations(2)
    world.run(5)
    world.host(B).crash()
    world.run(5)
    Commands(world).register(C, A)
    world.run(20)
    world.host(A).crash()
    world.start(B)
    assert world.run_until(lambda: counts(world) == {B: 12, C: 12}, 10)
    assert one_cluster(world, (B, C))


@pytest.mark.parametrize("counted", [(5, 7), (5, 0), (0, 0)])
def test_discovery_brings_only_young_clusters_together(counted: tuple[int, int]) -> None:
    """Two that have both counted stay apart, and are told how to become one."""
    world = World(3, config=ProtocolConfig(discovery=True), broadcasts=True)
    commands = Commands(world)
    world.add(A)
    world.add(B)
    rules = world.network.partition([world.host(A).address], [world.host(B).address])
    world.run(10)
    for node, amount in zip((A, B), counted, strict=True):
        if amount:
            commands.increment(node, amount)
    world.run(1)
    world.network.heal(*rules)
    world.run(70)
    if all(counted):
        assert {A: 5, B: 7} == counts(world)
        for node in (A, B):
            lines = [event for each, event in events(world, OtherCluster) if each == id_of(node)]
            assert 1 <= len(lines) <= 2
            assert "--join" in lines[0].mend
            assert "/register" in lines[0].mend
    else:
        assert {A: sum(counted), B: sum(counted)} == counts(world)
        assert one_cluster(world, (A, B))


# What works as it did


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("how", ["join", "ring", "discovery", "register"])
def test_three_that_start_at_one_moment_become_one(how: str, order: Sequence[int]) -> None:
    """In every order, and although each counts at once."""
    for seed in range(3):
        discovery = how == "discovery"
        config = ProtocolConfig(discovery=discovery)
        world = World(f"{seed} {how}", config=config, broadcasts=discovery)
        commands = Commands(world)
        for place, node in enumerate(order):
            seeds = {"join": [0], "ring": [(node + 1) % 3]}.get(how, [])
            world.add(node, seeds=seeds, start=0.01 * place * seed)
        world.run(0.05)
        if how == "register":
            commands.register(0, 1)
            commands.register(2, 1)
        if not discovery:
            for node in order:
                commands.increment(node, 1 + node)
        total = 0 if discovery else 6
        assert agree(world, (0, 1, 2), total, 10), (seed, counts(world))
        world.run(20)
        assert 1 == len({world.node(each).statistics().cluster for each in (0, 1, 2)})
        # A fourth one.
        world.add(3, seeds=[] if discovery else [1])
        assert agree(world, (0, 1, 2, 3), total, 5)
        # Each in turn, and all at once.
        faults = Faults(world)
        for node in range(4):
            faults.restart(node, after=0.1)
            world.run(5)
        for node in range(4):
            faults.restart(node, after=0.1, keep=node != order[0])
        assert agree(world, (0, 1, 2, 3), total, 15), (seed, counts(world))
        assert [] == events(world, OtherCluster)


@pytest.mark.parametrize("seeds", [[], [A], [B], [C]])
@pytest.mark.parametrize("writes", [False, True])
def test_a_node_that_lost_its_directory_is_taken_back(seeds: list[int], writes: bool) -> None:
    """Even if it counts before anybody has met it, as long as one side was told of the other."""
    world = World(4)
    commands, faults = Commands(world), Faults(world)
    for node in (A, B, C):
        world.add(node, seeds=[A])
    world.run(10)
    commands.increment(B, 1)
    world.run(1)
    faults.restart(A, keep=False, after=8)
    world.run(8.01)
    if writes:
        commands.increment(A, 2)
    total = 3 if writes else 1
    assert world.run_until(
        lambda: one_cluster(world, (A, B, C)) and set(counts(world).values()) == {total}, 15
    )


def test_a_lost_directory_while_the_only_seed_is_down() -> None:
    """The other members find it, a little later than otherwise."""
    world = World(5)
    faults = Faults(world)
    for node in (A, B, C):
        world.add(node, seeds=[A])
    Commands(world).increment(B, 1)
    world.run(20)
    world.host(A).crash()
    faults.restart(B, keep=False)
    assert world.run_until(lambda: counts(world) == {B: 1, C: 1}, 15)
    assert one_cluster(world, (B, C))
    world.start(A)
    assert world.run_until(lambda: one_cluster(world, (A, B, C)), 15)
    assert not world.node(B).state().strayed


def test_a_directory_of_an_older_version_gets_an_id() -> None:
    """Its counts stay together: nodes without an id take that of the node that they meet."""
    world = World(6)
    for node in (A, B, C):
        world.add(node, seeds=[A])
    Commands(world).increment(B, 1)
    world.run(5)
    kept = {}
    for node in (A, B, C):
        world.host(node).crash()
        state = world.host(node).kept
        kept[node] = State(state.generation, state.members, state.removed, state.groups)
        world.start(node, kept[node])
    world.run(30)
    [cluster] = {world.node(node).statistics().cluster for node in (A, B, C)}
    assert cluster
    assert {A: 1, B: 1, C: 1} == counts(world)


def test_both_sides_of_an_early_partition_are_one_cluster() -> None:
    """Each draws an id, but no process can be replaced under its generation: they are united."""
    world = World(7)
    for node in range(4):
        world.add(node, seeds=[A])
    world.run(1)
    rules = world.network.partition(*[[world.host(n).address for n in s] for s in ((0, 1), (2, 3))])
    commands = Commands(world)
    commands.increment(A, 1)
    commands.increment(C, 2)
    world.run(60)
    world.network.heal(*rules)
    assert world.run_until(lambda: set(counts(world).values()) == {3}, 10)
    world.run(5)
    assert 1 == len({world.node(each).statistics().cluster for each in range(4)})


@pytest.mark.parametrize("after", [1.0, 4.0])
def test_a_side_that_started_again_before_there_was_an_id_is_taken_back(after: float) -> None:
    """It joins its seed as if for the first time, be that alive or dead on its disk."""
    soon = {"suspicion_mult": 1.0, "suspicion_max_mult": 1.0}
    world = World(8, config=ProtocolConfig.profile("local", **soon))
    for node, seeds in ((A, []), (B, [A]), (C, [A, B]), (D, [A])):
        world.add(node, seeds=seeds)
    world.run(0.5)
    sides = [[world.host(node).address for node in side] for side in ((A, D), (B, C))]
    rules = world.network.partition(*sides)
    world.run(after)
    for node in (B, C):
        world.host(node).crash()
        kept = world.host(node).kept
        [seed] = [claim for claim in kept.members if claim.id == id_of(A)]
        assert ((), after > 3) == (kept.cluster_ids, seed.state == DEAD)
        world.start(node)
    commands = Commands(world)
    commands.increment(A, 1)
    commands.increment(C, 2)
    world.run(20)
    assert {A: 1, D: 1, B: 2, C: 2} == counts(world)
    for node in (A, D):
        # Else the dead on the disk of the others would be known by their generations.
        Faults(world).restart(node)
    world.run(1)
    world.network.heal(*rules)
    assert agree(world, (A, B, C, D), 3, 20)


def test_a_member_that_is_taken_in_elsewhere_takes_no_second_cluster_along() -> None:
    """Whoever has these ids from it is not to unite them with those of its own seed."""
    world = World(9)
    faults, commands = Faults(world), Commands(world)
    for node, seeds in ((A, []), (B, [A]), (C, []), (D, [C])):
        world.add(node, seeds=seeds)
    rules = world.network.partition([world.host(C).address], [world.host(D).address])
    commands.increment(A, 5)
    commands.increment(C, 7)
    world.run(12)
    faults.take_over(A, [D])
    world.run(25)
    assert {A: 0, B: 5, C: 7, D: 0} == counts(world)
    assert world.node(A).statistics().cluster == world.node(D).statistics().cluster != ""
    commands.register(B, A)
    assert world.run_until(lambda: counts(world) == {A: 5, B: 5, C: 7, D: 5}, 10)
    world.network.heal(*rules)
    world.run(30)
    assert {A: 5, B: 5, C: 7, D: 5} == counts(world)
    assert world.node(D).state().strayed
