"""A node that is restarted time and again on one directory: what it keeps levels off."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from gossipd.daemon import read_directory
from lab.processes import Cluster, Node, cluster, eventually

pytestmark = pytest.mark.real

RESTARTS = 20
COUNTERS = 5


def kept(node: Node) -> tuple[int, int]:
    """Returns how many owners its directory has, and their rows together."""
    owners = read_directory(node.directory)["owners"]
    return len(owners), sum(each["entries"] for each in owners)


def restart(nodes: Cluster, node: Node) -> None:
    """Ends a node in good order, starts it, and counts once in each counter."""
    node.send(signal.SIGTERM)
    node.process.wait(10)
    node.start()
    eventually("it answers", node.answers, 10)
    nodes.know_each_other(nodes.nodes, 10)
    for number in range(COUNTERS):
        assert node.ask("POST", f"/v1/counters/c{number}/add")[0] == 200


def test_owners_and_rows_level_off(folder: Path) -> None:
    """After each start one owner is left; closed ids are listed, four of them in a row."""
    with cluster(2, folder, "--fold-after", "1s", kept=True) as nodes:
        back = nodes[1]
        found = []
        for _ in range(RESTARTS):
            restart(nodes, back)
            for node in nodes.nodes:
                eventually("it is folded", lambda node=node: kept(node)[0] == 1, 20)
            found.append(kept(back)[1])
        print(f"rows after each start: {found}")
        # What this process counted and what it inherited, a claim, the ids, and the end.
        assert found[-1] <= 2 * COUNTERS + 2 + RESTARTS // 4 + 1
        assert nodes[0].counters() == {f"c{number}": RESTARTS for number in range(COUNTERS)}
