"""Nodes that are killed at random moments under load, again and again: no increment is lost."""

from __future__ import annotations

import http.client
import os
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from tests.real.cluster import Client, Cluster, Node, cluster, eventually

pytestmark = pytest.mark.real

ROUNDS = 200 if os.environ.get("GOSSIPD_LONG") else 6
LEVELS = ("/increment", "/increment?ack=local", "/increment?ack=one", "/increment?ack=majority")


class Load(threading.Thread):
    """A client that increments on one node, and comes back when that was away.

    Attributes:
        acknowledged: how many were answered with 200.
        unanswered: how many were sent and not answered, or refused: they may count.
    """

    def __init__(self, node: Node, path: str) -> None:
        super().__init__()
        self.acknowledged = self.unanswered = 0
        self.failure = ""
        self._node = node
        self._path = path
        self._enough = threading.Event()

    def run(self) -> None:
        """Goes on until it is stopped."""
        while not self._enough.is_set():
            client = Client(self._node.host, self._node.port)
            try:
                client.connect()
                while not self._enough.is_set():
                    self._increment(client)
            except (OSError, http.client.HTTPException):
                self._enough.wait(0.02)
            finally:
                client.close()

    def _increment(self, client: Client) -> None:
        # It counts as not answered until it is.
        self.unanswered += 1
        status, _, body = client.ask("POST", self._path)
        if status == 200:
            self.unanswered -= 1
            self.acknowledged += 1
        elif status != 503:
            self.failure = f"{status} {body!r}"

    def stop(self) -> None:
        """Ends it after the increment under way."""
        self._enough.set()
        self.join(15)
        assert not self.is_alive()
        assert "" == self.failure


class Sums:
    """What all clients saw so far."""

    def __init__(self) -> None:
        self.acknowledged = self.unanswered = 0

    def add(self, loads: Sequence[Load]) -> None:
        """These clients have stopped."""
        self.acknowledged += sum(load.acknowledged for load in loads)
        self.unanswered += sum(load.unanswered for load in loads)

    def agree(self, nodes: Cluster) -> int:
        """All nodes come to one count that can be: it is returned."""

        def counts() -> list[int]:
            return [node.count() for node in nodes.nodes]

        eventually("one count", lambda: len(set(counts())) == 1, 20)
        count = nodes[0].count()
        assert self.acknowledged <= count <= self.acknowledged + self.unanswered
        return count


def _round(nodes: Cluster, rng: Random, sums: Sums, *, everyone: bool) -> None:
    """Load on all, a kill of one or of all, half the time with another one right after it."""
    loads = [Load(node, rng.choice(LEVELS)) for node in nodes.nodes]
    for load in loads:
        load.start()
    pause = threading.Event()
    pause.wait(rng.uniform(0.02, 0.4))
    # Where all are killed, nobody is left who could tell a node what it did not write.
    victims = nodes.nodes if everyone else [rng.choice(nodes.nodes)]
    for node in victims:
        node.process.kill()
    for node in victims:
        node.kill()
    for node in victims:
        node.start()
    if rng.random() < 0.5:
        # While it starts, or when it has just begun to serve.
        pause.wait(rng.uniform(0.1, 0.8))
        victims[0].kill()
        victims[0].start()
    for node in victims:
        eventually(f"{node.id} answers", node.answers, 20)
    for load in loads:
        load.stop()
    sums.add(loads)
    sums.agree(nodes)


@pytest.mark.timeout(120 + 10 * ROUNDS)
def test_no_increment_is_lost_or_counted_twice(folder: Path) -> None:
    """After each round: acknowledged <= count <= acknowledged + unanswered, on every node."""
    seed = secrets.randbits(32)
    rng, sums = Random(seed), Sums()
    print(f"seed {seed}")
    with cluster(3, folder, kept=True) as nodes:
        for number in range(ROUNDS):
            _round(nodes, rng, sums, everyone=number % 3 == 0)
        count = sums.agree(nodes)
    print(
        f"{ROUNDS} rounds: {sums.acknowledged} acknowledged, {sums.unanswered} unanswered, {count}"
    )
    assert sums.acknowledged > 10 * ROUNDS
