"""Real nodes that find each other by broadcast, each test in a network of its own."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.processes import Node, eventually
from tests.real.namespace import add_network, ip, network_of_its_own

pytestmark = pytest.mark.real

HERE = "10.77.0.1"
BROADCAST = "10.77.0.255"


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Runs each test where no other program hears its broadcasts."""
    with network_of_its_own():
        yield


@contextmanager
def nodes(folder: Path, *flags: str) -> Iterator[Nodes]:
    """Offers nodes of one cluster without seeds, and ends them after the block."""
    made = Nodes(folder, ["--cluster", f"test-{secrets.token_hex(8)}", *flags])
    try:
        yield made
    finally:
        for node in made.started:
            node.end()


class Nodes:
    """Nodes of one cluster that look for each other."""

    def __init__(self, folder: Path, flags: list[str]) -> None:
        self.started: list[Node] = []
        self._folder = folder
        self._flags = flags

    def add(self, host: str, *, bind: str = "", flags: tuple[str, ...] = ()) -> Node:
        """Starts a node whose address has this host, and waits until it answers."""
        node = Node(host, 8088 + len(self.started), self._folder, [*self._flags, *flags])
        node.discovery = True
        node.bind = bind or host
        self.started.append(node)
        node.start()
        eventually(f"{node.id} answers", node.answers, 20)
        return node

    def know_each_other(self, within: float) -> None:
        """Waits until each node lists all others and no further one."""
        ids = {node.id for node in self.started}
        for node in self.started:
            node.comes_to_list(ids - {node.id}, within)


@pytest.mark.parametrize(("host", "bind"), [("127.0.0.1", ""), (HERE, ""), (HERE, "0.0.0.0")])
def test_four_nodes_find_each_other(host: str, bind: str, folder: Path) -> None:
    """Bound to loopback, to one address, to all: the fourth is in all lists 2 s after it serves."""
    if host == HERE:
        add_network("net0", f"{HERE}/24")
    with nodes(folder) as found:
        for _ in range(3):
            found.add(host, bind=bind)
        found.know_each_other(10)
        fourth = found.add(host, bind=bind)
        serving = time.time()
        found.know_each_other(2)
        print(f"{host} {bind}: in all lists {time.time() - serving:.3f} s after it served")
        joined = [
            node.comes_to_log("member_joined", fourth.id, 1)["at"] for node in found.started[:3]
        ]
        [started] = fourth.events("started")
        print(f"joined {max(joined) - started['at']:+.4f} s after the line `started`")
        assert all(len(node.events("cluster_found")) == 1 for node in found.started)
        [line] = fourth.events("cluster_found")
        assert line["cluster"].startswith("test-")
        assert line["member"] in {node.id for node in found.started[:3]}
        assert [] == [line for node in found.started for line in node.events("discovery_off")]


def test_loopback_and_a_network_do_not_mix(folder: Path) -> None:
    """A node that is bound to loopback broadcasts only there, and other nodes never do."""
    add_network("net0", f"{HERE}/24")
    with nodes(folder) as found:
        inside = [found.add("127.0.0.1") for _ in range(2)]
        outside = [found.add(HERE), found.add(HERE, bind="0.0.0.0")]
        for pair in inside, outside:
            pair[0].comes_to_list({pair[1].id}, 5)
            pair[1].comes_to_list({pair[0].id}, 5)


def test_other_clusters_and_nodes_without_discovery_stay_apart(folder: Path) -> None:
    """They are on the segment on which two other nodes find each other."""
    with nodes(folder) as found:
        found.add("127.0.0.1")
        other = found.add("127.0.0.1", flags=("--cluster", "other"))
        silent = found.add("127.0.0.1", flags=("--no-discovery",))
        elsewhere = found.add("127.0.0.1", flags=("--discovery-port", "7001"))
        last = found.add("127.0.0.1")
        found.started[0].comes_to_list({last.id}, 5)
        for node in other, silent, elsewhere:
            assert set() == node.peers()
        assert other.metric("gossipd_rejected_total", reason="cluster") > 0


def test_a_removed_peer_stays_out_although_it_broadcasts(folder: Path) -> None:
    """It stays out until it is registered again."""
    with nodes(folder) as found:
        first, second = found.add("127.0.0.1"), found.add("127.0.0.1")
        found.know_each_other(5)
        assert 200 == first.ask("POST", "/remove-peer", f'{{"id":"{second.id}"}}')[0]
        second.kill()
        second.start()
        eventually(f"{second.id} answers", second.answers, 20)
        eventually(
            "its beacons are dropped",
            lambda: first.metric("gossipd_rejected_total", reason="removed") >= 3,
            10,
        )
        assert set() == first.peers()
        assert 200 == first.ask("POST", "/register", f'{{"id":"{second.id}"}}')[0]
        found.know_each_other(2)


def test_a_foreign_program_on_the_port(folder: Path) -> None:
    """The node logs one warning and serves; once the port is free, it finds peers."""
    add_network("net0", f"{HERE}/24")
    with nodes(folder) as found:
        with socket.socket(type=socket.SOCK_DGRAM) as foreign:
            foreign.bind((BROADCAST, 7000))
            first = found.add(HERE, bind="0.0.0.0")
            assert 200 == first.ask("POST", "/increment")[0]
            [line] = first.events("discovery_off")
            assert "this port is taken by another program" in line["reason"]
        found.add(HERE, bind="0.0.0.0")
        found.know_each_other(10)
        assert 1 == len(first.events("discovery_off"))


def test_a_network_without_broadcast(folder: Path) -> None:
    """The node logs one warning and serves, bound to all addresses or to one."""
    add_network("net0", f"{HERE}/32")
    with nodes(folder) as found:
        for bind in "0.0.0.0", HERE:
            node = found.add(HERE, bind=bind)
            assert 200 == node.ask("POST", "/increment")[0]
            [line] = node.events("discovery_off")
            assert "no broadcast address" in line["reason"]


def test_no_network_at_first(folder: Path) -> None:
    """The node serves alone; once there is a network, it takes an address there and finds peers."""
    with nodes(folder) as found:
        alone = found.add("127.0.0.1", bind="0.0.0.0")
        assert 200 == alone.ask("POST", "/increment")[0]
        assert "127.0.0.1:8088" == alone.get("/health")["node_id"]
        assert [] == alone.events("discovery_off")
        add_network("net0", f"{HERE}/24")
        alone.id = f"{HERE}:8088"
        found.add(HERE)
        found.know_each_other(10)
        found.started[1].comes_to_show(1, 5)


def test_another_address(folder: Path) -> None:
    """The old id leaves and the new one joins with the same counts; no node is declared dead."""
    add_network("net0", f"{HERE}/24")
    add_network("net1", "10.78.0.1/24")
    ip("route add default dev net1")
    with nodes(folder) as found:
        fixed = [found.add(HERE) for _ in range(2)]
        moving = found.add("10.78.0.1", bind="0.0.0.0")
        found.know_each_other(5)
        for _ in range(3):
            assert "3/3" == _increment(moving)
        ip("addr del 10.78.0.1/24 dev net1")
        ip("addr add 10.78.0.2/24 dev net1")
        ip("route add default dev net1")
        changed = time.time()
        old, moving.host, moving.id = moving.id, "10.78.0.2", "10.78.0.2:8090"
        found.know_each_other(10)
        print(f"in all lists under its new id {time.time() - changed:.2f} s after the change")
        assert moving.id == moving.get("/health")["node_id"]
        assert "3/3" == _increment(moving)
        for node in found.started:
            node.comes_to_show(4, 5)
        for node in fixed:
            node.comes_to_log("member_left", old, 5)
            assert [] == node.events("member_dead")
        [line] = moving.events("id_changed")
        assert (moving.id, old) == (line["node_id"], line["previous"])


def test_back_with_another_address(folder: Path) -> None:
    """A process on the directory of one with another address joins with the new id and counts."""
    add_network("net0", f"{HERE}/24")
    ip("addr add 10.77.0.2/24 dev net0")
    with nodes(folder) as found:
        first = found.add(HERE)
        second = found.add("10.77.0.2", flags=("--data-dir", str(folder / "kept")))
        found.know_each_other(5)
        assert "2/2" == _increment(second)
        second.kill()
        ip("addr del 10.77.0.2/24 dev net0")
        ip("addr add 10.77.0.3/24 dev net0")
        found.started.remove(second)
        third = found.add("10.77.0.3", flags=("--data-dir", str(folder / "kept")))
        first.comes_to_list({third.id}, 30)
        assert "2/2" == _increment(third)
        for node in first, third:
            node.comes_to_show(2, 5)


def test_a_network_that_is_gone_and_back(folder: Path) -> None:
    """The id stays; the node counts alone meanwhile, and then all nodes agree."""
    add_network("net0", f"{HERE}/24")
    with nodes(folder) as found:
        node = found.add(HERE, bind="0.0.0.0")
        ip("link del net0")
        node.host = "127.0.0.1"
        assert 200 == node.ask("POST", "/increment")[0]
        add_network("net0", f"{HERE}/24")
        other = found.add(HERE, bind="0.0.0.0")
        other.comes_to_list({node.id}, 10)
        other.comes_to_show(1, 5)
        assert [] == node.events("id_changed")


def _increment(node: Node) -> str:
    with node.client() as client:
        return client.increment()
