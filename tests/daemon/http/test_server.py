"""The server over loopback: many connections, their deadlines, and the end."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from gossipd.daemon.future import Future
from gossipd.daemon.http.messages import Limits, Request, Response
from gossipd.daemon.http.server import HttpServer
from tests.daemon.http.peer import after
from tests.daemon.http.site import BODY_HEAD, GET, OK, received, running, status


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


async def test_a_server_that_drains_answers_who_connects() -> None:
    """It ends idle connections, and answers newcomers once each, until it is closed."""
    async with running() as site, await site.connect() as idle:
        site.server.drain()
        assert b"" == await idle.receive_some()
        newcomer = await site.connect(GET)
        assert b"\r\nConnection: close\r\n" in await received(newcomer)
        silent = await site.connect()
        assert not site.done.is_set()
        site.server.close()
        assert b"" == await silent.receive_some()
        await site.done.wait()


async def test_close_answers_requests_under_way() -> None:
    """A request that came before the close is answered, with close, before the server ends."""
    go = trio.Event()

    def wait(request: Request) -> Future[Response]:
        return after(go.wait, lambda: OK)

    async with running(wait) as site, await site.connect(GET) as stream:
        site.server.close()
        await trio.testing.wait_all_tasks_blocked()
        assert not site.done.is_set()
        go.set()

        assert b"\r\nConnection: close\r\n" in await received(stream)
        await site.done.wait()


async def test_close_ends_an_answer_that_is_being_sent() -> None:
    """A long answer that was begun before the close is sent whole, and then the server ends."""
    huge = Response(200, b"x" * 20_000_000)
    async with running(lambda request: huge) as site, await site.connect(GET) as stream:
        site.server.close()

        assert 20_000_000 < len(await received(stream))
        await site.done.wait()


async def test_close_lets_a_body_arrive() -> None:
    """A request whose body is on its way at the close is answered."""
    async with running() as site, await site.connect(BODY_HEAD) as stream:
        site.server.close()
        await stream.send_all(b"x" * 10)

        assert 200 == status(await received(stream))


async def test_close_refuses_new_connections() -> None:
    """Once closed, nobody can connect."""
    async with running() as site, await site.connect(b"GET "):
        site.server.close()

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
