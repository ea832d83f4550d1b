"""The server over loopback: many connections, their deadlines, their number, and the end."""

from __future__ import annotations

import errno
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from gossipd.daemon.future import Future
from gossipd.daemon.http.messages import Handler, Limits, Request, Response
from gossipd.daemon.http.server import HttpServer
from tests.daemon.http.peer import after

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


@pytest.mark.parametrize(
    ("sent", "seconds", "answer"),
    [
        (b"", 75.0, None),
        (b"\r\n", 75.0, None),
        (b"GET / HT", 10.0, 408),
        (BODY_HEAD + b"x", 30.0, 408),
    ],
)
async def test_deadlines(
    autojump_clock: trio.testing.MockClock, sent: bytes, seconds: float, answer: int | None
) -> None:
    """What does not come in time is answered 408, or closed if nothing was asked."""
    async with running() as site, await site.connect(sent) as stream:
        start = trio.current_time()
        data = await received(stream)

        assert answer == (status(data) if data else None)
        assert seconds <= trio.current_time() - start <= seconds + 1.0


async def test_idle_time_begins_with_the_answer(autojump_clock: trio.testing.MockClock) -> None:
    """A connection that was used a minute ago is open two minutes after it began."""
    async with running() as site, await site.connect() as stream:
        for _ in range(3):
            await trio.sleep(60)
            await stream.send_all(GET)
            assert 200 == status(await stream.receive_some())


@pytest.mark.parametrize("start", [b"GET /", BODY_HEAD])
async def test_dripping_client(autojump_clock: trio.testing.MockClock, start: bytes) -> None:
    """A client that sends a byte a second wins no time."""
    async with running() as site, await site.connect(start) as stream:
        answered = trio.Event()

        async def drip() -> None:
            while not answered.is_set():
                await trio.sleep(1)
                await stream.send_all(b"/" if start == b"GET /" else b"")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(drip)
            assert 408 == status(await stream.receive_some())
            answered.set()


async def test_body_has_its_own_time(autojump_clock: trio.testing.MockClock) -> None:
    """The time for the body begins when the head ends."""
    async with running() as site, await site.connect(BODY_HEAD[:20]) as stream:
        await trio.sleep(9)
        await stream.send_all(BODY_HEAD[20:])
        await trio.sleep(29)
        await stream.send_all(b"x" * 10)

        assert 200 == status(await stream.receive_some())


async def test_handler_has_all_the_time(autojump_clock: trio.testing.MockClock) -> None:
    """No deadline of the server cuts off its own handler."""

    def slow(request: Request) -> Future[Response]:
        return after(lambda: trio.sleep(1000), lambda: OK)

    async with running(slow) as site, await site.connect(GET) as stream:
        assert 200 == status(await stream.receive_some())


async def test_reader_that_does_not_read(autojump_clock: trio.testing.MockClock) -> None:
    """A client that takes no more of its answer is cut off."""
    huge = Response(200, b"x" * 20_000_000)
    async with running(lambda request: huge) as site, await site.connect(GET):
        await trio.sleep(32)

        assert 0 == site.server.statistics().open


async def test_unfinished_requests_do_not_block_others() -> None:
    """Two hundred clients in the middle of a request delay nobody."""
    async with running() as site:
        for _ in range(200):
            await site.connect(b"GET /count HTTP/1.1\r\nHo")

        assert 200 == await site.status()


async def test_longest_idle_connection_makes_room(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """When all places are taken, the connection that has been idle longest is closed."""
    async with running(limits=Limits(connections=2)) as site:
        used, unused = await site.connect(), await site.connect()
        await trio.sleep(5)
        await used.send_all(GET)
        await used.receive_some()
        assert 200 == await site.status()

        assert ["the connection that was idle longest was closed"] == site.full
        assert b"" == await unused.receive_some()
        await used.send_all(GET)
        assert 200 == status(await used.receive_some())


async def test_no_room(autojump_clock: trio.testing.MockClock) -> None:
    """When all places are taken by requests under way, one more is answered 503 and closed."""
    async with running(limits=Limits(connections=2)) as site:
        for _ in range(2):
            await site.connect(b"GET ")
        async with await site.connect(GET) as stream:
            data = await received(stream)

        assert 503 == status(data)
        assert b"\r\nRetry-After: 1\r\n" in data
        assert ["a newcomer was refused"] == site.full


async def test_no_room_for_any_number() -> None:
    """Each newcomer without room is answered 503, also beyond those that are answered with care."""
    async with running(limits=Limits(connections=1, refusals=2)) as site:
        await site.connect(b"GET ")
        with ExitStack() as clients:
            made = [clients.enter_context(socket.socket()) for _ in range(8)]
            for client in made:
                client.connect(("127.0.0.1", site.port))
                client.send(GET)
            await trio.testing.wait_all_tasks_blocked()
            answers = [status(client.recv(1000, socket.MSG_DONTWAIT)) for client in made]
        assert [503] * 8 == answers
        assert 8 == site.server.statistics().refused


async def test_room_after_a_close() -> None:
    """A connection that has gone leaves its place."""
    async with running(limits=Limits(connections=1)) as site:
        async with await site.connect(b"GET "):
            pass
        await trio.testing.wait_all_tasks_blocked()

        assert 200 == await site.status()


async def test_statistics() -> None:
    """The server counts what it accepts, holds, closes and refuses."""
    async with running(limits=Limits(connections=2)) as site:
        await site.connect(b"GET ")
        await site.connect()
        await site.connect(b"bad\r\n\r\n")
        counts = site.server.statistics()

        assert (2, 3, 1, 0, {400: 1}) == (
            counts.open,
            counts.accepted,
            counts.evicted,
            counts.refused,
            counts.refusals,
        )


async def test_drain_closes_idle_connections() -> None:
    """Draining ends a connection without a request at once, and with it the server."""
    async with running() as site, await site.connect() as stream:
        site.server.drain()

        assert b"" == await stream.receive_some()
        await site.done.wait()


async def test_drain_answers_requests_under_way() -> None:
    """A request that came before draining is answered, with close, before the server ends."""
    go = trio.Event()

    def wait(request: Request) -> Future[Response]:
        return after(go.wait, lambda: OK)

    async with running(wait) as site, await site.connect(GET) as stream:
        site.server.drain()
        await trio.testing.wait_all_tasks_blocked()
        assert not site.done.is_set()
        go.set()

        assert b"\r\nConnection: close\r\n" in await received(stream)
        await site.done.wait()


async def test_drain_ends_an_answer_that_is_being_sent() -> None:
    """A long answer that was begun before draining is sent whole, and then the server ends."""
    huge = Response(200, b"x" * 20_000_000)
    async with running(lambda request: huge) as site, await site.connect(GET) as stream:
        site.server.drain()

        assert 20_000_000 < len(await received(stream))
        await site.done.wait()


async def test_drain_lets_a_body_arrive() -> None:
    """A request whose body is on its way when draining begins is answered."""
    async with running() as site, await site.connect(BODY_HEAD) as stream:
        site.server.drain()
        await stream.send_all(b"x" * 10)

        assert 200 == status(await received(stream))


async def test_drain_refuses_new_connections() -> None:
    """While draining, nobody can connect."""
    async with running() as site, await site.connect(b"GET "):
        site.server.drain()

        with pytest.raises(OSError):
            await site.connect()


async def test_cancelling_cuts_everybody_off() -> None:
    """Cancelling the server ends it, whatever its connections do."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        server = HttpServer()
        nursery.start_soon(server.serve, lambda request: Future(), listeners)
        port = listeners[0].socket.getsockname()[1]
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(GET)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
            with trio.CancelScope(shield=True):
                assert b"" == await stream.receive_some()


async def test_accepting_survives_a_lack_of_descriptors(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process without a free descriptor accepts again once it has one."""
    accept, failures = socket.socket.accept, [errno.EMFILE, errno.ECONNABORTED, errno.ENFILE]

    def failing(listener: socket.socket) -> tuple[socket.socket, Any]:
        if failures:
            raise OSError(failures.pop(), "on purpose")
        return accept(listener)

    monkeypatch.setattr(socket.socket, "accept", failing)
    async with running() as site:
        assert 200 == await site.status()
    assert not failures


async def test_a_lack_of_descriptors_closes_the_longest_idle(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newcomer for whom there is no descriptor gets the one of an idle connection at once."""
    accept, failures = socket.socket.accept, [errno.EMFILE]

    def failing(listener: socket.socket) -> tuple[socket.socket, Any]:
        if failures:
            raise OSError(failures.pop(), "on purpose")
        return accept(listener)

    async with running() as site, await site.connect() as idle:
        monkeypatch.setattr(socket.socket, "accept", failing)
        start = trio.current_time()
        assert 200 == await site.status()
        assert b"" == await idle.receive_some()
        assert start == trio.current_time()
        assert ["no file descriptor is left"] == site.full


async def test_many_are_accepted_in_one_turn() -> None:
    """Newcomers do not wait for a turn each while others keep the loop busy."""
    async with running() as site:
        await trio.testing.wait_all_tasks_blocked()
        with ExitStack() as clients:
            for _ in range(40):
                client = clients.enter_context(socket.socket())
                client.connect(("127.0.0.1", site.port))
            for _ in range(3):
                await trio.lowlevel.checkpoint()
            assert 40 == site.server.statistics().accepted


async def test_whoever_has_asked_makes_no_room() -> None:
    """More at once than there is room for: each is answered, or told that there is none."""
    async with running(limits=Limits(connections=10)) as site:
        await trio.testing.wait_all_tasks_blocked()
        with ExitStack() as clients:
            made = [clients.enter_context(socket.socket()) for _ in range(30)]
            for client in made:
                client.connect(("127.0.0.1", site.port))
                client.send(GET)
            await trio.testing.wait_all_tasks_blocked()
            answers = {status(client.recv(1000, socket.MSG_DONTWAIT)) for client in made}
        assert answers <= {200, 503}


@given(st.lists(st.binary(min_size=1, max_size=500), max_size=5))
@settings(deadline=None, max_examples=50)
def test_any_bytes_leave_the_server_alive(attacks: list[bytes]) -> None:
    """After any bytes on any number of connections, a proper request is answered."""

    async def attack() -> int:
        async with running() as site:
            for data in attacks:
                await (await site.connect(data)).aclose()
            return await site.status()

    assert 200 == trio.run(attack)


async def test_waiting_answers_do_not_block_others() -> None:
    """A handler that waits for one client leaves the others served."""
    go = trio.Event()

    def handler(request: Request) -> Response | Future[Response]:
        return OK if request.path == "/" else after(go.wait, lambda: OK)

    async with running(handler) as site, await site.connect(GET.replace(b"/ ", b"/w ")):
        assert 200 == await site.status()
