"""A disk that fails under a real node, which goes on as it can and loses nothing it answered."""

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

from lab.processes import Cluster, Node, cluster, eventually
from tests.daemon.storage.faults.shim import NAME, OPEN, SYNC, TRUNCATE, WRITE, Switch
from tests.real.test_kills import CountingClient, Tally

pytestmark = pytest.mark.real

ENDLESS = 1 << 30
FULL = (ENDLESS, errno.ENOSPC, OPEN | WRITE | SYNC)
BROKEN = (ENDLESS, errno.EIO, OPEN | WRITE | SYNC | TRUNCATE | NAME)
SAMPLE = 100 if os.environ.get("GOSSIPD_LONG") else 6


@contextmanager
def load(nodes: Cluster, sums: Tally, clients: int = 2) -> Iterator[None]:
    """So many clients on each node for the length of the block."""
    loads = [
        CountingClient(node, "/increment?ack=local") for node in nodes.nodes for _ in range(clients)
    ]
    for each in loads:
        each.start()
    try:
        yield
    finally:
        for each in loads:
            each.stop()
    sums.add(loads)


def ready(node: Node) -> bool:
    """Whether it says that it takes writes."""
    return node.ask("GET", "/readyz")[0] == 200


def _goes_on(node: Node, other: Node) -> None:
    """What a node without a disk still does, and what it refuses."""
    status, headers, _ = node.ask("POST", "/increment")
    assert (503, "1") == (status, headers.get("retry-after"))
    assert 503 == node.ask("GET", "/readyz")[0]
    assert 200 == node.ask("GET", "/livez")[0]
    assert {other.id} == node.peers()
    before = node.count()
    eventually("it hears what others count", lambda: node.count() > before, 10)


@pytest.mark.timeout(60 + 3 * SAMPLE)
def test_a_disk_fails_and_recovers(folder: Path) -> None:
    """For as long as it fails; at single calls; through a kill; and at a start."""
    seed = secrets.randbits(32)
    rng, sums = Random(seed), Tally()
    print(f"seed {seed}")
    with cluster(2, folder, kept=True, start=False) as nodes:
        node, other = nodes.nodes
        switch = Switch(folder, node.directory)
        node.variables = switch.variables
        nodes.start()
        for fault in FULL, BROKEN:
            with load(nodes, sums):
                switch.arm(1, *fault)
                eventually("it is not ready", lambda: not ready(node), 10)
                _goes_on(node, other)
                switch.disarm()
                eventually("it is ready again", lambda: ready(node), 10)
                status = node.ask("POST", "/increment")[0]
            assert 200 == status
            sums.acknowledged += 1
            # What was refused above may count.
            sums.unanswered += 1
            sums.agree(nodes)
        _at_single_calls(nodes, switch, rng, sums)
        _through_a_kill(nodes, switch, sums)
        assert sums.acknowledged > 100
    print(f"{sums.acknowledged} acknowledged, {sums.unanswered} refused or unanswered")


def _at_single_calls(nodes: Cluster, switch: Switch, rng: Random, sums: Tally) -> None:
    node = nodes[0]
    recovered = len(node.events("store_recovered"))
    for number in range(SAMPLE):
        kind, calls = (errno.ENOSPC, WRITE) if number % 2 else (errno.EIO, WRITE | SYNC)
        with load(nodes, sums):
            committed = commits(node)
            switch.arm(rng.randint(1, 40), rng.randint(1, 4), kind, calls)
            eventually("it goes on", partial(_commits_beyond, node, committed + 40), 10)
        switch.disarm()
        eventually("it is ready", lambda: ready(node), 10)
        sums.agree(nodes)
    # Some of the calls were about what is recorded besides, where a failure is no trouble.
    assert len(node.events("store_recovered")) - recovered >= SAMPLE // 3


def commits(node: Node) -> float:
    """Transactions so far."""
    return node.metric("gossipd_store_commits_total")


def _commits_beyond(node: Node, number: float) -> bool:
    return commits(node) > number


def _through_a_kill(nodes: Cluster, switch: Switch, sums: Tally) -> None:
    """The next process finds the disk as it was, and then well again."""
    node, other = nodes.nodes
    with load(nodes, sums):
        switch.arm(1, *BROKEN)
        eventually("it is not ready", lambda: not ready(node), 10)
        node.kill()
        node.start()
        eventually("it answers", node.answers, 10)
        nodes.know_each_other(nodes.nodes, 10)
        _goes_on(node, other)
        sums.unanswered += 1
        switch.disarm()
        eventually("it is ready again", lambda: ready(node), 10)
    sums.agree(nodes)


def test_it_is_killed_while_its_disk_fails(folder: Path) -> None:
    """What it acknowledged is there, also where no other node was told of it."""
    rng, sums = Random(folder.name), Tally()
    with cluster(1, folder, kept=True, start=False) as nodes:
        [node] = nodes.nodes
        switch = Switch(folder, node.directory)
        node.variables = switch.variables
        nodes.start()
        for _ in range(SAMPLE // 2):
            with load(nodes, sums, clients=8):
                committed = commits(node)
                eventually("it counts", partial(_commits_beyond, node, committed + 20), 10)
                switch.arm(rng.randint(1, 8), ENDLESS, errno.EIO, OPEN | WRITE | SYNC | TRUNCATE)
                eventually("it is not ready", lambda: not ready(node), 10)
                node.kill()
            switch.disarm()
            node.start()
            eventually("it is ready", lambda: node.answers() and ready(node), 10)
            sums.agree(nodes)
    assert sums.acknowledged > 100
