"""A node alone in the world, in memory, and Redis clients that talk to it over socket pairs."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import hiredis
import trio
import trio.testing

from gossipd.daemon.access import Access
from gossipd.daemon.readiness import Readiness
from gossipd.daemon.redis import RedisDoor
from gossipd.daemon.resp import Limits, RespStatistics
from gossipd.daemon.resp.connection import Connection
from gossipd.daemon.resp.shared import Shared
from gossipd.daemon.service import Service
from gossipd.protocol import Identity, Node, ProtocolConfig
from tests.daemon.fakes import NODE_ID, Endpoint, Running, serving

WALL_MS = 1_700_000_000_000
_NOTHING = object()


class Client:
    """The other end of a connection that is served."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._reader = hiredis.Reader(notEnoughData=_NOTHING)

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def receive(self) -> Any:
        """The next answer; None when the connection has ended."""
        while (answer := self._reader.gets()) is _NOTHING:
            data = await self.stream.receive_some()
            if not data:
                return None
            self._reader.feed(data)
        return answer

    async def ask(self, line: str) -> Any:
        """The answer to words that are separated by spaces; an error as its text."""
        await self.send(packed(line))
        return plain(await self.receive())

    async def ask_all(self, *lines: str) -> list[Any]:
        """The answers to requests that are sent together."""
        await self.send(b"".join(map(packed, lines)))
        return [plain(await self.receive()) for _ in lines]


def packed(line: str) -> bytes:
    """The request of these words."""
    return hiredis.pack_command(tuple(word.encode() for word in line.split(" ")))


def plain(answer: Any) -> Any:
    """An answer with texts in place of bytes and errors."""
    if isinstance(answer, bytes):
        return answer.decode()
    if isinstance(answer, hiredis.ReplyError):
        return f"-{answer}"
    if isinstance(answer, dict):
        return {plain(key): plain(value) for key, value in answer.items()}
    return [plain(one) for one in answer] if isinstance(answer, list) else answer


class Site:
    """The node's door."""

    def __init__(
        self, running: Running, node: Node, nursery: trio.Nursery, access: Access | None
    ) -> None:
        self.node = node
        self.service: Service = running.service
        self.errors: list[Exception] = []
        self.shared = Shared(Limits(), self.errors.append)
        numbers = RespStatistics(1, 2, 3, 4, 5)
        self.door = RedisDoor(self.service, lambda: numbers, access, durable=True)
        self.clients: list[Client] = []
        self._nursery = nursery
        self._readiness = Readiness()
        nursery.start_soon(self._readiness.run)

    def connect(self) -> Client:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        session = self.door.connect("10.0.0.9:5", "10.0.0.1:6379")
        connection = Connection(theirs, session, self.shared, self._readiness)
        self._nursery.start_soon(connection.run)
        client = Client(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))
        self.clients.append(client)
        return client


@asynccontextmanager
async def talking(
    clock: trio.testing.MockClock,
    *,
    journal: Any = None,
    access: Access | None = None,
    **settings: Any,
) -> AsyncIterator[Site]:
    """Runs a node, whose wall clock is trio's mock clock, for the length of the block."""
    identity = Identity(NODE_ID, 1, WALL_MS)
    now = trio.current_time()
    node = Node(ProtocolConfig(**settings), identity, state=None, rng=Random(1), now=now)
    options = {} if journal is None else {"journal": journal}
    wall_ms = lambda: WALL_MS + round((trio.current_time() - now) * 1000)  # noqa: E731
    async with (
        serving(
            node, Endpoint(clock), stepped=lambda: False, wall_ms=wall_ms, **options
        ) as running,
        trio.open_nursery() as nursery,
    ):
        site = Site(running, node, nursery, access)
        yield site
        for client in site.clients:
            client.stream.socket.close()
        nursery.cancel_scope.cancel()
