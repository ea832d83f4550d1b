"""One connection over a socket pair: the order of answers, slow clients, and how it ends."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from gossipd.daemon.resp import Limits
from tests.daemon.resp.echoing import serving


async def settled() -> None:
    """Waits until every task waits."""
    await trio.testing.wait_all_tasks_blocked()


async def test_requests_are_answered_in_order() -> None:
    """What was gathered is one write, and whatever comes behind it waits for it."""
    async with serving() as peer:
        await peer.stream.send_all(b"a\nadd 1\nadd 2\nb\nlater c\nd\nadd 3\n")
        await settled()
        assert b"a\n" == await peer.stream.receive_some()
        for expected in (b"+1,2\nb\n", b"c\nd\n", b"+3\n"):
            peer.client.settle()
            await settled()
            assert expected == await peer.stream.receive_some()
        await peer.stream.send_eof()
        assert b"" == await peer.received()


async def test_an_awaited_answer_is_sent_at_once() -> None:
    """By whoever settles it, without a switch to the connection's task."""
    async with serving() as peer:
        await peer.stream.send_all(b"add 1\n")
        await settled()
        with trio.testing.assert_no_checkpoints():
            peer.client.settle()
            assert b"+1\n" == peer.stream.socket._sock.recv(100)
        await peer.stream.send_eof()


async def test_requests_wait_while_an_answer_is_awaited() -> None:
    """What was sent meanwhile is answered after it."""
    async with serving() as peer:
        await peer.stream.send_all(b"add 1\n")
        await settled()
        await peer.stream.send_all(b"a\nadd 2\n")
        await settled()
        peer.client.settle()
        await settled()
        peer.client.settle()
        await peer.stream.send_eof()
        assert b"+1\na\n+2\n" == await peer.received()


@pytest.mark.parametrize("way", ["raise\n", "later x\n", "add x\n"])
async def test_a_bug_is_reported_and_ends_the_connection(way: str) -> None:
    """The client could not tell which answer is whose. Nothing is raised at who settles."""
    async with serving() as peer:
        await peer.stream.send_all(f"a\n{way}b\n".encode())
        await settled()
        peer.client.settle(RuntimeError("on purpose"))
        await settled()
        peer.client.settle(RuntimeError("on purpose"))
        received = await peer.received()
    assert received.startswith(b"a\n")
    assert b"-ERR internal error\r\n" in received
    assert {"on purpose"} == {str(error) for error in peer.errors}


async def test_nonsense_gets_one_error(autojump_clock: trio.testing.MockClock) -> None:
    """After the answers to what came before it; what follows is thrown away."""
    async with serving() as peer:
        await peer.stream.send_all(b"a\nadd 1\n*x\r\nb\n")
        await settled()
        peer.client.settle()
        received = await peer.received()
    assert received.startswith(b"a\n+1\n-ERR Protocol error: invalid multibulk length")
    assert 1 == received.count(b"-ERR")
    assert 1 == peer.shared.malformed


async def test_quit_is_the_last_answer() -> None:
    """Then the connection ends."""
    async with serving() as peer:
        await peer.stream.send_all(b"quit\na\n")
        assert b"quit\n" == await peer.received()


async def test_many_answers_in_turns() -> None:
    """Others have their turn between the slices, whatever was gathered."""
    times = iter(range(10_000))
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1
            peer.client.settle()

    async with serving(clock=lambda: next(times) / 2000) as peer, trio.open_nursery() as nursery:
        nursery.start_soon(count_turns)
        await peer.stream.send_all(b"add 1\nadd 2\nadd 3\nadd 4\na\nb\n")
        await peer.stream.send_eof()
        received = await peer.received()
        nursery.cancel_scope.cancel()
    assert b"1234ab" == received.translate(None, b"+,\n")
    assert received.count(b"+") > 1
    assert turns > 2


async def test_a_client_may_send_before_it_reads() -> None:
    """What it sends meanwhile is answered, and nothing is lost."""
    lines = 3000
    async with serving() as peer:
        for _ in range(lines):
            await peer.stream.send_all(b"parts 1\n")
        await settled()
        await peer.stream.send_eof()
        assert lines * 1000 == len(await peer.received())


async def test_a_client_that_reads_nothing_is_not_read_for_ever() -> None:
    """The answers that are kept for it are bounded; it is answered as soon as it reads."""
    limits = Limits(unread_bytes=100_000)
    async with serving(limits) as peer:
        await peer.stream.send_all(b"parts 500\n" * 10)
        await settled()
        kept = len(peer.connection._unsent)
        await peer.stream.send_eof()
        assert 10 * 500_000 == len(await peer.received())
    assert 0 < kept < 1_000_000


async def test_half_a_request_has_its_time() -> None:
    """Then it gets an error; an idle connection does not."""
    async with serving(Limits(request_time=5)) as peer:
        await settled()
        peer.shared.tick(100)
        peer.connection.check()
        await peer.stream.send_all(b"a\n*1\r\n")
        await settled()
        peer.shared.tick(4)
        peer.connection.check()
        await settled()
        assert b"a\n" == await peer.stream.receive_some()
        peer.shared.tick(1)
        peer.connection.check()
        assert b"-ERR the request did not arrive in time\r\n" == await peer.stream.receive_some()
        await peer.stream.send_eof()
    assert 1 == peer.shared.malformed


async def test_a_client_that_takes_nothing_is_cut_off() -> None:
    """What it does not take within the time is thrown away."""
    async with serving(Limits(write_time=5)) as peer:
        await peer.stream.send_all(b"parts 2000\n")
        await settled()
        assert not peer.connection.is_idle()
        peer.shared.tick(5)
        peer.connection.check()
        assert len(await peer.received()) < 2_000_000


async def test_draining() -> None:
    """What is under way is answered, and then the connection ends."""
    async with serving() as peer:
        await peer.stream.send_all(b"add 1\n")
        await settled()
        peer.shared.drain()
        peer.client.settle()
        assert b"+1\n" == await peer.received()


async def test_what_is_idle() -> None:
    """A connection is not while something is awaited, half there, or unread."""
    async with serving() as peer:
        await settled()
        assert peer.connection.is_idle()
        await peer.stream.send_all(b"add 1\n")
        assert not peer.connection.is_idle()
        await settled()
        assert not peer.connection.is_idle()
        peer.client.settle()
        assert peer.connection.is_idle()
        await peer.stream.send_all(b"half")
        await settled()
        assert not peer.connection.is_idle()
        await peer.stream.send_eof()
