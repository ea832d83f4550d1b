"""What a connection tells its client unasked: when, how much of it is kept, and how it ends."""

from __future__ import annotations

import trio
import trio.testing

from gossipd.daemon.resp import Limits
from tests.daemon.resp.echoing import serving

WORD = b"x" * 4096


async def settled() -> None:
    """Waits until every task waits."""
    await trio.testing.wait_all_tasks_blocked()


async def test_the_first_part_is_sent_at_once() -> None:
    """Others have their turn before the next."""
    async with serving() as peer:
        await settled()
        peer.client.news.say(b"1\n", b"2\n", b"3\n")
        assert [b"2\n", b"3\n"] == peer.client.news.words
        assert b"1\n" == await peer.stream.receive_some()
        await settled()
        assert b"2\n3\n" == await peer.stream.receive_some()
        await peer.stream.send_eof()
        await settled()
        assert peer.client.news.closed


async def test_a_part_may_be_empty() -> None:
    """The next one is taken all the same."""
    async with serving() as peer:
        await settled()
        peer.client.news.say(b"", b"", b"3\n")
        assert b"3\n" == await peer.stream.receive_some()
        await peer.stream.send_eof()


async def test_answers_go_before_news() -> None:
    """News never stands between the answers that a client awaits."""
    async with serving() as peer:
        await peer.stream.send_all(b"a\nadd 1\nlater b\n")
        await settled()
        peer.client.news.say(b"n\n")
        await settled()
        assert b"a\n" == await peer.stream.receive_some()
        for answer in b"+1\n", b"b\n":
            assert [b"n\n"] == peer.client.news.words
            peer.client.settle()
            await settled()
            assert answer == (await peer.stream.receive_some(len(answer)))
        assert b"n\n" == await peer.stream.receive_some()
        await peer.stream.send_all(b"add 2\n")
        await settled()
        peer.client.news.say(b"m\n")
        peer.client.settle()
        assert b"+2\nm\n" == await peer.stream.receive_some()
        await peer.stream.send_eof()


async def test_a_client_that_does_not_read_is_told_later() -> None:
    """Meanwhile one part is kept at most, and the rest stays where it is."""
    async with serving() as peer:
        await settled()
        peer.client.news.say(*[WORD] * 1000)
        await settled()
        assert 0 < len(peer.connection._unsent) <= len(WORD)
        left = len(peer.client.news.words)
        assert left > 500
        peer.client.news.say(b"end")
        await settled()
        assert left + 1 == len(peer.client.news.words)
        found = b""
        while not found.endswith(b"end"):
            found += await peer.stream.receive_some()
        assert 1000 * len(WORD) + 3 == len(found)
        await peer.stream.send_eof()


async def test_a_client_that_takes_no_news_is_cut_off() -> None:
    """As one that takes no answers."""
    async with serving(Limits(write_time=5)) as peer:
        await settled()
        peer.client.news.say(*[WORD] * 1000)
        await settled()
        peer.shared.tick(5)
        peer.connection.check()
        await settled()
        assert peer.client.news.closed
        assert [] == peer.errors


async def test_draining_ends_one_that_was_behind() -> None:
    """With what was under way to it, and without the news after that."""
    async with serving() as peer:
        await settled()
        peer.client.news.say(*[WORD] * 1000)
        await settled()
        assert not peer.connection.is_idle()
        peer.shared.drain()
        found = await peer.received()
        assert 0 == len(found) % len(WORD)
        assert len(found) < 1000 * len(WORD)


async def test_news_that_fails() -> None:
    """An error of the socket's kind ends the connection without a word; any other is a bug."""
    async with serving() as peer:
        await settled()
        peer.client.news.say(b"1\n", ConnectionAbortedError())
        assert b"1\n" == await peer.received()
        assert [] == peer.errors
    async with serving() as peer:
        await settled()
        peer.client.news.say(error := RuntimeError("on purpose"))
        assert b"" == await peer.received()
        assert [error] == peer.errors


async def test_nothing_is_told_after_the_last_answer() -> None:
    """Nor while the connection ends."""
    async with serving() as peer:
        await peer.stream.send_all(b"quit\n")
        await settled()
        peer.client.news.say(b"n\n")
        assert b"quit\n" == await peer.received()


async def test_a_connection_that_is_told_things_can_be_idle() -> None:
    """From the last time that it was."""
    async with serving() as peer:
        await settled()
        peer.shared.tick(7)
        peer.client.news.say(b"n\n")
        assert (True, 7) == (peer.connection.is_idle(), peer.connection.since)
        await peer.stream.send_all(b"half")
        await settled()
        peer.shared.tick(1)
        peer.client.news.say(b"n\n")
        assert 7 == peer.connection.since
        await peer.stream.send_eof()
