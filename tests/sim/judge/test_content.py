"""Whether all running nodes have the same."""

from __future__ import annotations

from gossipd.sim.judge.content import Content, Same
from gossipd.sim.scenario import add_nodes, build_world, make_scenario
from gossipd.sim.world import Commands, World


def world_of(**words: object) -> tuple[World, Content]:
    """Returns a world of three nodes."""
    scenario = make_scenario({"nodes": 3, **words})
    world = build_world(scenario)
    add_nodes(world, scenario)
    return world, Content(world)


def test_nodes_without_a_past_agree_from_the_start() -> None:
    """On both, as far as looked."""
    world, content = world_of()
    content.look()
    world.run(1.0)
    content.look()
    assert (Same(0.0, 1.0), Same(0.0, 1.0)) == (content.tables, content.counts)


def test_what_one_node_has_alone_is_seen_until_all_have_it() -> None:
    """Each of the two for itself."""
    world, content = world_of(owners=300)
    content.look()
    assert (Same(0.0, 0.0), Same()) == (content.tables, content.counts)
    world.run(10.0)
    content.look()
    assert 10.0 == content.counts.since
    world.network.partition(world.addresses([0]), world.addresses([1, 2]))
    Commands(world).increment(0)
    world.run(1.0)
    content.look()
    assert Same(None, 10.0) == content.counts


def test_dead_rows_make_tables_differ() -> None:
    """Until the others have learned of them."""
    world, content = world_of(**{"dead-rows": 300})
    content.look()
    assert Same() == content.tables
    world.run(10.0)
    content.look()
    assert 10.0 == content.tables.since
    assert [303] * 3 == [len(world.node(number).members()) for number in range(3)]


def test_it_looks_now_and_then() -> None:
    """Or when it is told to."""
    world, content = world_of()
    content.look()
    world.run(0.1)
    content.look()
    assert 0.0 == content.tables.last
    content.look(now=True)
    assert 0.1 == content.tables.last
