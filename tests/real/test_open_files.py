"""Real nodes that may open few files: clients take none that the node needs."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.processes import ROOT, environment, eventually, free_addresses

pytestmark = pytest.mark.real

OPEN_FILES = 64
NEWCOMERS = 100
IN_TIME = 2.0


class Node:
    """A node with a store in a process that may have 64 open files."""

    def __init__(self, host: str, port: int, log: Path) -> None:
        self.address = (host, port)
        self._log = log

    def events(self, name: str) -> list[dict[str, Any]]:
        """Returns its log lines of one event so far."""
        lines = [json.loads(line) for line in self._log.read_text("utf-8").splitlines()]
        return [line for line in lines if line["event"] == name]

    def connect(self, data: bytes) -> socket.socket:
        """Opens a connection and sends `data`."""
        client = socket.create_connection(self.address, timeout=IN_TIME)
        client.sendall(data)
        return client

    def status(self, method: str, path: str) -> int:
        """Returns the status of one request on a connection of its own."""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        with self.connect(head.encode()) as client:
            return int(client.recv(1000).split(b" ", 2)[1])

    def answers(self) -> bool:
        """Returns whether it answers."""
        try:
            return self.status("GET", "/count") == 200
        except OSError:
            return False


@contextmanager
def running(folder: Path) -> Iterator[Node]:
    """Runs a node for the length of the block."""
    ((host, port),) = free_addresses(1)
    log = folder / "log"
    command = [sys.executable, "-m", "gossipd", "run", "--bind", f"{host}:{port}"]
    command += ["--no-discovery", "--data-dir", str(folder / "data"), "--log-format", "json"]
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            ["sh", "-c", f'ulimit -n {OPEN_FILES}; exec "$@"', "sh", *command],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        node = Node(host, port, log)
        eventually("it answers", node.answers, 10)
        yield node
    finally:
        process.kill()
        process.wait(5)


def test_idle_connections_make_room(folder: Path) -> None:
    """However many connections do nothing, a newcomer is answered, and writes are stored."""
    with running(folder) as node, ExitStack() as clients:
        for _ in range(NEWCOMERS):
            clients.enter_context(node.connect(b""))
        assert (200, 200) == (node.status("GET", "/count"), node.status("POST", "/increment"))
        assert 200 == node.status("GET", "/readyz")
        assert 200 == node.status("GET", "/metrics")
        [start] = node.events("few_open_files")
        assert OPEN_FILES == start["open_files"]
        assert 1 == len(node.events("connections_full"))


def test_a_newcomer_without_room_is_told(folder: Path) -> None:
    """Where all connections have a request under way, each newcomer gets 503 at once."""
    with running(folder) as node, ExitStack() as clients:
        busy = [clients.enter_context(node.connect(b"GET /count HTTP/1.1\r\n")) for _ in range(50)]
        for _ in range(5):
            assert 503 == node.status("GET", "/count")
        [line] = node.events("connections_full")
        assert "a newcomer was refused" == line["outcome"]
        # Those that have a place keep it.
        busy[0].sendall(b"Host: 127.0.0.1\r\n\r\n")
        assert busy[0].recv(1000).startswith(b"HTTP/1.1 200 ")
