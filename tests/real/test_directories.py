"""Nodes whose data directories outlive them, are deleted, set back or copied."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gossipd.daemon import read_directory
from lab.processes import Cluster, Node, cluster, eventually, free_addresses

pytestmark = pytest.mark.real


def count_up(node: Node, times: int) -> None:
    """Increments so often, each time waiting until all live members hold it."""
    with node.client() as client:
        for _ in range(times):
            client.increment()


def forget_seeds(node: Node) -> None:
    """Removes the seeds: from its next start on the node knows peers only from its directory."""
    while "--join" in node.flags:
        at = node.flags.index("--join")
        del node.flags[at : at + 2]


def kill_all(nodes: Cluster) -> None:
    """Kills all nodes, as close together as possible."""
    for node in nodes.nodes:
        node.process.kill()
    for node in nodes.nodes:
        node.process.wait(5)


def test_all_are_killed_and_know_each_other_from_their_directories(folder: Path) -> None:
    """The count is what it was, and they find each other without seeds."""
    with cluster(3, folder, kept=True) as nodes:
        for node in nodes.nodes:
            count_up(node, 20)
        assert 200 == nodes[0].ask("POST", "/sync", json.dumps({"count": 1000}))[0]
        count_up(nodes[1], 5)
        nodes.agree(1005)
        # The list of members is written once a second.
        eventually("members are kept", lambda: all(map(knows_others, nodes.nodes)), 10)
        kill_all(nodes)
        for node in nodes.nodes:
            forget_seeds(node)
        nodes.start()
        nodes.agree(1005)
        count_up(nodes[2], 1)
        nodes.agree(1006)


def kept(node: Node) -> dict[str, Any]:
    """Returns the contents of the node's directory."""
    return read_directory(node.directory)


def knows_others(node: Node) -> bool:
    """Returns whether its directory lists two peers, which it then finds without seeds."""
    return len(kept(node)["members"]) == 2


def test_a_directory_is_deleted(folder: Path) -> None:
    """No increment that a peer holds is lost, and later ones of the node are added."""
    with cluster(3, folder, kept=True) as nodes:
        for node in nodes.nodes:
            count_up(node, 10)
        nodes.agree(30)
        nodes[1].kill()
        shutil.rmtree(nodes[1].directory)
        nodes[1].start()
        eventually("it answers", nodes[1].answers, 10)
        nodes.agree(30)
        for node in nodes.nodes:
            count_up(node, 10)
        nodes.agree(60)


def test_a_directory_is_set_back(folder: Path) -> None:
    """Every later increment counts, although the directory is behind what peers hold."""
    with cluster(3, folder, kept=True) as nodes:
        back = nodes[1]
        count_up(back, 5)
        back.kill()
        backup = folder / "backup"
        shutil.copytree(back.directory, backup)
        back.start()
        eventually("it answers", back.answers, 10)
        nodes.know_each_other(nodes.nodes, 10)
        count_up(back, 7)
        nodes.agree(12)
        back.kill()
        shutil.rmtree(back.directory)
        shutil.copytree(backup, back.directory)
        back.start()
        eventually("it answers", back.answers, 10)
        count_up(back, 3)
        nodes.agree(15)


def test_a_directory_is_copied_to_a_second_node(folder: Path) -> None:
    """Every increment on the original and on the copy counts."""
    with cluster(3, folder, kept=True) as nodes:
        source = nodes[1]
        count_up(source, 5)
        nodes.agree(5)
        source.kill()
        copy = clone(source, folder)
        nodes.nodes.append(copy)
        source.start()
        copy.start()
        for node in source, copy:
            eventually(f"{node.id} answers", node.answers, 10)
        nodes.know_each_other(nodes.nodes, 10)
        count_up(source, 2)
        count_up(copy, 4)
        nodes.agree(11)
        for node in source, copy:
            node.kill()
            node.start()
            eventually(f"{node.id} answers", node.answers, 10)
        count_up(source, 1)
        count_up(copy, 1)
        nodes.agree(13)


def clone(source: Node, folder: Path) -> Node:
    """Returns a node at another address with a copy of a stopped node's directory."""
    host, port = free_addresses(4)[3]
    flags = list(source.flags)
    flags[flags.index("--data-dir") + 1] = str(folder / "clone")
    shutil.copytree(source.directory, folder / "clone")
    return Node(host, port, folder, flags)


class Reader(threading.Thread):
    """A client that increments on a node and reads its count until the node is gone.

    Attributes:
        shown: the largest count that the node showed.
    """

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.shown = 0
        self._node = node

    def run(self) -> None:
        """Increments and reads until the node does not answer."""
        try:
            with self._node.client() as client:
                while True:
                    for method, path in ("POST", "/increment"), ("GET", "/count"):
                        count = json.loads(client.ask(method, path)[2])["count"]
                        assert count >= self.shown
                        self.shown = count
        except (OSError, http.client.HTTPException):
            return


def test_what_a_node_served_of_its_own_it_never_forgets(folder: Path) -> None:
    """That holds for its own increments and learned floors, also if no peer is left to tell it."""
    with cluster(2, folder, kept=True) as nodes:
        node, other = nodes.nodes
        for floor in 500, 5000:
            reader = Reader(node)
            reader.start()
            eventually("it serves", lambda shown=reader: shown.shown % 500 > 20, 10)
            assert 200 == other.ask("POST", "/sync", json.dumps({"count": floor}))[0]
            eventually("it learns", lambda shown=reader, floor=floor: shown.shown >= floor, 10)
            kill_all(nodes)
            reader.join(10)
            assert not reader.is_alive()
            forget_seeds(node)
            node.start()
            eventually("it answers", node.answers, 10)
            assert node.count() >= reader.shown
            other.start()
            eventually("the other answers", other.answers, 10)
            nodes.know_each_other(nodes.nodes, 10)


def test_what_a_node_served_of_others_it_does_not_forget_when_it_is_killed(folder: Path) -> None:
    """That holds if no peer is left, although such entries are synced only once a second."""
    with cluster(3, folder, kept=True) as nodes:
        node = nodes[0]
        for _ in range(4):
            readers = [Reader(each) for each in nodes.nodes]
            for reader in readers:
                reader.start()
            before = node.count()
            eventually("it serves", lambda before=before: node.count() > before + 60, 10)
            kill_all(nodes)
            for reader in readers:
                reader.join(10)
                assert not reader.is_alive()
            forget_seeds(node)
            node.start()
            eventually("it answers", node.answers, 10)
            assert node.count() >= readers[0].shown
            for other in nodes.nodes[1:]:
                other.start()
            nodes.know_each_other(nodes.nodes, 10)


def test_what_others_counted_is_kept_soon(folder: Path) -> None:
    """Within a second it is in the directory, with all that was shown together with it."""
    with cluster(2, folder, kept=True) as nodes:
        node, other = nodes.nodes
        count_up(other, 10)
        nodes.agree(10)
        eventually("it is kept", lambda: kept(node)["counters"] == {"default": 10}, 10)
        kill_all(nodes)
        node.start()
        eventually("it answers", node.answers, 10)
        assert 10 == node.count()


@contextlib.contextmanager
def alone_with_five(folder: Path) -> Iterator[Node]:
    """Runs a node that has counted to five, which nobody else knows."""
    with cluster(1, folder, kept=True) as nodes:
        count_up(nodes[0], 5)
        yield nodes[0]


def test_files_are_unlinked_under_a_node(folder: Path) -> None:
    """It writes all anew from memory, within seconds, says so, and loses nothing by a kill."""
    with alone_with_five(folder) as node:
        for number, pattern in enumerate(("*.db", "*-wal", "*"), 1):
            for path in node.directory.glob(pattern):
                path.unlink()
            eventually("it writes anew", lambda: len(node.events("store_files_lost")) == 1, 10)
            count_up(node, 1)
            assert [] == node.events("store_failed")
            node.kill()
            node.start()
            eventually("it answers", node.answers, 10)
            assert 5 + number == node.count()
            assert [] == node.events("store_incomplete")


def test_a_directory_is_taken_away_under_a_node(folder: Path) -> None:
    """It takes no writes and is not ready until it is put back; it says so in one line."""
    with alone_with_five(folder) as node:
        away = folder / "away"
        node.directory.rename(away)
        eventually("it is not ready", lambda: node.ask("GET", "/readyz")[0] == 503, 10)
        status, headers, body = node.ask("POST", "/increment")
        assert (503, "1") == (status, headers.get("retry-after"))
        assert f"the directory {node.directory} was taken away" in body.decode()
        assert 1 == len(node.events("store_failed"))
        away.rename(node.directory)
        eventually("it is ready", lambda: node.ask("GET", "/readyz")[0] == 200, 10)
        count_up(node, 1)
        node.kill()
        node.start()
        eventually("it answers", node.answers, 10)
        assert 6 == node.count()


def test_the_end_of_a_log_is_damaged(folder: Path) -> None:
    """The next start says that acknowledged increments are missing."""
    with alone_with_five(folder) as node:
        node.kill()
        log = node.directory / "gossipd.db-wal"
        content = bytearray(log.read_bytes())
        content[len(content) // 2] ^= 0xFF
        log.write_bytes(content)
        node.start()
        eventually("it answers", node.answers, 10)
        [line] = node.events("store_incomplete")
        assert "and write 5 was acknowledged" in str(line)
        assert node.count() < 5
