"""Answers of one connection that are settled later, by somebody else."""

from __future__ import annotations

import re
import socket

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from gossipd.daemon.future import Future
from gossipd.daemon.http.messages import CONTINUE, Request, Response
from gossipd.daemon.http.shared import Phase
from tests.daemon.http import peer as at_once_peer
from tests.daemon.http.peer import CLOSING, GET, HOST, Peer, answers, echo, serving

LATER = b"GET /later" + HOST + b"\r\n"
EXPECTING = b"POST /e" + HOST + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"
BAD = b"bad\r\n\r\n"
LARGE, HUGE = b"x" * 60_000, b"x" * 10_000_000


class Desk:
    """Answers /later when it is told to, and everything else at once."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Response], Request]] = []
        self.early = False

    def handle(self, request: Request) -> Response | Future[Response]:
        """The handler of a connection."""
        if request.path == "/large":
            return Response(200, LARGE)
        if request.path not in ("/later", "/last"):
            return echo(request)
        later: Future[Response] = Future()
        self.waiting.append((later, request))
        if self.early:
            self.settle()
        return later

    def settle(self, outcome: Response | Exception | None = None) -> None:
        """Answers who has waited longest."""
        later, request = self.waiting.pop(0)
        later.settle(outcome or echo(request))


async def settled(peer: Peer, desk: Desk) -> None:
    """Answers whoever waits until the connection ends."""
    while peer.connection.phase is not Phase.CLOSING:
        await trio.testing.wait_all_tasks_blocked()
        if desk.waiting:
            desk.settle()
        else:
            await trio.lowlevel.checkpoint()


async def exchange(data: bytes, desk: Desk) -> bytes:
    """All that is answered to a client that sends this and then nothing more."""
    async with serving(desk.handle) as peer, trio.open_nursery() as nursery:
        nursery.start_soon(settled, peer, desk)
        await peer.stream.send_all(data)
        await peer.stream.send_eof()
        received = await peer.received()
    return received


@pytest.mark.parametrize("early", [False, True])
async def test_order_is_kept(early: bool) -> None:
    """An answer that comes later holds up those behind it, also of a client that has hung up."""
    desk = Desk()
    desk.early = early
    paths = [b"/1", b"/later", b"/2", b"/3", b"/later", b"/later", b"/4"]
    data = b"".join(b"GET " + path + HOST + b"\r\n" for path in paths)

    assert [(200, path + b"|") for path in paths] == answers(await exchange(data, desk))


async def test_it_is_sent_without_the_connections_task() -> None:
    """The bytes are there when `settle` returns."""
    desk = Desk()
    async with serving(desk.handle) as peer:
        await peer.stream.send_all(LATER)
        await trio.testing.wait_all_tasks_blocked()
        assert Phase.HANDLING is peer.connection.phase
        desk.settle()
        with socket.fromfd(peer.stream.socket.fileno(), socket.AF_UNIX, socket.SOCK_STREAM) as raw:
            assert [(200, b"/later|")] == answers(raw.recv(1000, socket.MSG_DONTWAIT))
        assert Phase.IDLE is peer.connection.phase
        await peer.stream.aclose()


async def test_what_comes_meanwhile_is_read_afterwards() -> None:
    """One request at a time, and earlier answers do not wait for it."""
    desk = Desk()
    async with serving(desk.handle) as peer:
        await peer.stream.send_all(GET + LATER + LATER)
        assert [(200, b"/get|")] == answers(await peer.stream.receive_some())
        await peer.stream.send_all(GET)
        await trio.testing.wait_all_tasks_blocked()
        assert 1 == len(desk.waiting)
        desk.settle()
        assert [(200, b"/later|")] == answers(await peer.stream.receive_some())
        await trio.testing.wait_all_tasks_blocked()
        assert 1 == len(desk.waiting)
        desk.settle()
        await trio.testing.wait_all_tasks_blocked()
        assert [(200, b"/later|"), (200, b"/get|")] == answers(await peer.stream.receive_some())
        await peer.stream.aclose()


async def test_an_error_is_answered_500_and_reported() -> None:
    """And the connection goes on."""
    desk = Desk()
    async with serving(desk.handle) as peer:
        for outcome, status in (RuntimeError("on purpose"), 500), (None, 200):
            await peer.stream.send_all(LATER)
            await trio.testing.wait_all_tasks_blocked()
            desk.settle(outcome)
            assert [status] == [each[0] for each in answers(await peer.stream.receive_some())]
        await peer.stream.aclose()
    [(error, request)] = peer.errors
    assert ("on purpose", "/later") == (str(error), request and request.path)


@pytest.mark.parametrize("data", [CLOSING, CLOSING + GET, b"GET /later HTTP/1.0\r\n\r\n"])
@pytest.mark.parametrize("size", [1, len(HUGE)])
async def test_the_last_answer_ends_the_connection(data: bytes, size: int) -> None:
    """Though it comes later, and though it does not fit into the socket."""
    desk, body = Desk(), HUGE[:size]
    async with serving(desk.handle) as peer:
        await peer.stream.send_all(data)
        await trio.testing.wait_all_tasks_blocked()
        desk.settle(Response(200, body))
        assert [(200, body)] == answers(await peer.received())


async def test_a_large_answer_is_sent_whole() -> None:
    """And what was asked behind it is answered after it."""
    desk = Desk()
    async with serving(desk.handle) as peer:
        await peer.stream.send_all(LATER)
        await trio.testing.wait_all_tasks_blocked()
        await peer.stream.send_all(GET)
        desk.settle(Response(200, HUGE))
        await trio.testing.wait_all_tasks_blocked()
        assert Phase.WRITING is peer.connection.phase
        await peer.stream.send_eof()
        assert [(200, HUGE), (200, b"/get|")] == answers(await peer.received())


@pytest.mark.parametrize("rest", [b"", GET, GET + LATER])
async def test_it_waits_until_earlier_answers_are_sent(rest: bytes) -> None:
    """It does not get into the middle of one that does not fit into the socket."""
    desk = Desk()
    async with serving(desk.handle) as peer:
        peer.connection._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        await peer.stream.send_all(b"GET /large" + HOST + b"\r\n" + LATER + rest)
        await trio.testing.wait_all_tasks_blocked()
        assert Phase.WRITING is peer.connection.phase
        desk.settle()
        desk.early = True
        await peer.stream.send_eof()
        with trio.fail_after(20):
            received = answers(await peer.received())
    paths = [b"/later", *re.findall(rb"GET (/\w+)", rest)]
    assert [(200, LARGE), *((200, path + b"|") for path in paths)] == received


@pytest.mark.parametrize("rest", [b"", BAD])
@pytest.mark.parametrize("at_once", [False, True])
async def test_who_takes_no_more_of_a_large_answer_is_cut_off(at_once: bool, rest: bytes) -> None:
    """Nothing is sent after a part of an answer was left out."""
    desk = Desk()
    async with serving(desk.handle) as peer:
        await peer.stream.send_all(LATER + rest)
        await trio.testing.wait_all_tasks_blocked()
        desk.settle(Response(200, HUGE))
        if not at_once:
            await trio.testing.wait_all_tasks_blocked()
        peer.connection.expire()
        received = await peer.received()
    assert b"HTTP/1.1" in received[:8]
    assert b"HTTP/1.1" not in received[8:]
    assert len(received) < len(HUGE)


async def test_a_large_answer_is_not_cut_off_by_draining() -> None:
    """A part of it waits to be sent, so the connection is not idle; it ends after it."""
    desk = Desk()
    async with serving(desk.handle) as peer:
        await peer.stream.send_all(LATER)
        await trio.testing.wait_all_tasks_blocked()
        desk.settle(Response(200, HUGE))
        assert Phase.WRITING is peer.connection.phase
        peer.shared.draining = True
        assert [(200, HUGE)] == answers(await peer.received())


@pytest.mark.parametrize("waits_to_send", [False, True])
async def test_a_client_that_is_gone_is_no_error(waits_to_send: bool) -> None:
    """Neither before its answer nor amid it."""
    desk = Desk()
    async with serving(desk.handle) as peer:
        await peer.stream.send_all(LATER)
        await trio.testing.wait_all_tasks_blocked()
        if waits_to_send:
            desk.settle(Response(200, HUGE))
            await trio.testing.wait_all_tasks_blocked()
        await peer.stream.aclose()
        if not waits_to_send:
            desk.settle()
    assert [] == peer.errors


async def test_a_client_that_takes_no_answer_is_left() -> None:
    """Also one that stays and sends nothing more, so that there is nothing to be read."""
    desk = Desk()
    async with serving(desk.handle) as peer:
        await peer.stream.send_all(LATER)
        await trio.testing.wait_all_tasks_blocked()
        peer.stream.socket.shutdown(socket.SHUT_RD)
        desk.settle()
        await trio.testing.wait_all_tasks_blocked()
        assert Phase.CLOSING is peer.connection.phase


async def test_a_server_that_ended_takes_the_answer() -> None:
    """Whoever settles it is not told that nobody waits."""
    desk = Desk()
    async with serving(desk.handle) as peer:
        await peer.stream.send_all(LATER)
        await trio.testing.wait_all_tasks_blocked()
        peer.connection.expire()
        assert b"" == await peer.received()
    desk.settle()
    assert [] == peer.errors


@pytest.mark.parametrize("early", [False, True])
async def test_an_answer_that_cannot_be_told_ends_only_its_connection(early: bool) -> None:
    """Whoever settles it goes on, the error is reported, and nothing is answered in its place."""
    bad = Response(200, headers=(("name", "\ud800"),))
    later: Future[Response] = Future(bad if early else None)
    async with serving(lambda asked: later if asked.path == "/later" else echo(asked)) as peer:
        await peer.stream.send_all(GET + LATER + GET)
        await trio.testing.wait_all_tasks_blocked()
        if not early:
            later.settle(bad)
        assert [(200, b"/get|")] == answers(await peer.received())
    assert [UnicodeEncodeError] == [type(error) for error, _ in peer.errors]


@pytest.mark.parametrize("size", [1, len(HUGE)])
async def test_an_answer_before_draining_is_not_lost_in_a_reset(size: int) -> None:
    """Though it is the last one, and the client has asked for more meanwhile."""
    desk, body = Desk(), HUGE[:size]
    async with serving(desk.handle) as peer:
        await peer.stream.send_all(LATER)
        await trio.testing.wait_all_tasks_blocked()
        await peer.stream.send_all(GET)
        await trio.testing.wait_all_tasks_blocked()
        desk.settle(Response(200, body))
        peer.shared.draining = True
        if peer.connection.phase is Phase.IDLE:
            peer.connection.expire()
        assert [(200, body)] == answers(await peer.received())
        await peer.stream.aclose()


async def test_an_answer_while_draining_is_the_last() -> None:
    """Also to a request that came before."""
    desk = Desk()
    async with serving(desk.handle) as peer:
        await peer.stream.send_all(LATER + GET)
        await trio.testing.wait_all_tasks_blocked()
        peer.shared.draining = True
        desk.settle()
        received = await peer.received()
    assert [(200, b"/later|")] == answers(received)
    assert 1 == received.count(b"\r\nConnection: close\r\n")


@pytest.mark.parametrize("size", [1, len(HUGE)])
async def test_a_refusal_follows_it(size: int) -> None:
    """It does not overtake an answer, and does not wait for the client once that is sent."""
    desk, body = Desk(), HUGE[:size]
    async with serving(desk.handle) as peer:
        await peer.stream.send_all(LATER + BAD)
        await trio.testing.wait_all_tasks_blocked()
        desk.settle(Response(200, body))
        [first, (status, _)] = answers(await peer.received())
    assert ((200, body), 400) == (first, status)


@pytest.mark.parametrize("size", [1, len(HUGE)])
async def test_continue_follows_it(size: int) -> None:
    """And then the body is waited for, which has a deadline."""
    desk, body, received = Desk(), HUGE[:size], b""
    async with serving(desk.handle) as peer:
        await peer.stream.send_all(LATER + EXPECTING)
        await trio.testing.wait_all_tasks_blocked()
        desk.settle(Response(200, body))
        while not received.endswith(CONTINUE):
            received += await peer.stream.receive_some()
        await trio.testing.wait_all_tasks_blocked()
        assert Phase.BODY is peer.connection.phase
        await peer.stream.aclose()
    assert [(200, body), (100, b"")] == answers(received)


PIECES = st.sampled_from(
    (GET, LATER, CLOSING, EXPECTING, b"GET /", HOST, BAD, b"Content-Length: 3\r\n\r\n", b"abc")
)


@given(st.lists(PIECES, max_size=12), st.booleans())
@settings(deadline=None, max_examples=60)
def test_any_bytes_get_the_same_answers(parts: list[bytes], early: bool) -> None:
    """Whatever a client sends, it gets what it would get if all were answered at once."""
    desk, data = Desk(), b"".join(parts)
    desk.early = early
    at_once = answers(trio.run(at_once_peer.exchange, data))
    assert at_once == answers(trio.run(exchange, data, desk))
