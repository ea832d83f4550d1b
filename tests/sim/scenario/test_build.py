"""The world that a scenario describes."""

from __future__ import annotations

import pytest

from gossipd.sim.scenario.build import add_nodes, build_world
from gossipd.sim.scenario.scenario import make_scenario
from gossipd.sim.world import FixedDelay
from tests.sim.checks import everybody_alive


def test_the_network_is_as_the_scenario_says() -> None:
    """Every word of it."""
    words = {"loss": 10, "duplicate": 20, "reorder": 30, "latency": "fixed:7ms", "seed": 4}
    world = build_world(make_scenario(words))
    network = world.network
    ratios = (network.loss_ratio, network.duplicate_ratio, network.reorder_ratio)
    assert ((0.1, 0.2, 0.3), FixedDelay(0.007), 4) == (ratios, network.delay, world.seed)


@pytest.mark.parametrize(("start", "known"), [("joined", 3), ("together", 1)])
def test_joined_nodes_know_each_other_at_once(start: str, known: int) -> None:
    """Others have to meet."""
    scenario = make_scenario({"nodes": 3, "start": start})
    world = build_world(scenario)
    add_nodes(world, scenario)
    assert [known] * 3 == [len(world.node(number).members()) for number in range(3)]


def test_owners_of_earlier_runs_are_known_to_the_first_node() -> None:
    """Those of one seed are the same each time; the others get them from it."""
    scenario = make_scenario({"nodes": 3, "owners": 20})
    world = build_world(scenario)
    add_nodes(world, scenario)
    held = [len(world.node(number).state().groups) for number in range(3)]
    assert [20, 0, 0] == held
    world.run(10.0)
    groups = [
        {group.owner: group.entries for group in world.node(number).state().groups}
        for number in range(3)
    ]
    assert 20 == len(groups[0])
    assert groups[0] == groups[1] == groups[2]


def test_seeds_and_disks_are_as_asked_for() -> None:
    """The first nodes are everybody's seeds, as far as there are so many."""
    for seeds, expected in (0, 0), (2, 2), (9, 3):
        scenario = make_scenario({"nodes": 3, "seeds": seeds})
        world = build_world(scenario)
        add_nodes(world, scenario, sync_interval=0.5)
        assert [expected] * 3 == [len(host.seeds) for host in world.hosts.values()]
        assert [0.5] * 3 == [host.disk.sync_interval for host in world.hosts.values()]


def test_with_discovery_the_network_is_one_segment() -> None:
    """Nodes without seeds find each other on it; else broadcasts reach nobody."""
    for discovery in (True, False):
        words = {"nodes": 3, "seeds": 0, "start": "together", "set": {"discovery": "on"}}
        world = build_world(make_scenario(words if discovery else {"nodes": 3, "seeds": 0}))
        assert discovery == world.carrier.broadcasts
    world = build_world(make_scenario(words))
    add_nodes(world, make_scenario(words))
    world.run(2.0)
    assert [] == everybody_alive(world)


def test_several_holders_have_a_half_each() -> None:
    """Other halves, which become one table."""
    scenario = make_scenario({"nodes": 3, "owners": 40, "dead-rows": 40, "holders": 2})
    world = build_world(scenario)
    add_nodes(world, scenario)
    states = [world.node(number).state() for number in range(3)]
    owners = [{group.owner for group in state.groups} for state in states]
    assert not owners[2]
    assert owners[0] - owners[1]
    assert owners[1] - owners[0]
    world.run(10.0)
    agreed = {world.node(number).gates() for number in range(3)}
    assert 1 == len(agreed)
    assert {group.owner for group in world.node(2).state().groups} == owners[0] | owners[1]
