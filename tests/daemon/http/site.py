"""A server over loopback with any handler, and clients that connect to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
import trio.testing

from gossipd.daemon.http.messages import Handler, Limits, Request, Response
from gossipd.daemon.http.server import HttpServer

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
BODY_HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
OK = Response(200, b"ok\n")


def ok(request: Request) -> Response:
    """Answers everything."""
    return OK


class Running:
    """A server on a free port of 127.0.0.1.

    Attributes:
        full: what was done about each newcomer that found no room.
    """

    def __init__(self, server: HttpServer, port: int, done: trio.Event, full: list[str]) -> None:
        self.server = server
        self.full = full
        self.done = done
        self.streams: list[trio.SocketStream] = []
        self.port = port

    async def connect(self, data: bytes = b"") -> trio.SocketStream:
        """Opens a connection, sends `data`, and lets the server see it."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        self.streams.append(stream)
        if data:
            await stream.send_all(data)
        await trio.testing.wait_all_tasks_blocked()
        return stream

    async def status(self) -> int:
        """The status of one request on a connection of its own."""
        async with await self.connect() as stream:
            await stream.send_all(GET)
            return status(await stream.receive_some())


def status(data: bytes) -> int:
    """The status of the first answer in `data`."""
    return int(data.split(b" ", 2)[1])


async def received(stream: trio.SocketStream) -> bytes:
    """All that comes until the connection ends."""
    return b"".join([part async for part in stream])


@asynccontextmanager
async def running(handler: Handler = ok, limits: Limits | None = None) -> AsyncIterator[Running]:
    """Serves for the length of the block."""
    full: list[str] = []
    server, done = HttpServer(limits, on_full=full.append), trio.Event()
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")

    async def serve() -> None:
        await server.serve(handler, listeners)
        done.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        site = Running(server, listeners[0].socket.getsockname()[1], done, full)
        yield site
        nursery.cancel_scope.cancel()
    for stream in site.streams:
        await stream.aclose()
