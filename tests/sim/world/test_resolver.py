"""Host names."""

from __future__ import annotations

from gossipd.sim.world import (
    World,
    address_of,
    node_id_of,
)
from tests.sim.fake_node import FakeNode
from tests.sim.world.fakes import fake


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
