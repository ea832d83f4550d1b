"""The server over loopback: how many connections there may be, and how it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
import trio.testing

from gossipd.daemon.resp import Limits, RespServer
from tests.daemon.resp.echoing import Echo


class Site:
    """A server on a free port, and what was done about newcomers without room."""

    def __init__(self, limits: Limits | None) -> None:
        self.full: list[str] = []
        self.names: list[tuple[str, str]] = []
        self.done = trio.Event()
        self.server = RespServer(limits, on_full=self.full.append)
        self.streams: list[trio.SocketStream] = []
        self.port = 0

    async def serve(self, listeners: list[trio.SocketListener]) -> None:
        await self.server.serve(self._connect, listeners)
        self.done.set()

    def _connect(self, address: str, own_address: str) -> Echo:
        self.names.append((address, own_address))
        return Echo()

    async def connect(self, data: bytes = b"") -> trio.SocketStream:
        """Opens a connection, sends, and lets the server see it."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        self.streams.append(stream)
        if data:
            await stream.send_all(data)
        await trio.testing.wait_all_tasks_blocked()
        return stream


@asynccontextmanager
async def running(limits: Limits | None = None) -> AsyncIterator[Site]:
    """Serves for the length of the block."""
    site = Site(limits)
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    site.port = listeners[0].socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(site.serve, listeners)
        yield site
        nursery.cancel_scope.cancel()
    for stream in site.streams:
        await stream.aclose()


async def test_clients_are_served_and_known_by_their_addresses() -> None:
    """Each gets answers to its own requests."""
    async with running() as site:
        first, second = await site.connect(b"a\n"), await site.connect(b"b\n")
        assert [b"a\n", b"b\n"] == [await first.receive_some(), await second.receive_some()]
        port = first.socket.getsockname()[1]
        assert (f"127.0.0.1:{port}", f"127.0.0.1:{site.port}") == site.names[0]
        assert (2, 2) == (site.server.statistics().open, site.server.statistics().accepted)


async def test_the_longest_idle_makes_room() -> None:
    """A busy one does not."""
    async with running(Limits(connections=2)) as site:
        busy, idle = await site.connect(b"add 1\n"), await site.connect()
        newcomer = await site.connect(b"a\n")
        assert b"" == await idle.receive_some()
        assert b"a\n" == await newcomer.receive_some()
        assert (2, 1) == (site.server.statistics().open, site.server.statistics().evicted)
        assert ["the connection that was idle longest was closed"] == site.full
        del busy


async def test_without_room_a_newcomer_is_refused() -> None:
    """With Redis's own error."""
    async with running(Limits(connections=1)) as site:
        await site.connect(b"add 1\n")
        newcomer = await site.connect(b"a\n")
        assert b"-ERR max number of clients reached\r\n" == await newcomer.receive_some()
        assert b"" == await newcomer.receive_some()
        assert (1, 1) == (site.server.statistics().open, site.server.statistics().refused)


async def test_deadlines_are_watched(autojump_clock: trio.testing.MockClock) -> None:
    """Half a request ends within two ticks of its time; an idle connection stays."""
    async with running(Limits(request_time=10, tick=0.5)) as site:
        idle, slow = await site.connect(), await site.connect(b"half")
        began = trio.current_time()
        assert b"-ERR the request did not arrive in time\r\n" == await slow.receive_some()
        assert 10 <= trio.current_time() - began <= 11.5
        await trio.sleep(3600)
        await idle.send_all(b"a\n")
        assert b"a\n" == await idle.receive_some()
        assert 1 == site.server.statistics().malformed


async def test_draining_ends_the_server() -> None:
    """Idle connections are closed, and nobody is accepted any more."""
    async with running() as site:
        idle = await site.connect()
        site.server.drain()
        assert b"" == await idle.receive_some()
        await site.done.wait()
        assert 0 == site.server.statistics().open
