"""Containers that are killed, paused, cut off or restarted under load: no increment is lost.

In each, all nodes agree within 5 s of healing on a count that lies between what was acknowledged
and that plus what was sent and not answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from lab.processes import CountingClient, Tally, eventually
from tests.containers.engine import Cluster, Node, docker

pytestmark = [pytest.mark.containers, pytest.mark.timeout(120)]

AGREEMENT = 5.0
_PAUSE = 0.005


@contextmanager
def load(nodes: Sequence[Node], sums: Tally) -> Iterator[list[CountingClient]]:
    """A client at each of these nodes that increments all the time."""
    loads = [CountingClient(node, pause=_PAUSE) for node in nodes]
    for one in loads:
        one.start()
    try:
        yield loads
    finally:
        for one in loads:
            one.stop()
        sums.add(loads)


def goes_on(loads: Sequence[CountingClient]) -> None:
    """Waits until each of these had 20 more increments acknowledged."""
    targets = [one.acknowledged + 20 for one in loads]
    eventually(
        "increments are acknowledged",
        lambda: all(one.acknowledged >= n for one, n in zip(loads, targets, strict=True)),
        10,
    )


@pytest.fixture
def sums(three: Cluster) -> Tally:
    """What clients know; the count so far is acknowledged already."""
    known = Tally()
    known.acknowledged = three.nodes[0].count()
    known.agree(three.nodes)
    return known


def gone(nodes: Sequence[Node], victim: str) -> None:
    """Waits until none of these lists the node of that id."""
    for node in nodes:
        node.comes_to_drop(victim)


def test_killed(three: Cluster, sums: Tally) -> None:
    """A node that was killed is dropped by the others and catches up when it starts again."""
    victim, *rest = three.nodes
    with load(three.nodes, sums) as loads:
        goes_on(loads)
        docker("kill", victim.name)
        gone(rest, victim.id)
        goes_on(loads[1:])
        victim.start()
        victim.comes_to_answer()
        goes_on(loads)
    sums.agree(three.nodes, AGREEMENT)
    three.know_each_other()


def test_paused(three: Cluster, sums: Tally) -> None:
    """A node that stood still for long is dropped and comes back as if nothing had been."""
    victim, *rest = three.nodes
    with load(rest, sums) as loads:
        goes_on(loads)
        docker("pause", victim.name)
        gone(rest, victim.id)
        goes_on(loads)
    docker("unpause", victim.name)
    sums.agree(three.nodes, AGREEMENT)
    three.know_each_other()


def test_disconnected(three: Cluster, sums: Tally) -> None:
    """A container without a network counts alone; what both sides counted is there afterwards."""
    victim, *rest = three.nodes
    victim_id = victim.id
    victim.disconnect()
    with load(rest, sums) as loads:
        gone(rest, victim_id)
        goes_on(loads)
    # Alone, it answers each only after it has no live peer to wait for.
    before = victim.inside("GET", "/count")["count"]
    assert before + 50 == victim.inside("POST", "/increment", times=50)["count"]
    sums.acknowledged += 50
    victim.connect()
    sums.agree(three.nodes, AGREEMENT)
    three.know_each_other()


def test_rolling_restart(three: Cluster, sums: Tally) -> None:
    """Each node in turn is restarted under load, and nobody else stops serving."""
    with load(three.nodes, sums) as loads:
        for node, own in zip(three.nodes, loads, strict=True):
            goes_on(loads)
            node.stop()
            goes_on([one for one in loads if one is not own])
            node.start()
            three.know_each_other()
    sums.agree(three.nodes, AGREEMENT)
    # In good order means: what was accepted was answered.
    assert sums.unanswered <= 3 * len(three.nodes)
