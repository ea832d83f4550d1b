"""What nodes of a world are asked, and what comes of it."""

from __future__ import annotations

from typing import Any

from gossipd.protocol import (
    LeaveDone,
)
from gossipd.sim.world import (
    Commands,
    Faults,
    FixedDelay,
    JoinedNodes,
    Left,
    World,
    node_id_of,
)
from tests.sim.world.fakes import cluster


def test_leaving_ends_with_the_process() -> None:
    """The process ends as its node says that it is done."""
    world = cluster(2)
    Commands(world).leave(1)
    world.run(0.0)
    assert world.host(1).node is None
    assert [event.event for event in world.log.events if event.node == node_id_of(1)][-2:] == [
        LeaveDone(0, 0),
        Left(),
    ]


def test_requests_and_answers_are_recorded() -> None:
    """A request knows its answer and when; one without answer is not acknowledged."""
    world, told = cluster(2), list[Any]()
    world.host(1).disk.slow_down(FixedDelay(1.0))
    answered = Commands(world).increment(0, 3, on_answer=told.append)
    lost = Commands(world).increment(1, 4)
    world.run(0.5)
    Faults(world).crash(1)
    world.run(2.0)
    assert (answered.acknowledged, answered.answered_at) == (True, 2.0)
    assert (lost.acknowledged, lost.answer) == (False, None)
    assert told == [answered]


def test_refused_requests_are_recorded_as_such() -> None:
    """What a node does not take is no acknowledged request, and the run goes on."""
    world = cluster(1)
    request = Commands(world).increment(0, -1)
    assert (request.refused, request.acknowledged) == ("amount: must not be negative", False)


def test_increments_can_come_together() -> None:
    """As one write, each with an answer of its own; what refuses one refuses all."""
    world = World(1, factory=JoinedNodes(2))
    for _ in range(2):
        world.add()
    world.run(1.0)
    first = Commands(world).increments(0, [1, 2, 4], ack="all")
    refused = Commands(world).increments(0, [1, 0])
    world.run(1.0)
    assert [1, 3, 7] == [each.answer.count for each in first if each.answer]
    assert 1 == len({each.write.sequence for each in first if each.write})
    assert ["amount: must be at least 1"] * 2 == [each.refused for each in refused]
    assert [7, 7] == [world.node(number).count("default") for number in (0, 1)]
