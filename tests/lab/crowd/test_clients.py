"""Random clients see what an answer holds that none may hold."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from random import Random

import pytest

from lab.crowd import Crowd, Door
from lab.processes import eventually


class _Failing(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while self.request.recv(1000):
            self.request.sendall(b"HTTP/1.1 500 Oh\r\n")


@pytest.fixture
def failing() -> Iterator[Door]:
    """A door that answers all input with an error of the server."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Failing) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        host, port = server.server_address[:2]
        yield Door(str(host), int(port), lambda rng: rng.randbytes(9), re.compile(rb"1\.1 500 \w+"))
        server.shutdown()


def test_a_fault_is_seen(failing: Door) -> None:
    """By a crowd that comes, sends and leaves."""
    crowd = Crowd(failing, Random(1), most=3)

    def seen() -> bool:
        crowd.step()
        return bool(crowd.faults)

    eventually("a fault", seen, 10)
    crowd.leave()
    assert {"1.1 500 Oh"} == set(crowd.faults)
