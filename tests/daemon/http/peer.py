"""The other end of a connection that is served, with requests to send and answers to read."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import perf_counter

import trio

from gossipd.daemon.future import Future
from gossipd.daemon.http.connection import Connection
from gossipd.daemon.http.messages import Handler, Limits, Request, Response
from gossipd.daemon.http.shared import Shared
from gossipd.daemon.readiness import Readiness

HOST = b" HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /get" + HOST + b"\r\n"
CLOSING = b"GET /last" + HOST + b"Connection: close\r\n\r\n"
LIMITS = Limits(head_bytes=1000, body_bytes=5000)

ANSWER = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) [A-Za-z -]+\r\n((?:[A-Za-z-]+: [ -~]+\r\n)*)\r\n")


def echo(request: Request) -> Response:
    """Answers with the path and the body; /raise raises."""
    if request.path == "/raise":
        raise RuntimeError("on purpose")
    return Response(200, request.path.encode() + b"|" + request.body)


def after(
    wait: Callable[[], Awaitable[object]], answer: Callable[[], Response]
) -> Future[Response]:
    """The future of an answer that a task makes when it has waited."""
    future: Future[Response] = Future()

    async def settle() -> None:
        await wait()
        try:
            future.settle(answer())
        except RuntimeError as error:
            future.settle(error)

    trio.lowlevel.spawn_system_task(settle)
    return future


def echo_later(request: Request) -> Future[Response]:
    """Answers as `echo` does, after a second."""
    return after(lambda: trio.sleep(1), lambda: echo(request))


class Peer:
    """The other end of a connection that is being served."""

    def __init__(
        self,
        handler: Handler = echo,
        limits: Limits = LIMITS,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        self.errors: list[tuple[Exception, Request | None]] = []
        self.shared = Shared(limits, lambda *what: self.errors.append(what), clock=clock)
        self.readiness = Readiness()
        self.connection = Connection(theirs, handler, self.shared, self.readiness)
        self.stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))

    async def received(self) -> bytes:
        """All that comes until the connection ends."""
        return b"".join([part async for part in self.stream])


@asynccontextmanager
async def serving(
    handler: Handler = echo,
    limits: Limits = LIMITS,
    clock: Callable[[], float] = perf_counter,
) -> AsyncIterator[Peer]:
    """Serves the other end; leaves when that has ended."""
    peer = Peer(handler, limits, clock)
    async with peer.stream, trio.open_nursery() as around:
        around.start_soon(peer.readiness.run)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(peer.connection.run)
            yield peer
        around.cancel_scope.cancel()


async def exchange(data: bytes, handler: Handler = echo) -> bytes:
    """All that is answered to a client that sends this and then nothing more."""
    async with serving(handler) as peer:
        await peer.stream.send_all(data)
        await peer.stream.send_eof()
        received = await peer.received()
    return received


def answers(data: bytes) -> list[tuple[int, bytes]]:
    """Status and body of every answer; fails if anything else is between or after them."""
    found = []
    while data:
        match = ANSWER.match(data)
        assert match, data[:100]
        length = re.search(rb"Content-Length: (\d+)\r\n", match[2])
        end = match.end() + (int(length[1]) if length else 0)
        assert (length is None) == (match[1] == b"100")
        assert end <= len(data)
        found.append((int(match[1]), data[match.end() : end]))
        data = data[end:]
    return found
