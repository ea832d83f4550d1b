"""Nodes are killed at random moments under load, again and again: no increment is lost."""

from __future__ import annotations

import os
import secrets
import threading
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from lab.processes import Cluster, CountingClient, KeyedClient, Tally, cluster, eventually

pytestmark = pytest.mark.real

ROUNDS = 200 if os.environ.get("GOSSIPD_LONG") else 6
LEVELS = ("/increment", "/increment?ack=local", "/increment?ack=one", "/increment?ack=majority")


def _kill(nodes: Cluster, rng: Random, *, everyone: bool) -> None:
    """Kills one node or all under load; half the time it kills one again right afterwards."""
    pause = threading.Event()
    pause.wait(rng.uniform(0.02, 0.4))
    # If all are killed, no peer is left to tell a node what it had not written.
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


def _round(nodes: Cluster, rng: Random, tally: Tally, *, everyone: bool) -> None:
    clients = [CountingClient(node, rng.choice(LEVELS)) for node in nodes.nodes]
    for client in clients:
        client.start()
    _kill(nodes, rng, everyone=everyone)
    for client in clients:
        client.stop()
    tally.add(clients)
    tally.agree(nodes.nodes)


@pytest.mark.timeout(120 + 10 * ROUNDS)
def test_no_increment_is_lost_or_counted_twice(folder: Path) -> None:
    """After each round: acknowledged <= count <= acknowledged + unanswered, on every node."""
    seed = secrets.randbits(32)
    rng, tally = Random(seed), Tally()
    print(f"seed {seed}")
    with cluster(3, folder, kept=True) as nodes:
        for number in range(ROUNDS):
            _round(nodes, rng, tally, everyone=number % 3 == 0)
        count = tally.agree(nodes.nodes)
    print(
        f"{ROUNDS} rounds: {tally.acknowledged} acknowledged,"
        f" {tally.unanswered} unanswered, {count}"
    )
    assert tally.acknowledged > 10 * ROUNDS


@pytest.mark.timeout(120 + 10 * ROUNDS)
def test_each_key_counts_once(folder: Path) -> None:
    """Over a thousand counters, though it is tried on other nodes until it is answered."""
    seed = secrets.randbits(32)
    rng, counted, tries = Random(seed), Counter[str](), 0
    print(f"seed {seed}")
    with cluster(3, folder, kept=True) as nodes:
        for number in range(ROUNDS):
            clients = [KeyedClient(nodes.nodes, 1000, f"{number} {each}") for each in range(4)]
            for client in clients:
                client.start()
            _kill(nodes, rng, everyone=number % 3 == 0)
            for client in clients:
                client.stop()
                counted += client.counted
                tries += client.tries
        for node in nodes.nodes:
            eventually(f"{node.id} has them", lambda node=node: node.counters() == counted, 20)
    print(f"{ROUNDS} rounds: {counted.total()} keys, {tries} tries")
    assert counted.total() > 10 * ROUNDS
