"""How real nodes end: on signals, by kill -9, and because a port is taken."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from lab.processes import (
    ROOT,
    Cluster,
    Node,
    cluster,
    environment,
    eventually,
    free_addresses,
)

pytestmark = pytest.mark.real

IN_TIME = 3.0
AT_ONCE = 0.6


def again(node: Node, nodes: Cluster) -> None:
    """Starts a node that has ended, and waits until all nodes know each other."""
    node.start()
    eventually("it answers", node.answers, 10)
    nodes.know_each_other(nodes.nodes, 15)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_gracefully(number: signal.Signals, three: Cluster) -> None:
    """It exits with code 0 within 3 s; the others log that it left, not that it died."""
    node, since = three[2], time.time()
    start = time.monotonic()
    node.send(number)
    assert 0 == node.process.wait(IN_TIME)
    print(f"{number.name}: ended after {time.monotonic() - start:.2f} s")
    for other in three.others(node):
        other.comes_to_log("member_left", node.id, 2, since)
        assert node.id not in other.peers()
        assert [] == other.events("member_dead", node.id, since)
        assert [] == other.events("member_suspect", node.id, since)
    assert "stopped" == node.lines()[-1]["event"]
    again(node, three)


def test_an_increment_under_way_is_answered(three: Cluster) -> None:
    """A write that waits for a silent peer when SIGTERM comes is answered and counts.

    Until the node has left, newcomers are answered: it is not ready.
    """
    node, silent = three[1], three[2]
    before = node.count()
    answers: list[str] = []

    def increment() -> None:
        with node.client() as client:
            answers.append(client.increment())

    silent.send(signal.SIGSTOP)
    try:
        writer = threading.Thread(target=increment)
        writer.start()
        eventually("it counts", lambda: three[0].count() == before + 1, 2)
        assert [] == answers
        node.send(signal.SIGTERM)
        eventually("it stops", lambda: node.events("stopping"), 2)
        # The line is in the log before the node begins to leave.
        eventually("it is not ready", lambda: node.ask("GET", "/readyz")[0] == 503, 2)
        _, headers, body = node.ask("GET", "/readyz")
        assert "close" == headers["connection"]
        assert "this node is stopping" == json.loads(body)["detail"]
        writer.join(IN_TIME)
        assert ["2/3"] == answers
        assert 0 == node.process.wait(IN_TIME)
    finally:
        silent.send(signal.SIGCONT)
    again(node, three)
    three.agree(before + 1)


def test_a_request_half_sent_is_answered(three: Cluster) -> None:
    """The rest of a request may come after SIGTERM."""
    node = three[2]
    with socket.create_connection((node.host, node.port), timeout=5) as stream:
        stream.sendall(b"GET /count HTTP/1.1\r\nHo")
        node.get("/health")
        node.send(signal.SIGTERM)
        eventually("it stops", lambda: node.events("stopping"), 2)
        stream.sendall(b"st: x\r\n\r\n")
        answer = b""
        while part := stream.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer.lower()
    assert 0 == node.process.wait(IN_TIME)
    again(node, three)


def test_a_second_interrupt_ends_it_at_once(three: Cluster) -> None:
    """It no longer waits for a request, and the exit code tells of the signal."""
    node = three[2]
    with socket.create_connection((node.host, node.port), timeout=5) as stream:
        stream.sendall(b"GET /count HTTP/1.1\r\nHo")
        node.get("/health")
        node.send(signal.SIGINT)
        eventually("it stops", lambda: node.events("stopping"), 2)
        start = time.monotonic()
        node.send(signal.SIGINT)
        assert 128 + signal.SIGINT == node.process.wait(IN_TIME)
        assert time.monotonic() - start < AT_ONCE
    again(node, three)


def test_a_killed_node_is_declared_dead(folder: Path) -> None:
    """After kill -9 every other node logs a death, and none logs that a node left."""
    with cluster(3, folder) as nodes:
        gone = nodes[2]
        at = gone.kill()
        for node in nodes.others(gone):
            dead = node.comes_to_log("member_dead", gone.id, 25)
            print(f"{node.id}: dead after {dead['at'] - at:.1f} s")
            assert [] == node.events("member_left")
            assert 1 == len(node.peers())


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_in_use(kind: socket.SocketKind) -> None:
    """The exit code is 1 and one line names the address, for TCP and for UDP."""
    ((host, port),) = free_addresses(1)
    with socket.socket(type=kind) as other:
        other.bind((host, port))
        if kind is socket.SOCK_STREAM:
            other.listen()
        command = ["run", "--bind", f"{host}:{port}", "--ephemeral", "--log-format", "json"]
        ended = subprocess.run(
            [sys.executable, "-m", "gossipd", *command],
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            timeout=10,
            check=False,
        )
    assert (1, b"") == (ended.returncode, ended.stdout)
    (line,) = ended.stderr.splitlines()
    assert f"cannot listen on {host}:{port}" in json.loads(line)["event"]
