"""Containers are killed, paused, cut off or restarted under load: no increment is lost.

In each test all nodes agree within 5 s after the fault on a count between the acknowledged
increments and these plus the unanswered ones.
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
def load(nodes: Sequence[Node], tally: Tally) -> Iterator[list[CountingClient]]:
    """Runs a client that increments all the time on each of these nodes."""
    clients = [CountingClient(node, pause=_PAUSE) for node in nodes]
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        for client in clients:
            client.stop()
        tally.add(clients)


def goes_on(clients: Sequence[CountingClient]) -> None:
    """Waits until each of these clients had 20 more increments acknowledged."""
    targets = [client.acknowledged + 20 for client in clients]
    eventually(
        "increments are acknowledged",
        lambda: all(c.acknowledged >= n for c, n in zip(clients, targets, strict=True)),
        10,
    )


@pytest.fixture
def tally(three: Cluster) -> Tally:
    """Returns a tally that begins with the count so far."""
    known = Tally()
    known.acknowledged = three.nodes[0].count()
    known.agree(three.nodes)
    return known


def gone(nodes: Sequence[Node], victim: str) -> None:
    """Waits until none of these nodes lists the node of that id."""
    for node in nodes:
        node.comes_to_drop(victim)


def test_killed(three: Cluster, tally: Tally) -> None:
    """A node that was killed is dropped by the others and catches up when it starts again."""
    victim, *rest = three.nodes
    with load(three.nodes, tally) as clients:
        goes_on(clients)
        docker("kill", victim.name)
        gone(rest, victim.id)
        goes_on(clients[1:])
        victim.start()
        victim.comes_to_answer()
        goes_on(clients)
    tally.agree(three.nodes, AGREEMENT)
    three.know_each_other()


def test_paused(three: Cluster, tally: Tally) -> None:
    """A node that was paused for long is dropped, and comes back when it goes on."""
    victim, *rest = three.nodes
    with load(rest, tally) as clients:
        goes_on(clients)
        docker("pause", victim.name)
        gone(rest, victim.id)
        goes_on(clients)
    docker("unpause", victim.name)
    tally.agree(three.nodes, AGREEMENT)
    three.know_each_other()


def test_disconnected(three: Cluster, tally: Tally) -> None:
    """A container without a network counts alone; afterwards the increments of both sides count."""
    victim, *rest = three.nodes
    victim_id = victim.id
    victim.disconnect()
    with load(rest, tally) as clients:
        gone(rest, victim_id)
        goes_on(clients)
    # It answers only once it has declared its peers dead and so waits for none of them.
    before = victim.inside("GET", "/count")["count"]
    assert before + 50 == victim.inside("POST", "/increment", times=50)["count"]
    tally.acknowledged += 50
    victim.connect()
    tally.agree(three.nodes, AGREEMENT)
    three.know_each_other()


def test_rolling_restart(three: Cluster, tally: Tally) -> None:
    """Each node in turn is restarted under load, and no other node stops serving."""
    with load(three.nodes, tally) as clients:
        for node, own in zip(three.nodes, clients, strict=True):
            goes_on(clients)
            node.stop()
            goes_on([client for client in clients if client is not own])
            node.start()
            three.know_each_other()
    tally.agree(three.nodes, AGREEMENT)
    # A node that stops in good order answers every request that it has accepted.
    assert tally.unanswered <= 3 * len(three.nodes)
