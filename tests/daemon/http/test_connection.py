"""One connection over a socket pair: answers, their order, refusals, and what follows them."""

from __future__ import annotations

import os
import socket

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from gossipd.daemon.future import Future
from gossipd.daemon.http.connection import Connection
from gossipd.daemon.http.messages import CONTINUE, Limits, Request, Response
from gossipd.daemon.http.shared import Phase
from tests.daemon.http.peer import (
    CLOSING,
    GET,
    HOST,
    after,
    answers,
    echo,
    echo_later,
    exchange,
    serving,
)


async def test_pipelined_requests_are_answered_in_order() -> None:
    """Pipelined requests are answered in their order."""
    data = GET + b"POST /post" + HOST + b"Content-Length: 3\r\n\r\nabc" + CLOSING

    assert [(200, b"/get|"), (200, b"/post|abc"), (200, b"/last|")] == answers(await exchange(data))


async def test_answers_that_wait_keep_the_order(autojump_clock: trio.testing.MockClock) -> None:
    """An answer that must wait holds up those behind it, whichever they are."""

    def now_or_later(request: Request) -> Response | Future[Response]:
        return echo_later(request) if request.path == "/get" else echo(request)

    paths = [b"/get", b"/1", b"/2", b"/get", b"/get", b"/3"]
    data = b"".join(b"GET " + path + HOST + b"\r\n" for path in paths)

    assert [(200, path + b"|") for path in paths] == answers(await exchange(data, now_or_later))


async def test_ready_answers_do_not_wait_for_later_ones() -> None:
    """What is answered is sent before the next answer is waited for."""

    def only_one(request: Request) -> Response | Future[Response]:
        return echo(request) if request.path == "/get" else Future()

    with trio.CancelScope() as scope:
        async with serving(only_one) as peer:
            await peer.stream.send_all(GET + CLOSING)
            data = await peer.stream.receive_some()
            scope.cancel()

    assert [(200, b"/get|")] == answers(data)


async def test_late_request_is_either_handled_or_refused() -> None:
    """A request that ends at the very moment of its deadline is not handled and refused."""
    handled: list[Request] = []

    def handler(request: Request) -> Response:
        handled.append(request)
        return Response(200)

    async def expire_at_the_bell(connection: Connection, bell: socket.socket) -> None:
        await trio.lowlevel.wait_readable(bell)
        connection.expire()

    for _ in range(30):
        handled.clear()
        bell, ringer = socket.socketpair()
        with bell, ringer:
            async with serving(handler) as peer:
                await peer.stream.send_all(GET[:9])
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(expire_at_the_bell, peer.connection, bell)
                    await trio.testing.wait_all_tasks_blocked()
                    # Sent past trio, so that both tasks wake up in the same batch.
                    with socket.socket(fileno=os.dup(peer.stream.socket.fileno())) as raw:
                        raw.send(GET[9:])
                    ringer.send(b"x")
                await peer.stream.send_eof()
                statuses = [status for status, _ in answers(await peer.received())]

        assert statuses == ([200] if handled else [408])


async def test_chunked_body() -> None:
    """A chunked body reaches the handler whole."""
    data = b"POST /c" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"

    assert [(200, b"/c|abc")] == answers(await exchange(data))


async def test_head_has_no_body() -> None:
    """HEAD is answered with the length of the body and without it."""
    data = await exchange(b"HEAD /head" + HOST + b"\r\n")

    assert data.endswith(b"\r\n\r\n")
    assert b"Content-Length: 6\r\n" in data


@pytest.mark.parametrize("data", [CLOSING, b"GET / HTTP/1.0\r\n\r\n"])
async def test_connection_is_closed(data: bytes) -> None:
    """HTTP/1.0, and who asks for it, gets an answer that says close and then the end."""
    async with serving() as peer:
        await peer.stream.send_all(data)

        assert b"\r\nConnection: close\r\n" in await peer.received()


async def test_old_client_may_keep_the_connection() -> None:
    """HTTP/1.0 with keep-alive is told that it gets it."""
    data = await exchange(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" * 2)

    assert 2 == data.count(b"\r\nConnection: keep-alive\r\n")


async def test_continue_is_sent() -> None:
    """A client that expects 100 gets it before it has sent its body, and the answer after."""
    async with serving() as peer:
        await peer.stream.send_all(
            b"POST /e" + HOST + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        )
        assert CONTINUE == await peer.stream.receive_some()
        await peer.stream.send_all(b"abc")
        assert [(200, b"/e|abc")] == answers(await peer.stream.receive_some())
        await peer.stream.aclose()


async def test_continue_follows_earlier_answers() -> None:
    """100 comes after the answers to what was sent before."""
    data = GET + b"POST /e" + HOST + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"

    assert [(200, b"/get|"), (100, b"")] == answers(await exchange(data))


async def test_refusal_follows_earlier_answers() -> None:
    """What came before a bad request is answered before that is refused."""
    assert [200, 400] == [status for status, _ in answers(await exchange(GET + b"bad\r\n\r\n"))]


async def test_nothing_is_handled_after_a_refusal() -> None:
    """What comes after a bad request is not looked at."""
    data = b"GET / HTTP/1.1\r\n\r\n" + GET

    assert [400] == [status for status, _ in answers(await exchange(data))]


async def test_refused_client_may_finish_sending() -> None:
    """A client that sends all of a large body before it reads still gets to see 413."""
    async with serving() as peer:
        await peer.stream.send_all(b"POST /" + HOST + b"Content-Length: 3000000\r\n\r\n")
        await peer.stream.send_all(b"x" * 3_000_000)
        await peer.stream.send_eof()

        assert [413] == [status for status, _ in answers(await peer.received())]


async def test_refused_client_that_goes_on_is_cut_off() -> None:
    """Of a refused body only so much is read."""
    async with serving(limits=Limits(linger_bytes=1_000_000)) as peer:
        await peer.stream.send_all(b"bad\r\n\r\n")

        with pytest.raises(trio.BrokenResourceError):
            await peer.stream.send_all(b"x" * 100_000_000)


async def test_refused_client_that_stays_is_cut_off(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A refused client that neither sends nor closes is waited for one second."""
    async with serving() as peer:
        await peer.stream.send_all(b"bad\r\n\r\n")
        start = trio.current_time()
    assert 1.0 == trio.current_time() - start


async def test_data_after_the_last_request_does_not_reset() -> None:
    """A client that goes on sending after its last request still reads the answer to it."""
    async with serving() as peer:
        await peer.stream.send_all(CLOSING + GET * 1000)
        await peer.stream.send_eof()

        assert [(200, b"/last|")] == answers(await peer.received())


async def test_handler_that_raises() -> None:
    """What the handler raises is answered 500, and the connection goes on."""
    data = b"GET /raise" + HOST + b"\r\n" + GET

    assert [(500, b"internal error\n"), (200, b"/get|")] == answers(await exchange(data))


async def test_handler_that_raises_later(autojump_clock: trio.testing.MockClock) -> None:
    """What the handler raises after waiting is answered 500 as well."""
    data = b"GET /raise" + HOST + b"\r\n"

    assert [(500, b"internal error\n")] == answers(await exchange(data, echo_later))


async def test_handler_error_is_reported() -> None:
    """What the handler raises is reported with its request."""
    async with serving() as peer:
        await peer.stream.send_all(b"GET /raise" + HOST + b"\r\n")
        await peer.stream.send_eof()

    [(error, request)] = peer.errors
    assert ("on purpose", "/raise") == (str(error), request and request.path)


async def test_answers_sent_while_draining_are_the_last() -> None:
    """While draining, an answer says close, and what was pipelined behind it is left."""
    async with serving() as peer:
        peer.shared.draining = True
        await peer.stream.send_all(GET * 2)

        assert 1 == (await peer.received()).count(b"\r\nConnection: close\r\n")


async def test_peer_that_disappears() -> None:
    """A peer that resets the connection in the middle of an answer is no error."""
    async with serving(lambda request: Response(200, b"x" * 10_000_000)) as peer:
        await peer.stream.send_all(GET * 3)
        await peer.stream.receive_some(1)
        await peer.stream.aclose()

    assert [] == peer.errors


async def test_large_answer_is_sent_whole() -> None:
    """An answer larger than the socket's buffer arrives whole."""
    body = bytes(range(256)) * 20_000

    assert [(200, body)] * 3 == answers(await exchange(GET * 3, lambda _: Response(200, body)))


async def test_nothing_follows_a_part_of_an_answer() -> None:
    """A client that does not take it in time is cut off, whatever else it was to be told."""
    async with serving(lambda _: Response(200, b"x" * 10_000_000)) as peer:
        await peer.stream.send_all(GET + b"bad\r\n\r\n")
        await trio.testing.wait_all_tasks_blocked()
        assert Phase.WRITING is peer.connection.phase
        peer.connection.expire()
        received = await peer.received()

    assert 1 == received.count(b"HTTP/1.1")


async def test_phases() -> None:
    """A connection shows whether it is idle, in a head, in a body, or waits for its handler."""
    asked, answered = trio.Event(), trio.Event()

    def wait(request: Request) -> Future[Response]:
        asked.set()
        return after(answered.wait, lambda: Response(200))

    async with serving(wait) as peer:
        seen = []
        for part in (b"", b"POST", b" /" + HOST + b"Content-Length: 2\r\n\r\n", b"a"):
            await peer.stream.send_all(part)
            await trio.testing.wait_all_tasks_blocked()
            seen.append(peer.connection.phase)
        await peer.stream.send_all(b"b")
        await asked.wait()
        seen.append(peer.connection.phase)
        answered.set()
        await peer.stream.receive_some()
        seen.append(peer.connection.phase)
        await peer.stream.aclose()

    assert [Phase.IDLE, Phase.HEAD, Phase.BODY, Phase.BODY, Phase.HANDLING, Phase.IDLE] == seen


PIECES = st.sampled_from(
    (
        *(GET, CLOSING, HOST, b"POST /raise" + HOST, b"CONNECT x:1", b"GET /", b" HTTP/1.0\r\n"),
        *(b"Content-Length: ", b"5", b"Transfer-Encoding: chunked", b"Expect: 100-continue\r\n"),
        *(b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"\r\n", b"\r\n\r\n"),
        *(b"0\r\n\r\n", b"5\r\nabcde\r\n"),
    )
)


@given(st.lists(st.binary(max_size=200) | PIECES, max_size=20))
@settings(deadline=None)
def test_any_bytes_get_right_answers_or_none(parts: list[bytes]) -> None:
    """Whatever a client sends, it gets complete answers or none, and the connection ends."""
    answers(trio.run(exchange, b"".join(parts)))
