"""A disk fails under a real node, which keeps working as far as it can and loses no answer."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

import pytest

from lab.processes import Cluster, CountingClient, Node, Tally, cluster, eventually
from tests.daemon.storage.faults.shim import NAME, OPEN, SYNC, TRUNCATE, WRITE, Switch

pytestmark = pytest.mark.real

ENDLESS = 1 << 30
FULL = (ENDLESS, errno.ENOSPC, OPEN | WRITE | SYNC)
BROKEN = (ENDLESS, errno.EIO, OPEN | WRITE | SYNC | TRUNCATE | NAME)
SAMPLE = 100 if os.environ.get("GOSSIPD_LONG") else 6


@contextmanager
def load(nodes: Cluster, tally: Tally, a_node: int = 2) -> Iterator[None]:
    """Runs so many clients on each node for the length of the block."""
    clients = [
        CountingClient(node, "/increment?ack=local") for node in nodes.nodes for _ in range(a_node)
    ]
    for client in clients:
        client.start()
    try:
        yield
    finally:
        for client in clients:
            client.stop()
    tally.add(clients)


def ready(node: Node) -> bool:
    """Returns whether the node says that it takes writes."""
    return node.ask("GET", "/readyz")[0] == 200


def _goes_on(node: Node, other: Node) -> None:
    """Checks what a node without a disk still does, and what it refuses: that does not count."""
    status, headers, _ = node.ask("POST", "/increment")
    assert (503, "1") == (status, headers.get("retry-after"))
    assert 503 == node.ask("GET", "/readyz")[0]
    assert 200 == node.ask("GET", "/livez")[0]
    assert {other.id} == node.peers()
    before = node.count()
    eventually("it hears what others count", lambda: node.count() > before, 10)


@pytest.mark.timeout(60 + 3 * SAMPLE)
def test_a_disk_fails_and_recovers(folder: Path) -> None:
    """It fails for a while, at single calls, through a kill, and at a start."""
    seed = secrets.randbits(32)
    rng, tally = Random(seed), Tally()
    print(f"seed {seed}")
    with cluster(2, folder, kept=True, start=False) as nodes:
        node, other = nodes.nodes
        switch = Switch(folder, node.directory)
        node.variables = switch.variables
        nodes.start()
        for fault in FULL, BROKEN:
            with load(nodes, tally):
                switch.arm(1, *fault)
                eventually("it is not ready", lambda: not ready(node), 10)
                _goes_on(node, other)
                switch.disarm()
                eventually("it is ready again", lambda: ready(node), 10)
                status = node.ask("POST", "/increment")[0]
            assert 200 == status
            tally.acknowledged += 1
            tally.agree(nodes)
        _at_single_calls(nodes, switch, rng, tally)
        _through_a_kill(nodes, switch, tally)
        assert tally.acknowledged > 100
    print(f"{tally.acknowledged} acknowledged, {tally.unanswered} refused or unanswered")


def _at_single_calls(nodes: Cluster, switch: Switch, rng: Random, tally: Tally) -> None:
    node = nodes[0]
    recovered = len(node.events("store_recovered"))
    for number in range(SAMPLE):
        kind, calls = (errno.ENOSPC, WRITE) if number % 2 else (errno.EIO, WRITE | SYNC)
        with load(nodes, tally):
            committed = commits(node)
            switch.arm(rng.randint(1, 40), rng.randint(1, 4), kind, calls)
            eventually("it goes on", partial(_commits_beyond, node, committed + 40), 10)
        switch.disarm()
        eventually("it is ready", lambda: ready(node), 10)
        tally.agree(nodes)
    # Some of the failed calls recorded entries of others, for which a node does not stop.
    assert len(node.events("store_recovered")) - recovered >= SAMPLE // 3


def commits(node: Node) -> float:
    """Returns the number of transactions so far."""
    return node.metric("gossipd_store_commits_total")


def _commits_beyond(node: Node, number: float) -> bool:
    return commits(node) > number


def _through_a_kill(nodes: Cluster, switch: Switch, tally: Tally) -> None:
    """Kills the node; the next process finds the disk failing, and then well again."""
    node, other = nodes.nodes
    with load(nodes, tally):
        switch.arm(1, *BROKEN)
        eventually("it is not ready", lambda: not ready(node), 10)
        node.kill()
        node.start()
        eventually("it answers", node.answers, 10)
        nodes.know_each_other(nodes.nodes, 10)
        _goes_on(node, other)
        switch.disarm()
        eventually("it is ready again", lambda: ready(node), 10)
    tally.agree(nodes)


def test_it_is_killed_while_its_disk_fails(folder: Path) -> None:
    """All acknowledged increments are there, although no peer knew of them."""
    rng, tally = Random(folder.name), Tally()
    with cluster(1, folder, kept=True, start=False) as nodes:
        [node] = nodes.nodes
        switch = Switch(folder, node.directory)
        node.variables = switch.variables
        nodes.start()
        for _ in range(SAMPLE // 2):
            with load(nodes, tally, a_node=8):
                committed = commits(node)
                eventually("it counts", partial(_commits_beyond, node, committed + 20), 10)
                switch.arm(rng.randint(1, 8), ENDLESS, errno.EIO, OPEN | WRITE | SYNC | TRUNCATE)
                eventually("it is not ready", lambda: not ready(node), 10)
                node.kill()
            switch.disarm()
            node.start()
            eventually("it is ready", lambda: node.answers() and ready(node), 10)
            tally.agree(nodes)
    assert tally.acknowledged > 100
