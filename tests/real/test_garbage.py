"""Hostile datagrams are counted by a real node and change nothing else."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import pytest

from gossipd.protocol import Ack, Claim, Claims, Codec, Ping, Sender, frame
from lab.processes import Cluster, Node, cluster, eventually

pytestmark = pytest.mark.real

SECONDS = 3
A_SECOND = 1000
FLOOD = 100
REASONS = ("magic", "version", "cluster", "check", "sender", "frame", "sealed")


class Peer:
    """A UDP socket that the nodes were told to join, and that never answers as a node does."""

    def __init__(self) -> None:
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(15)
        self.id = "{}:{}".format(*self._socket.getsockname())

    def recorded(self) -> bytes:
        """Returns the next datagram that reaches it."""
        return self._socket.recv(2048)

    def send(self, datagrams: Iterable[bytes], node: Node, a_second: int) -> int:
        """Sends the datagrams at this rate, and returns how many they were."""
        pause, sent, start = threading.Event(), 0, time.monotonic()
        for data in datagrams:
            self._socket.sendto(data, (node.host, node.port))
            sent += 1
            ahead = sent / a_second - (time.monotonic() - start)
            if sent % 20 == 0 and ahead > 0:
                pause.wait(ahead)
        return sent

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """Opens the source of all garbage, an address that the nodes know as a contact."""
    made = Peer()
    yield made
    made.close()


@pytest.fixture(scope="module")
def pair(peer: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Runs two nodes that also try to join that peer."""
    with cluster(2, tmp_path_factory.mktemp("pair"), join=[peer.id]) as nodes:
        yield nodes


def dropped(node: Node) -> int:
    """Returns how many datagrams found the node's socket full, or 0 without /proc."""
    table = Path("/proc/net/udp")
    if not table.exists():
        return 0
    address = int.from_bytes(socket.inet_aton(node.host), sys.byteorder)
    local = f"{address:08X}:{node.port:04X}"
    rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()]
    return sum(int(row[-1]) for row in rows if row[1] == local)


class Before:
    """The state of a node before garbage reaches it."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._count = node.count()
        self._peers = node.peers()
        self._members = self._state()
        self._rejected = self._rejections()
        self._dropped = dropped(node)
        self._lines = len(node.lines())
        self._start = time.monotonic()

    def only_counts(self, sent: int) -> None:
        """Waits until as many datagrams are rejected as were sent, and checks all else."""
        node = self._node
        expected = self._rejected + sent
        eventually(
            "all that arrived are rejected",
            lambda: self._rejections() >= expected - (dropped(node) - self._dropped),
            10,
        )
        assert self._rejections() == expected - (dropped(node) - self._dropped)
        assert (self._count, self._peers, self._members) == (
            node.count(),
            node.peers(),
            self._state(),
        )
        assert node.process.poll() is None
        lines = node.lines()[self._lines :]
        assert len(lines) <= time.monotonic() - self._start + 1, lines

    def _rejections(self) -> float:
        return sum(self._node.metric("gossipd_rejected_total", reason=reason) for reason in REASONS)

    def _state(self) -> list[float]:
        states = ("alive", "suspect", "dead", "left", "joining", "removed")
        return [self._node.metric("gossipd_members", state=state) for state in states]


def garbage(random: Random, number: int, head: bytes) -> Iterator[bytes]:
    """Yields random bytes of random lengths, a third of them behind a valid header."""
    for index in range(number):
        data = random.randbytes(random.randrange(0, 1500))
        yield head + data if index % 3 == 0 else data


def test_random_bytes(peer: Peer, pair: Cluster) -> None:
    """A thousand datagrams a second are counted as rejected, one by one."""
    node = pair[0]
    head = peer.recorded()[: 6 + len(pair.name)]
    before = Before(node)
    random = Random(1)
    before.only_counts(peer.send(garbage(random, SECONDS * A_SECOND, head), node, A_SECOND))


def _built(pair: Cluster, peer: Peer) -> bytes:
    """Returns a datagram of that peer with messages that a node acts upon."""
    now = time.time_ns() // 1_000_000
    dead = Claim(pair[1].id, now + 1000, 0, 2, peer.id)
    parts = (Sender(peer.id, now, 0, 1), Ack(1, challenge=2), Ping(3, pair[0].id), Claims([dead]))
    return Codec(pair.name).datagram([frame(part) for part in parts])


@pytest.mark.parametrize("source", ["recorded", "built"])
def test_every_prefix(source: str, peer: Peer, pair: Cluster) -> None:
    """A valid datagram that is cut anywhere is rejected."""
    valid = peer.recorded() if source == "recorded" else _built(pair, peer)
    before = Before(pair[0])
    prefixes = (valid[:length] for length in range(len(valid)))
    before.only_counts(peer.send(prefixes, pair[0], A_SECOND))


@pytest.mark.parametrize("source", ["recorded", "built"])
def test_every_change_of_a_byte(source: str, peer: Peer, pair: Cluster) -> None:
    """A valid datagram with any one byte changed is rejected."""
    valid = peer.recorded() if source == "recorded" else _built(pair, peer)
    before = Before(pair[0])
    changed = (
        valid[:place] + bytes([valid[place] ^ mask]) + valid[place + 1 :]
        for place in range(len(valid))
        for mask in range(1, 256)
    )
    before.only_counts(peer.send(changed, pair[0], 8 * A_SECOND))


def test_a_valid_datagram_of_a_stranger_changes_nothing(peer: Peer, pair: Cluster) -> None:
    """Claims from an address that has not echoed a number are ignored."""
    before = Before(pair[0])
    peer.send([_built(pair, peer)] * FLOOD, pair[0], A_SECOND)
    eventually(
        "they are refused",
        lambda: FLOOD <= pair[0].metric("gossipd_rejected_total", reason="unverified"),
        5,
    )
    before.only_counts(0)


def test_datagrams_of_another_cluster(peer: Peer, pair: Cluster, folder: Path) -> None:
    """A seed of another cluster name costs at most one line, which names both."""
    other = Codec("another-cluster").datagram([frame(Sender(peer.id, 1, 0, 1))])
    before = Before(pair[0])
    before.only_counts(peer.send([other] * FLOOD, pair[0], A_SECOND))
    lines = eventually(
        "the node says so",
        lambda: [
            line
            for line in pair[0].events("seed_not_joined")
            if line["seed"] == peer.id and "has cluster 'another-cluster'" in line["reason"]
        ],
        10,
    )
    assert 1 == len(lines)
    assert [] == pair[0].events("foreign_datagram")
