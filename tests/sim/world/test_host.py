"""One machine: its socket buffer, and what ends with a process."""

from __future__ import annotations

from typing import cast

from gossipd.sim.world import (
    Commands,
    Faults,
    FixedDelay,
)
from tests.sim.fake_node import FakeNode
from tests.sim.world.fakes import hear, kinds, lone


def test_a_full_socket_drops_what_comes_later() -> None:
    """The first 256 are kept, the rest is counted."""
    world, node = lone()
    Faults(world).pause(0)
    for number in range(300):
        hear(world, number)
    Faults(world).resume(0)
    assert kinds(node).count("datagram") == 256
    assert node.inputs[255][1] == b"pong n255:1"
    assert (world.host(0).overflowed, world.network.overflowed) == (44, 44)


def test_a_crash_loses_writes_that_are_not_reported() -> None:
    """The next process neither has them nor hears of them."""
    world, _ = lone()
    world.host(0).disk.slow_down(FixedDelay(0.2))
    first = Commands(world).increment(0, 3)
    world.run(0.25)
    second = Commands(world).increment(0, 4)
    Faults(world).restart(0)
    world.run(1.0)
    assert (first.acknowledged, second.acknowledged) == (True, False)
    node = cast(FakeNode, world.node(0))
    assert node.count("default") == 3
    assert "persisted" not in kinds(node)


def test_timers_of_an_earlier_process_do_not_fire() -> None:
    """After a restart only the new process's timers count."""
    world, old = lone()
    Faults(world).restart(0)
    world.run(3.0)
    assert old.inputs == []
    node = cast(FakeNode, world.node(0))
    times = [entry[1] for entry in node.inputs if entry[0] == "timeout"]
    assert len(times) == len(set(times))


def test_a_block_ends_with_its_process() -> None:
    """Nothing of it is sent or read by the next one."""
    world, _ = lone()
    hear(world, 1)
    Faults(world).block(0, 2.0)
    Commands(world).increment(0)
    hear(world, 1)
    Faults(world).restart(0)
    world.run(0.0)
    assert not world.host(0).blocked
    Faults(world).block(0, 1.0)
    world.run(3.0)
    inputs = cast(FakeNode, world.node(0)).inputs
    assert 0 == world.network.sent
    assert "datagram" not in [entry[0] for entry in inputs]
