"""Answers that are streamed, over a socket pair and over loopback."""

from __future__ import annotations

import socket
from collections.abc import Callable
from itertools import pairwise

import pytest
import trio
import trio.testing

from gossipd.daemon.future import Future
from gossipd.daemon.http.messages import Limits, Request, Response
from gossipd.daemon.http.streaming import BULK_BYTES
from tests.daemon.http.peer import CLOSING, GET, Peer, serving
from tests.daemon.http.site import running, status

STREAM = GET
HEAD = b"HEAD /get HTTP/1.1\r\nHost: x\r\n\r\n"


class Feed:
    """A stream whose newest part is kept, and no other."""

    beat = b"."

    def __init__(self) -> None:
        self.newest = b""
        self.taken = 0
        self.more: Callable[[], None] | None = None
        self.stopped = 0

    def start(self, more: Callable[[], None]) -> None:
        assert self.more is None
        self.more = more

    def take(self) -> bytes:
        part, self.newest = self.newest, b""
        self.taken += bool(part)
        return part

    def stop(self) -> None:
        self.stopped += 1

    def tell(self, part: bytes) -> None:
        """Has news."""
        self.newest = part
        assert self.more is not None
        self.more()

    def handler(self, request: Request) -> Response:
        """Answers with this stream, or shortly to any other path."""
        if request.path != "/get":
            return Response(200, b"short")
        return Response(200, b"", "text/x", stream=self)


@pytest.fixture
def feed() -> Feed:
    """A feed with nothing in it."""
    return Feed()


async def test_what_comes_is_sent(feed: Feed) -> None:
    """At once, after a head that tells no length; the client ends it."""
    async with serving(feed.handler) as peer:
        await peer.stream.send_all(GET)
        head = await peer.stream.receive_some()
        assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/x\r\n")
        assert head.endswith(b"Connection: close\r\n\r\n")
        assert b"Content-Length" not in head
        await trio.testing.wait_all_tasks_blocked()
        for part in (b"one", b"two"):
            feed.tell(part)
            assert part == await peer.stream.receive_some()
        await peer.stream.send_eof()
        assert b"" == await peer.received()
    assert (1, 0, []) == (feed.stopped, peer.shared.streams, peer.errors)


async def test_what_is_there_at_the_start_is_sent(feed: Feed) -> None:
    """Nobody must tell of it."""
    feed.newest = b"there"
    async with serving(feed.handler) as peer:
        await peer.stream.send_all(GET)
        await peer.stream.send_eof()
        assert (await peer.received()).endswith(b"\r\n\r\nthere")


async def test_a_stream_may_come_later(feed: Feed) -> None:
    """By a future, as other answers do."""
    future: Future[Response] = Future()
    async with serving(lambda request: future) as peer:
        await peer.stream.send_all(GET)
        await trio.testing.wait_all_tasks_blocked()
        future.settle(feed.handler(Request("GET", "/get", "", {}, b"")))
        assert (await peer.stream.receive_some()).endswith(b"close\r\n\r\n")
        await trio.testing.wait_all_tasks_blocked()
        feed.tell(b"news")
        assert b"news" == await peer.stream.receive_some()
        await peer.stream.send_eof()
        await peer.received()


async def test_nothing_follows_a_stream(feed: Feed) -> None:
    """Answers that come before it arrive; what the client sends after it is thrown away."""
    async with serving(feed.handler) as peer:
        await peer.stream.send_all(GET.replace(b"/get", b"/x") + GET + CLOSING)
        await trio.testing.wait_all_tasks_blocked()
        feed.tell(b"news")
        await peer.stream.send_all(b"x" * 100)
        await peer.stream.send_eof()
        received = await peer.received()
    assert 2 == received.count(b"HTTP/1.1 200")
    assert b"short" in received
    assert received.endswith(b"news")


async def test_a_client_that_sends_without_end_is_cut_off(feed: Feed) -> None:
    """As one whose request is refused."""
    async with serving(feed.handler, Limits(linger_bytes=1000)) as peer:
        await peer.stream.send_all(GET)
        await trio.testing.wait_all_tasks_blocked()
        await peer.stream.send_all(b"x" * 5000)
        await peer.received()
    assert 1 == feed.stopped


async def test_head_begins_no_stream(feed: Feed) -> None:
    """It answers what GET would, without the stream."""
    async with serving(feed.handler) as peer:
        await peer.stream.send_all(HEAD)
        received = await peer.received()
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in received
    assert (None, 0) == (feed.more, feed.stopped)


async def test_a_slow_reader_gets_the_newest(feed: Feed) -> None:
    """Whatever is told while its socket is full is replaced, and kept by nobody."""
    async with serving(feed.handler) as peer:
        peer.stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        await peer.stream.send_all(GET)
        await trio.testing.wait_all_tasks_blocked()
        for number in range(2000):
            feed.tell(b"%1000d\n" % number)
        await trio.testing.wait_all_tasks_blocked()
        assert feed.taken < 50
        await peer.stream.send_eof()
        told = (await peer.received()).split(b"\r\n\r\n", 1)[1].splitlines()
    numbers = [int(line) for line in told]
    assert sorted(set(numbers)) == numbers
    assert 1999 == numbers[-1]


async def test_a_long_beginning_leaves_turns_to_others(feed: Feed) -> None:
    """Each long part takes a turn of its own; trio runs the tasks of a turn in any order."""
    parts = [b"x" * BULK_BYTES] * 20 + [b"end"]
    feed.take = lambda: parts.pop(0) if parts else b""  # type: ignore[method-assign]
    turns: list[int] = []

    async def count() -> None:
        while parts:
            turns.append(len(parts))
            await trio.lowlevel.checkpoint()

    async with serving(feed.handler) as peer, trio.open_nursery() as nursery:
        await peer.stream.send_all(GET)
        nursery.start_soon(count)
        received = b""
        while not received.endswith(b"end"):
            received += await peer.stream.receive_some()
        await peer.stream.send_eof()
    assert all(before - after <= 2 for before, after in pairwise(turns))


async def test_a_long_part_wakes_the_task(feed: Feed) -> None:
    """What follows it is asked for in the next turn."""
    async with serving(feed.handler) as peer:
        await peer.stream.send_all(GET)
        await peer.stream.receive_some()
        await trio.testing.wait_all_tasks_blocked()
        parts = [b"x" * BULK_BYTES, b"end"]
        feed.take = lambda: parts.pop(0) if parts else b""  # type: ignore[method-assign]
        assert feed.more is not None
        feed.more()
        assert ["end"] == [part.decode() for part in parts]
        await peer.stream.send_eof()
        assert b"x" * BULK_BYTES + b"end" == await peer.received()


async def test_a_stream_that_fails_ends_its_connection(feed: Feed) -> None:
    """Its teller is not bothered; the error is logged."""
    async with serving(feed.handler) as peer:
        await peer.stream.send_all(GET)
        await trio.testing.wait_all_tasks_blocked()
        feed.take = lambda: 1 // 0  # type: ignore[method-assign, assignment]
        feed.tell(b"")
        feed.tell(b"")
        await peer.received()
    assert [ZeroDivisionError] == [type(error) for error, _ in peer.errors]
    assert 1 == feed.stopped


async def test_a_client_that_is_gone(feed: Feed) -> None:
    """To tell it more raises nothing, and ends the stream."""
    async with serving(feed.handler) as peer:
        await peer.stream.send_all(GET)
        await trio.testing.wait_all_tasks_blocked()
        await peer.stream.aclose()
        feed.tell(b"a")
        feed.tell(b"b")
    assert (1, []) == (feed.stopped, peer.errors)


async def test_a_client_that_stands_still_is_cut_off(
    feed: Feed, autojump_clock: trio.testing.MockClock
) -> None:
    """After the time in which a part must be taken."""
    async with serving(feed.handler) as peer:
        await peer.stream.send_all(GET)
        await trio.testing.wait_all_tasks_blocked()
        feed.tell(b"x" * 10_000_000)
        began = trio.current_time()
        while not feed.stopped:
            await trio.sleep(1)
        assert 30 <= trio.current_time() - began <= 31
        await peer.received()


async def test_a_quiet_stream_beats(feed: Feed, autojump_clock: trio.testing.MockClock) -> None:
    """Every 15 s, up to two ticks later, and longer than an idle connection lives."""
    async with running(feed.handler) as site:
        stream = await site.connect(STREAM)
        await stream.receive_some()
        for _ in range(10):
            began = trio.current_time()
            assert b"." == await stream.receive_some()
            assert 14 <= trio.current_time() - began <= 16.5


async def test_streams_leave_room(feed: Feed) -> None:
    """One beyond their number is answered 503; requests that end are not."""
    limits = Limits(streams=1)
    async with running(feed.handler, limits) as site:
        first = await site.connect(STREAM)
        await first.receive_some()
        second = await site.connect(STREAM)
        refused = await second.receive_some()
        assert (503, True) == (status(refused), b"Retry-After: 1\r\n" in refused)
        assert 200 == await site.status()
        assert 1 == site.server.statistics().streams
        await first.aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert 0 == site.server.statistics().streams


async def test_a_stream_is_not_idle(feed: Feed) -> None:
    """It makes no room for newcomers."""
    async with running(feed.handler, Limits(connections=1)) as site:
        stream = await site.connect(STREAM)
        await stream.receive_some()
        assert 503 == await site.status()


async def test_draining_ends_streams(feed: Feed, autojump_clock: trio.testing.MockClock) -> None:
    """At once, so that clients go to another node; and begins none."""
    async with running(feed.handler) as site:
        stream = await site.connect(STREAM)
        await stream.receive_some()
        slow = await site.connect(STREAM[:10])
        site.server.close()
        assert b"" == await stream.receive_some()
        assert 1 == feed.stopped
        feed.more = None
        await slow.send_all(STREAM[10:])
        await slow.receive_some()
        with trio.fail_after(5):
            await site.done.wait()
    assert 1 == feed.stopped


async def test_a_stream_does_not_follow_a_head_that_is_cut_off(
    feed: Feed,
) -> None:
    """The client could not tell where it begins."""
    peer = Peer(lambda request: Response(200, b"", headers=(("A", "x" * 5_000_000),), stream=feed))
    async with peer.stream, trio.open_nursery() as nursery:
        nursery.start_soon(peer.connection.run)
        await peer.stream.send_all(GET)
        await trio.testing.wait_all_tasks_blocked()
        peer.connection.expire()
        await peer.received()
    assert (None, 0) == (feed.more, peer.shared.streams)
