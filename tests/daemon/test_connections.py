"""The connections of a server: accepted, bounded, looked at once a tick, and ended."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio
import trio.testing

from gossipd.daemon.connections import Connections, Server, as_it_is

TICK = 0.5


class Made:
    """A connection that does nothing until it is told to end."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        self.since = float(number)
        self.idle = False
        self.error: Exception | None = None
        self._sock = sock
        self._ended = trio.Event()

    def is_idle(self) -> bool:
        return self.idle

    def expire(self) -> None:
        self._ended.set()

    async def run(self) -> None:
        with self._sock:
            await self._ended.wait()
            if self.error is not None:
                raise self.error


class Site:
    """A server of such connections, two at most."""

    def __init__(self, wrap: Any) -> None:
        self.made: list[Made] = []
        self.full: list[str] = []
        self.ticks: list[float] = []
        self.errors: list[Exception] = []
        self.refused: list[Made] = []
        self.connections = Connections[Made](2, TICK, self.full.append, wrap)
        self.server = Server(self._make, self._refuse, self.ticks.append, self.errors.append)
        self.port = 0
        self.streams: list[trio.SocketStream] = []

    def _make(self, sock: socket.socket, address: Any) -> Made:
        self.made.append(Made(sock, len(self.made)))
        return self.made[-1]

    def _refuse(self, connection: Made, sock: socket.socket, nursery: trio.Nursery) -> None:
        self.refused.append(connection)
        sock.close()

    async def visit(self) -> None:
        """Connects, and returns when the newcomer was taken."""
        known = len(self.made)
        self.streams.append(await trio.open_tcp_stream("127.0.0.1", self.port))
        with trio.fail_after(5):
            while len(self.made) == known:
                await trio.lowlevel.checkpoint()

    def leave(self) -> None:
        """Closes the clients' ends."""
        for stream in self.streams:
            stream.socket.close()


@asynccontextmanager
async def serving(wrap: Any = as_it_is) -> AsyncIterator[Site]:
    site = Site(wrap)
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    site.port = listeners[0].socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        await nursery.start(site.connections.serve, site.server, listeners)
        yield site
        site.leave()
        nursery.cancel_scope.cancel()


async def test_the_longest_idle_gives_way_to_a_newcomer() -> None:
    async with serving() as site:
        for _ in range(2):
            await site.visit()
        for one in site.made:
            one.idle = True
        await site.visit()
        with trio.fail_after(5):
            assert await site.streams[0].receive_some() == b""
        assert site.connections.open == set(site.made[1:])
        assert (site.connections.accepted, site.connections.evicted) == (3, 1)
        assert site.full == ["the connection that was idle longest was closed"]


async def test_a_newcomer_is_refused_when_nobody_is_idle() -> None:
    async with serving() as site:
        for _ in range(3):
            await site.visit()
        assert site.refused == site.made[2:]
        assert site.connections.open == set(site.made[:2])
        assert (site.connections.refused, site.full) == (1, ["a newcomer was refused"])


async def test_what_a_connection_raises_is_told_and_ends_only_that_one() -> None:
    async with serving() as site:
        for _ in range(2):
            await site.visit()
        site.made[0].error = error = RuntimeError("broken")
        site.made[0].expire()
        await trio.testing.wait_all_tasks_blocked()
        assert site.errors == [error]
        assert site.connections.open == {site.made[1]}


async def test_a_socket_that_cannot_be_wrapped_is_no_connection() -> None:
    refusing = [True]

    def wrap(sock: socket.socket) -> socket.socket:
        if refusing.pop():
            refusing.append(False)
            raise OSError
        refusing.append(False)
        return sock

    async with serving(wrap) as site:
        async with await trio.open_tcp_stream("127.0.0.1", site.port) as stream:
            assert await stream.receive_some() == b""
        await site.visit()
        assert site.connections.accepted == 1


async def test_serving_ends_with_the_last_connection_after_accepting_was_stopped() -> None:
    site = Site(as_it_is)
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    site.port = listeners[0].socket.getsockname()[1]
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            await nursery.start(site.connections.serve, site.server, listeners)
            await site.visit()
            site.connections.stop_accepting()
            await trio.testing.wait_all_tasks_blocked()
            assert site.connections.open
            site.made[0].expire()
    site.leave()
    assert not site.connections.open
    assert listeners[0].socket.fileno() == -1


async def test_a_pause_counts_as_two_ticks_at_most(mock_clock: trio.testing.MockClock) -> None:
    async with serving() as site:
        for seconds in (TICK, 10.0, TICK):
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(seconds)
            await trio.testing.wait_all_tasks_blocked()
        assert site.ticks == [TICK, 2 * TICK, TICK]
