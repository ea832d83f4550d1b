"""A cluster without faults: starts and time."""

from __future__ import annotations

import pytest

from gossipd.sim.world import (
    Commands,
    Faults,
    World,
    node_id_of,
)
from tests.sim.fake_node import FakeNode
from tests.sim.world.fakes import cluster, fake


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
