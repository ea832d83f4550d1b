"""What a cluster is like that has seen thousands of processes and members."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from random import Random

import pytest

from gossipd.daemon.storage import Store
from gossipd.protocol import Changes, Claim, Entry, Group, Write
from lab.processes import (
    Cluster,
    CountingClient,
    Node,
    Tally,
    cluster,
    eventually,
    resident_megabytes,
)

pytestmark = pytest.mark.real

MANY = 20_000
DEAD = 2
SECONDS = 5


def fill(node: Node, cluster_name: str) -> None:
    """Puts many members that died, and many owners that counted once, into a node's directory."""
    random = Random(1)
    members = tuple(
        Claim(f"127.{1 + k // 62_500}.{k // 250 % 250}.{k % 250 + 1}:9", 1_000_000 + k, 0, DEAD)
        for k in range(MANY)
    )
    groups = tuple(
        Group(random.randbytes(16), 0, 1, [Entry(1, "default", 0, 1)]) for _ in range(MANY)
    )
    node.directory.mkdir()
    store = Store(node.directory, cluster_name)
    store.open()
    store.begin(1)
    store.commit([Write(1, groups)], Changes(1, members))
    store.close(None, ())


def sent(nodes: Cluster) -> float:
    """Returns how many datagrams the nodes have sent."""
    return sum(node.metric("gossipd_sent_datagrams_total") for node in nodes.nodes)


def test_a_joiner_is_complete_within_seconds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With 20,000 dead members and 20,000 owners, within 10 s; then all is as quiet as ever."""
    with cluster(2, tmp_path, start=False, kept=True) as nodes:
        old, joiner = nodes.nodes
        fill(old, nodes.name)
        old.start()
        eventually("the old node answers", old.answers, 60)
        joiner.start()
        eventually("the joiner answers", joiner.answers, 60)
        began = time.monotonic()

        def complete() -> bool:
            if joiner.count() != MANY:
                return False
            return joiner.metric("gossipd_members", state="dead") == MANY

        eventually("the joiner has everything", complete, 10)
        with capsys.disabled():
            print(
                f"\na joiner has {MANY} members and owners after {time.monotonic() - began:.1f} s"
            )
        threading.Event().wait(SECONDS)
        before = sent(nodes)
        threading.Event().wait(SECONDS)
        # A ping and an ack a second each way, and a try of somebody who died every two seconds.
        assert sent(nodes) - before <= 2 * SECONDS * 4


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_restarts_and_increments_leave_no_trace(tmp_path: Path) -> None:
    """500,000 increments and 300 restarts of three nodes: traffic and memory as after the first 10.

    The slowest of a hundred increments takes as long as in a fresh cluster at the same moment: the
    machine may have had other things to do half an hour ago.
    """
    tally = Tally()
    with cluster(3, tmp_path, kept=True) as nodes:
        early = late = (0.0, 0.0, 0.0)
        for restart in range(300):
            clients = [CountingClient(node) for node in nodes.nodes for _ in range(2)]
            for client in clients:
                client.start()
            enough = tally.acknowledged + 500_000 // 300

            def counted(enough: int = enough, clients: list[CountingClient] = clients) -> bool:
                return tally.acknowledged + sum(each.acknowledged for each in clients) >= enough

            eventually("the clients have counted", counted, 60)
            node = nodes[restart % 3]
            node.kill()
            node.start()
            eventually("it answers", node.answers, 30)
            for client in clients:
                client.stop()
            tally.add(clients)
            if restart in (9, 299):
                early, late = late, figures(nodes, tally)
        print(f"{tally.acknowledged} acknowledged; early {early}, late {late}")
        tally.agree(nodes.nodes)
        (tmp_path / "fresh").mkdir()
        with cluster(3, tmp_path / "fresh", kept=True) as fresh:
            rounds = [(figures(fresh, Tally()), figures(nodes, tally)) for _ in range(3)]
        slowest = [min(each[2] for each in column) for column in zip(*rounds, strict=True)]
        print(f"a slow increment of a fresh cluster and of this one: {slowest} ms")
        early, late = (*early[:2], slowest[0]), (*late[:2], slowest[1])
    for before, after, share in zip(early, late, (1.3, 1.3, 1.5), strict=True):
        assert after <= share * before


def figures(nodes: Cluster, tally: Tally) -> tuple[float, float, float]:
    """Returns datagrams a second at rest, megabytes, and the milliseconds of a slow increment.

    Adds to the tally what it counts.
    """
    eventually("all know each other", lambda: all(len(n.peers()) == 2 for n in nodes.nodes), 30)
    threading.Event().wait(SECONDS)
    before = sent(nodes)
    threading.Event().wait(SECONDS)
    rate = (sent(nodes) - before) / SECONDS
    memory = max(resident_megabytes(node.process.pid) or 0.0 for node in nodes.nodes)
    times = []
    with nodes[0].client() as client:
        for _ in range(1000):
            start = time.monotonic()
            client.increment()
            times.append(1000 * (time.monotonic() - start))
            tally.acknowledged += 1
    return rate, memory, sorted(times)[990]
