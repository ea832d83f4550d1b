"""A world in which nothing happens by itself, for tests of judges."""

from __future__ import annotations

from gossipd.sim.judge import Agreement
from gossipd.sim.world import Observed, World
from tests.sim.fake_node import FakeNode


def quiet(nodes: int, *, joined: bool) -> tuple[World, Agreement]:
    """Returns nodes that say nothing by themselves, since the clock stands still."""
    world = World(1, factory=FakeNode)
    for _ in range(nodes):
        world.add()
    return world, Agreement(world, joined=joined)


def tell(world: World, observer: int, event: object) -> None:
    """Lets a node report an event."""
    host = world.host(observer)
    world.log.note(Observed(world.now, host.id, host.boots, event))
