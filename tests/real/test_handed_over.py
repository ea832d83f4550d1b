"""A node takes sockets that somebody else has opened for it, as systemd does."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gossipd.client import Door, ask
from lab.processes import ROOT, environment, eventually, free_addresses

pytestmark = pytest.mark.real

_HANDING_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.executable, [sys.executable, "-m", "gossipd", "run", *sys.argv[2:]])
"""


@contextmanager
def node(handed: socket.socket, *flags: str) -> Iterator[subprocess.Popen[bytes]]:
    """A node to which a socket is handed over. It is killed at the end if it runs on."""
    command = [sys.executable, "-c", _HANDING_OVER, str(handed.fileno())]
    with subprocess.Popen(
        [*command, "--ephemeral", "--no-discovery", *flags],
        cwd=ROOT,
        env=environment(),
        pass_fds=[handed.fileno()],
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("by_path", [False, True])
def test_a_client_that_comes_while_a_node_is_restarted_waits(by_path: bool, folder: Path) -> None:
    """It is not refused: the next process answers it. The socket is left to whoever opened it."""
    ((host, port),) = free_addresses(1)
    path = folder / "door"
    with socket.socket(socket.AF_UNIX if by_path else socket.AF_INET) as handed:
        handed.bind(str(path) if by_path else (host, port))
        handed.listen()
        door = Door(f"unix:{path}" if by_path else f"http://{host}:{port}")
        flags = ["--bind", f"{host}:{port}", *(["--http", f"unix:{path}"] if by_path else [])]
        with node(handed, *flags) as first:
            eventually("it is ready", lambda: ask(door, 5).exit_code == 0, 30)
            first.send_signal(signal.SIGTERM)
            assert 0 == first.wait(10)
        with socket.socket(handed.family) as client:
            client.settimeout(30)
            client.connect(handed.getsockname())
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with node(handed, *flags):
                assert client.recv(100).startswith(b"HTTP/1.1 200 ")
        assert path.exists() is by_path


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (socket.SOCK_STREAM, "a socket was handed over for {}, but clients are answered at 127."),
        (socket.SOCK_DGRAM, "takes no connections: only sockets for clients can be handed over"),
    ],
)
def test_a_socket_that_is_of_no_use_is_told(kind: socket.SocketKind, said: str) -> None:
    """In one line, with exit code 1: nobody would answer there."""
    (host, port), other = free_addresses(2)
    with socket.socket(type=kind) as handed:
        handed.bind((host, port))
        if kind is socket.SOCK_STREAM:
            handed.listen()
        with node(handed, "--bind", "{}:{}".format(*other)) as process:
            _, told = process.communicate(timeout=30)
    (line,) = told.decode().splitlines()
    assert (1, True) == (process.returncode, line.startswith("Error: "))
    assert said.format(f"{host}:{port}") in line
