"""Servers that do the least a trio process can do: the yardstick for gossipd's own.

`python -m lab.bench.bare_servers http|sockets|udp HOST PORT` serves until it is ended. `http`
reads and answers through trio's streams; `sockets` waits for the socket and reads it directly; both
parse with httptools and give one fixed answer. `udp` sends every datagram back.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Awaitable, Callable

import httptools
import trio

_RECEIVE_BYTES = 16 * 1024
_BATCH = 64
BODY = b'{"count":1,"node_id":"127.0.0.1:8088"}\n'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
) + BODY


class Requests:
    """Counts the complete requests of one connection, as httptools' parser reports them."""

    def __init__(self) -> None:
        self.complete = 0
        self.parser = httptools.HttpRequestParser(self)

    def on_message_complete(self) -> None:
        """Counts one request; the parser calls this."""
        self.complete += 1

    def answers(self, data: bytes) -> bytes:
        """Returns the answers to the requests that `data` completes."""
        self.parser.feed_data(data)
        complete, self.complete = self.complete, 0
        return ANSWER * complete


async def through_streams(stream: trio.SocketStream) -> None:
    """Serves one connection through trio's streams."""
    requests = Requests()
    try:
        while data := await stream.receive_some(_RECEIVE_BYTES):
            if answers := requests.answers(data):
                await stream.send_all(answers)
    except trio.BrokenResourceError:
        pass


async def on_the_socket(stream: trio.SocketStream) -> None:
    """Serves one connection on its socket, with one task switch for each request."""
    requests, sock = Requests(), stream.socket
    inner = socket.socket(fileno=sock.fileno())
    try:
        while True:
            await trio.lowlevel.wait_readable(inner)
            data = inner.recv(_RECEIVE_BYTES)
            if not data:
                return
            if answers := requests.answers(data):
                inner.send(answers)
    except OSError:
        pass
    finally:
        inner.detach()


Serve = Callable[[trio.SocketStream], Awaitable[None]]


async def http(host: str, port: int, serve: Serve) -> None:
    """Accepts connections, and serves each with `serve`, until it is cancelled."""
    await trio.serve_tcp(serve, port, host=host)


async def udp(host: str, port: int) -> None:
    """Sends every datagram back until it is cancelled."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind((host, port))
        while True:
            await trio.lowlevel.wait_readable(sock)
            for _ in range(_BATCH):
                try:
                    data, source = sock.recvfrom(2048)
                except BlockingIOError:
                    break
                sock.sendto(data, source)


def main(kind: str, host: str, port: str) -> None:
    """Runs one of the servers until the process is ended."""
    if kind == "udp":
        trio.run(udp, host, int(port))
    else:
        trio.run(http, host, int(port), through_streams if kind == "http" else on_the_socket)


if __name__ == "__main__":
    main(*sys.argv[1:])
