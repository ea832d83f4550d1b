"""A real node that is killed and comes back at the same address at once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from lab.processes import Cluster, Node, cluster, eventually

pytestmark = pytest.mark.real

ALIVE_WITHIN = 2.0


class Writer(threading.Thread):
    """A client that increments on one node with `ack=all` until it is stopped or cut off.

    Attributes:
        acknowledged: how many increments were answered.
        unanswered: how many, 0 or 1, were sent and not answered; these may have counted.
    """

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.acknowledged = self.unanswered = 0
        self._node = node
        self._enough = threading.Event()

    def run(self) -> None:
        """Increments until the node is gone."""
        with self._node.client() as client:
            while not self._enough.wait(0.001):
                self.unanswered = 1
                try:
                    status, _, body = client.ask("POST", "/increment?ack=all")
                except OSError:
                    return
                assert status == 200, body
                self.unanswered = 0
                self.acknowledged += 1

    def stop(self) -> None:
        """Ends the thread after the increment under way."""
        self._enough.set()
        self.join(5)
        assert not self.is_alive()


def test_a_killed_node_is_soon_alive_everywhere_and_nothing_is_lost(folder: Path) -> None:
    """All nodes have its new generation within 2 s; acknowledged increments count once."""
    with cluster(3, folder) as nodes:
        back = nodes[2]
        writers = [Writer(node) for node in nodes.nodes]
        for writer in writers:
            writer.start()
        eventually("they write", lambda: all(w.acknowledged > 50 for w in writers), 10)
        killed = back.kill()
        back.start()
        eventually("it answers", back.answers, 10)
        _alive_again(nodes, back, killed)
        for writer in writers:
            writer.stop()
        nodes.know_each_other(nodes.nodes, 10)
        acknowledged = sum(writer.acknowledged for writer in writers)
        unanswered = sum(writer.unanswered for writer in writers)
        eventually("one count", lambda: len({node.count() for node in nodes.nodes}) == 1, 10)
        assert acknowledged <= back.count() <= acknowledged + unanswered
        assert unanswered <= 1
        assert ["3/3"] == [nodes[0].ask("POST", "/increment")[1]["gossipd-acks"]]


def _alive_again(nodes: Cluster, back: Node, killed: float) -> None:
    (started,) = eventually("it started", lambda: back.events("started"), 5)
    for node in nodes.others(back):
        joined = node.comes_to_log("member_joined", back.id, 5, killed)
        assert joined["previous"] < joined["generation"]
        print(f"{node.id}: alive {joined['at'] - killed:.2f} s after kill -9")
        assert joined["at"] - started["at"] <= ALIVE_WITHIN
        assert 1 == len(node.events("member_joined", back.id, killed))
        # Its machine may have refused pings before the new process was there, and not since.
        assert all(each["at"] < joined["at"] for each in node.events("member_dead", back.id))
