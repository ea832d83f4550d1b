"""Nodes that are killed at random moments under load, again and again: no increment is lost."""

from __future__ import annotations

import os
import secrets
import threading
from pathlib import Path
from random import Random

import pytest

from lab.processes import Cluster, CountingClient, Tally, cluster, eventually

pytestmark = pytest.mark.real

ROUNDS = 200 if os.environ.get("GOSSIPD_LONG") else 6
LEVELS = ("/increment", "/increment?ack=local", "/increment?ack=one", "/increment?ack=majority")


def _round(nodes: Cluster, rng: Random, sums: Tally, *, everyone: bool) -> None:
    """CountingClient on all, a kill of one or of all, half the time with another one right after it."""
    loads = [CountingClient(node, rng.choice(LEVELS)) for node in nodes.nodes]
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
    sums.agree(nodes.nodes)


@pytest.mark.timeout(120 + 10 * ROUNDS)
def test_no_increment_is_lost_or_counted_twice(folder: Path) -> None:
    """After each round: acknowledged <= count <= acknowledged + unanswered, on every node."""
    seed = secrets.randbits(32)
    rng, sums = Random(seed), Tally()
    print(f"seed {seed}")
    with cluster(3, folder, kept=True) as nodes:
        for number in range(ROUNDS):
            _round(nodes, rng, sums, everyone=number % 3 == 0)
        count = sums.agree(nodes.nodes)
    print(
        f"{ROUNDS} rounds: {sums.acknowledged} acknowledged, {sums.unanswered} unanswered, {count}"
    )
    assert sums.acknowledged > 10 * ROUNDS
