"""Half of the nodes are paused again and again; none of the other half is declared dead."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from lab.processes import cluster

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]

NODES = 32
PAUSE = 16.0
BREATH = 0.01
CYCLES = 7 if os.environ.get("GOSSIPD_LONG") else 2


def test_no_running_node_is_declared_dead(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No node, paused or running, declares a node dead that was never paused."""
    with cluster(NODES, folder) as nodes:
        paused, running = nodes.nodes[::2], nodes.nodes[1::2]
        wait = threading.Event().wait
        for _ in range(CYCLES):
            for node in paused:
                node.send(signal.SIGSTOP)
            wait(PAUSE)
            for node in paused:
                node.send(signal.SIGCONT)
            wait(BREATH)
        nodes.know_each_other(nodes.nodes, 40)
        names = {node.id for node in running}
        dead = [(node.id, line) for node in nodes.nodes for line in node.events("member_dead")]
        with capsys.disabled():
            print(f"\npauses: {len(dead)} lines say that a paused node is dead")
        assert [] == [(by, line) for by, line in dead if line["member"] in names]
