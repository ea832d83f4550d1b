"""Writes that wait for the disk."""

from __future__ import annotations

import pytest

from gossipd.sim.world import (
    Commands,
    FixedDelay,
    JoinedNodes,
    World,
)
from tests.sim.world.fakes import kinds, lone


def test_writes_are_reported_at_once_without_a_delay() -> None:
    """The report is the next input."""
    world, node = lone()
    Commands(world).increment(0)
    assert node.inputs == [("increment", 1, 0.5), ("persisted", 1, 0.5)]


def test_delayed_writes_are_reported_in_order() -> None:
    """What is staged during one transaction goes into the next; a later write never overtakes."""
    world, node = lone()
    world.host(0).disk.slow_down(FixedDelay(0.1))
    for _ in range(3):
        Commands(world).increment(0)
    world.run(0.11)
    world.host(0).disk.slow_down(None)
    Commands(world).increment(0)
    world.run(0.3)
    reports = [entry[1:] for entry in node.inputs if entry[0] == "persisted"]
    assert [sequence for sequence, _ in reports] == [1, 2, 3, 4]
    assert [time for _, time in reports] == pytest.approx([0.6, 0.7, 0.7, 0.7])
    Commands(world).increment(0)
    assert node.inputs[-1][:2] == ("persisted", 5)


def test_failing_writes_are_reported_as_failed() -> None:
    """The request is answered with no holders."""
    world, node = lone()
    world.host(0).disk.fail(1.0)
    request = Commands(world).increment(0)
    assert kinds(node) == ["increment", "persist_failed"]
    assert request.answer is not None
    assert not request.acknowledged


def test_after_a_failure_all_that_waits_fails() -> None:
    """The failed transaction may be on disk as a whole; what comes behind it is not."""
    found = set()
    for seed in range(20):
        world = World(seed, factory=JoinedNodes(1))
        host = world.add(sync_interval=10.0)
        host.disk.slow_down(FixedDelay(0.1))
        requests = [Commands(world).increment(0) for _ in range(3)]
        host.disk.fail(1.0)
        world.run(0.15)
        assert [0, 0, 0] == [each.answer.holders for each in requests if each.answer]
        found.add(tuple(group.upto for group in world.host(0).disk_content().groups))
    assert {(), (1,)} == found
