"""A partition of three nodes against two, by firewall rules in the containers' own namespaces."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest

from lab.processes import CountingClient, Tally
from tests.containers.engine import Node, cluster, insisted

pytestmark = [pytest.mark.containers, pytest.mark.timeout(240)]

LENGTH = 60.0
AGREEMENT = 5.0
_PAUSE = 0.02


def _firewall(node: Node, *rule: str) -> None:
    enter = ("nsenter", "--net", "--target", str(node.pid()))
    subprocess.run([*enter, "iptables", "--wait", *rule], check=True, timeout=20)


@contextmanager
def _partition(side: Sequence[Node], others: Sequence[Node]) -> Iterator[None]:
    """Lets no packet pass between the two sides for the length of the block."""
    rules = [
        (node, chain, flag, other.host)
        for node in side
        for other in others
        for chain, flag in (("INPUT", "--source"), ("OUTPUT", "--destination"))
    ]
    with ExitStack() as stack:
        for node, chain, flag, host in rules:
            _firewall(node, "-A", chain, flag, host, "-j", "DROP")
            stack.callback(_firewall, node, "-D", chain, flag, host, "-j", "DROP")
        yield


@pytest.fixture
def firewall() -> None:
    """Skips the test, or fails it if containers are required, unless rules can be set."""
    needed = [name for name in ("nsenter", "iptables") if shutil.which(name) is None]
    if os.geteuid() != 0:
        needed.append("root")
    if needed:
        (pytest.fail if insisted() else pytest.skip)(f"missing: {', '.join(needed)}")


def test_three_against_two(image: str, firewall: None) -> None:
    """Both sides count for a minute, and all agree on the sum within 5 s of its end."""
    tally = Tally()
    with cluster(5, image) as nodes:
        three, two = nodes.nodes[:3], nodes.nodes[3:]
        clients = [CountingClient(node, pause=_PAUSE) for node in nodes.nodes]
        with _partition(two, three):
            end = time.monotonic() + LENGTH
            for client in clients:
                client.start()
            nodes.know_each_other(three, LENGTH / 2)
            nodes.know_each_other(two, LENGTH / 2)
            threading.Event().wait(end - time.monotonic())
            for client in clients:
                client.stop()
            tally.add(clients)
            assert three[0].count() < tally.acknowledged
            assert two[0].count() < tally.acknowledged
        healed = time.monotonic()
        count = tally.agree(nodes.nodes, AGREEMENT)
        took = time.monotonic() - healed
        nodes.know_each_other()
        print(f"{count} agreed upon after {took:.2f} s, {tally.unanswered} were not answered")
        assert min(client.acknowledged for client in clients) > LENGTH
