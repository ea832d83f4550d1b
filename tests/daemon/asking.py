"""How a test finds a free port for a daemon, and asks the daemon over HTTP."""

from __future__ import annotations

import secrets
import socket
from typing import Any

import trio

# Nobody is to be found by chance, nor to be disturbed.
QUIET: dict[str, Any] = {"cluster": secrets.token_hex(8), "discovery": False}


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody uses at this moment, for TCP and UDP alike."""
    for _ in range(100):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((host, 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind((host, port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free for both")


async def ask(port: int, request: bytes) -> tuple[int, bytes]:
    """Status and body of one request on a connection of its own."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(request)
        answer = b"".join([part async for part in stream])
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body


def get(path: str) -> bytes:
    """A request after which the connection ends."""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
