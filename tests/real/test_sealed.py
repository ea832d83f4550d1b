"""Sealed gossip between real processes: what is seen, refused, changed, and taken into use."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gossipd.daemon.sealing import Key, new_key, write_key
from lab.processes import Cluster, Node, cluster, eventually
from tests.real.namespace import network_of_its_own

pytestmark = pytest.mark.real

_ALL = 3
"""ETH_P_ALL: every packet."""


def written(path: Path, *keys: Key) -> str:
    """Puts a key file in its place, and returns its name."""
    other = path.with_suffix(".new")
    other.unlink(missing_ok=True)
    write_key(other, keys[0])
    with other.open("a", encoding="ascii") as file:
        file.writelines(f"{key.line}\n" for key in keys[1:])
    os.replace(other, path)
    return str(path)


def key_of(node: Node) -> dict[str, Any]:
    """Returns which key each member seals with, as a node hears it."""
    members: dict[str, Any] = node.get("/v1/keys")["members"]
    return members


def all_seal_with(nodes: list[Node], key: str) -> None:
    """Waits until each node hears each other one seal with this key."""
    for node in nodes:
        ids = {each.id for each in nodes}
        eventually(
            f"{node.id} hears all seal with {key}",
            lambda node=node, ids=ids: key_of(node) == dict.fromkeys(ids, key),  # type: ignore[misc]
            30,
        )


class Load:
    """A client of each node that increments all the time; every answer must be 200."""

    def __init__(self, nodes: list[Node]) -> None:
        self.counted = 0
        self.wrong: list[Any] = []
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(node,)) for node in nodes]

    def _run(self, node: Node) -> None:
        pause = threading.Event()
        with node.client() as client:
            while not self._end.is_set():
                status, _, body = client.ask("POST", "/increment")
                with self._lock:
                    self.counted += 1
                    if status != 200:
                        self.wrong.append((status, body))
                pause.wait(0.01)

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(10)


@contextmanager
def overheard() -> Iterator[bytearray]:
    """Keeps every byte that passes loopback in this network, for the length of the block."""
    heard, end = bytearray(), threading.Event()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL)) as ear:
        ear.bind(("lo", 0))
        ear.settimeout(0.1)

        def listen() -> None:
            while not end.is_set():
                try:
                    data = ear.recv(65536)
                except TimeoutError:
                    continue
                # UDP over IPv4 alone: the door for clients is not sealed.
                if data[23] == socket.IPPROTO_UDP:
                    heard.extend(data[42:] + b"|")

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield heard
        finally:
            end.set()
            thread.join()


@pytest.mark.parametrize("sealed", [True, False])
def test_an_eavesdropper_finds_no_name(sealed: bool, folder: Path) -> None:
    """Neither of the cluster nor of a counter or member, nor what was counted.

    Without keys all of these are there.
    """
    key = new_key()
    flags = ["--key-file", written(folder / "keys", key)] if sealed else []
    with network_of_its_own(), overheard() as heard, cluster(2, folder, *flags) as nodes:
        body = '{"amount": 123456789}'
        assert 200 == nodes[0].ask("POST", "/v1/counters/a-secret-name/add", body)[0]
        eventually(
            "the other node has it",
            lambda: nodes[1].ask("GET", "/v1/counters/a-secret-name")[2].find(b"123456789") >= 0,
            10,
        )
        names = [each.encode() for each in (nodes.name, "a-secret-name", nodes[0].id, nodes[1].id)]
        names.append((123456789).to_bytes(4, "big"))
        found = [name for name in names if name in heard]
        assert bytes.fromhex(key.id) in heard or not sealed
    assert ([] if sealed else names) == found
    assert key.secret not in heard


def test_a_wrong_key_shows_on_both_sides(folder: Path) -> None:
    """With both ids and the address, and nobody joins; nor does a node without a key."""
    keys = [new_key(), new_key()]
    files = [written(folder / f"keys{number}", key) for number, key in enumerate(keys)]
    with cluster(3, folder, start=False) as nodes:
        nodes[0].flags += ["--key-file", files[0]]
        nodes[1].flags += ["--key-file", files[1]]
        for node in nodes.nodes:
            node.start()
        for node in nodes.nodes:
            eventually("it answers", node.answers, 20)

        def line(node: Node, *words: str) -> bool:
            lines = node.events("foreign_datagram") + node.events("seed_not_joined")
            return any(all(word in str(line) for word in words) for line in lines)

        for ours, theirs in ((0, 1), (1, 0)):
            words = (keys[ours].id, keys[theirs].id, nodes[theirs].id)
            eventually("both ids are said", lambda o=ours, w=words: line(nodes[o], *w), 20)  # type: ignore[misc]
        eventually("who has none", lambda: line(nodes[0], "open gossip", nodes[2].id), 20)
        eventually("that there is a key", lambda: line(nodes[2], "sealed gossip", nodes[0].id), 20)
        assert [set(), set(), set()] == [node.peers() for node in nodes.nodes]
        for node in nodes.nodes:
            text = node.log_path.read_text(encoding="utf-8")
            assert not any(key.secret.hex() in text for key in keys)
            assert 4 >= len(node.events("foreign_datagram"))


def test_keys_are_changed_under_load(folder: Path) -> None:
    """Add, move to the front, remove; at each step one node is away and comes back later."""
    old, new = new_key(), new_key()
    steps = [(old, new), (new, old), (new,)]
    with cluster(5, folder, start=False, kept=True) as nodes:
        files = [folder / f"keys-{number}" for number in range(5)]
        for node, file in zip(nodes.nodes, files, strict=True):
            node.flags += ["--key-file", written(file, old)]
        nodes.start()
        all_seal_with(nodes.nodes, old.id)
        with Load(nodes.nodes[:2]) as load:
            for away, keys in enumerate(steps, 2):
                nodes[away].kill()
                for number, file in enumerate(files):
                    written(file, *keys)
                    if number != away:
                        nodes[number].send(signal.SIGHUP)
                nodes[away].start()
                eventually("it is back", nodes[away].answers, 20)
                nodes.know_each_other(nodes.nodes, 30)
                all_seal_with(nodes.nodes, keys[0].id)
        assert ([], True) == (load.wrong, load.counted > 10)
        nodes.agree(load.counted)
        stayed = nodes.nodes[:2]
        for node in stayed:
            assert [[key.id for key in keys] for keys in steps] == [
                line["opens"] for line in node.events("keys_read")
            ]
            assert not node.events("member_dead", stayed[0].id)
            assert not node.events("member_dead", stayed[1].id)


def rolled(nodes: Cluster, *flags: str) -> None:
    """Restarts all nodes but the first two, then those, each with other flags at its end."""
    for node in [*nodes.nodes[1:], nodes[0]]:
        node.send(signal.SIGTERM)
        node.process.wait(10)
        node.flags = [*node.flags[: node.flags.index("--data-dir") + 2], *flags]
        node.start()
        eventually("it is back", node.answers, 20)
        nodes.know_each_other(nodes.nodes, 30)


def test_a_running_cluster_moves_to_keys(folder: Path) -> None:
    """By two rounds of restarts: all that was counted is there, and in the end all is sealed."""
    key = new_key()
    file = written(folder / "keys", key)
    with cluster(3, folder, kept=True) as nodes:
        for node in nodes.nodes:
            assert 200 == node.ask("POST", "/increment")[0]
        rolled(nodes, "--key-file", file, "--accept-open")
        all_seal_with(nodes.nodes, key.id)
        assert nodes[0].events("open_accepted")
        for node in nodes.nodes:
            assert 200 == node.ask("POST", "/increment")[0]
        rolled(nodes, "--key-file", file)
        all_seal_with(nodes.nodes, key.id)
        nodes.agree(6)
        assert 0 == nodes[0].metric("gossipd_open_taken_total")
        assert 3 == nodes[0].metric("gossipd_key_members", key=key.id)


@pytest.mark.parametrize("content", ["", "nonsense\n", None])
def test_a_bad_key_file_is_one_line(content: str | None, folder: Path) -> None:
    """And exit code 1; nothing of the file is shown."""
    file = folder / "keys"
    if content is not None:
        file.write_text(content, encoding="ascii")
        file.chmod(0o600)
    with cluster(1, folder, "--key-file", str(file), start=False) as nodes:
        nodes[0].start()
        assert 1 == nodes[0].process.wait(20)
        [line] = nodes[0].lines()
        assert str(file) in line["event"]
        assert "nonsense" not in line["event"]


def test_open_nodes_import_no_cryptography(folder: Path) -> None:
    """Nor need they have it."""
    with cluster(1, folder) as nodes:
        maps = Path(f"/proc/{nodes[0].process.pid}/maps")
        assert maps.exists()
        assert "cryptography" not in maps.read_text(encoding="utf-8")


def test_recorded_traffic_changes_nothing(folder: Path) -> None:
    """Replayed to a node that was restarted, from the address of another member and from others.

    Only counts of refusals change: neither members, nor counters, nor what is logged.
    """
    with network_of_its_own(), overheard() as heard:
        file = written(folder / "keys", new_key())
        with cluster(3, folder, "--key-file", file) as nodes:
            for node in nodes.nodes:
                assert 200 == node.ask("POST", "/increment")[0]
            nodes.agree(3)
            recorded = [
                data for data in (b"|" + heard[:-1]).split(b"|gd\x02\x01") if len(data) > 48
            ]
            target, source = nodes[0], nodes[2]
            source.send(signal.SIGTERM)
            source.process.wait(10)
            nodes[1].comes_to_list({target.id}, 10)
            target.kill()
            target.start()
            eventually("it is back", target.answers, 20)
            target.comes_to_list({nodes[1].id}, 20)
            target.comes_to_show(3, 10)
            nodes[1].comes_to_list({target.id}, 20)
            before, lines = (target.peers(), target.count()), len(target.lines())
            refused = target.metric("gossipd_rejected_total")
            for host in (source.host, "127.200.0.1"):
                with socket.socket(type=socket.SOCK_DGRAM) as sender:
                    sender.bind((host, source.port))
                    for data in recorded:
                        sender.sendto(b"gd\x02\x01" + data, (target.host, target.port))
            eventually(
                "they are refused",
                lambda: target.metric("gossipd_rejected_total") > refused + len(recorded) / 2,
                10,
            )
            assert [] == target.lines()[lines:]
            assert before == (target.peers(), target.count())
    assert len(recorded) > 50
