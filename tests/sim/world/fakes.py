"""Worlds of fake nodes, for tests of machines, processes and faults."""

from __future__ import annotations

from random import Random
from typing import Any, cast

from gossipd.sim.world import (
    FixedDelay,
    Network,
    World,
)
from tests.sim.fake_node import FakeNode

STRANGER = ("10.0.0.9", 8088)
"""The address of nobody in these worlds."""


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


def lone() -> tuple[World, FakeNode]:
    """A node by itself, after 0.5 s."""
    world = World(1, factory=FakeNode, network=Network(Random(1), delay=FixedDelay(0.001)))
    world.add(0)
    world.run(0.5)
    node = cast(FakeNode, world.node(0))
    node.inputs.clear()
    return world, node


def hear(world: World, number: int) -> None:
    """A stranger's datagram arrives."""
    world.carrier.deliver(f"pong n{number}:1".encode(), STRANGER, world.host(0).address)


def kinds(node: FakeNode) -> list[Any]:
    """The names of the inputs, in order."""
    return [entry[0] for entry in node.inputs]
