"""A cluster without a beginning."""

from __future__ import annotations

from gossipd.sim.world import Faults, Incident, JoinedNodes, World
from tests.sim.checks import everybody_alive


def test_everybody_knows_everybody_at_once() -> None:
    """Without one datagram, and an idle cluster stays as it is, with a ping and an ack each."""
    world = World(1, factory=JoinedNodes(10))
    for _ in range(10):
        world.add(seeds=[0, 1, 2])
    assert [] == everybody_alive(world)
    assert 0 == world.network.sent
    world.run(20)
    assert all(isinstance(observed.event, Incident) for observed in world.log.events)
    assert 10 * 20 * 2 == round(world.network.sent, -1)


def test_a_later_start_is_a_usual_one() -> None:
    """A node that comes back without its disk knows nobody, until it has met its seeds."""
    world = World(1, factory=JoinedNodes(5))
    for _ in range(5):
        world.add(seeds=[0, 1, 2])
    world.run(1)
    Faults(world).restart(4, keep=False)
    world.run(0.0)
    assert ["10.0.0.5:8088"] == [row.id for row in world.node(4).members()]
    world.run(2)
    assert [] == everybody_alive(world)
