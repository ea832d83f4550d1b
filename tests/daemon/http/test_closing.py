"""The end of a connection, over a socket pair."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import trio
import trio.testing

from gossipd.daemon.http.closing import discard, linger
from gossipd.daemon.http.messages import Limits

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Returns this end and the client's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


async def test_nothing_unread_is_waited_for_by_nobody(pair: Pair) -> None:
    """The client sees the end, and the connection may be closed at once."""
    ours, theirs = pair
    await linger(ours, Limits())
    assert b"" == theirs.recv(1)


async def test_a_client_that_still_sends_is_read(
    pair: Pair, autojump_clock: trio.testing.MockClock
) -> None:
    """Until it ends, or for the time that the limits allow."""
    ours, theirs = pair
    theirs.send(b"some more")
    await linger(ours, Limits(linger_time=3))
    assert 3 == trio.current_time()
    theirs.send(b"some more")
    theirs.shutdown(socket.SHUT_WR)
    await linger(ours, Limits(linger_time=3))
    assert 3 == trio.current_time()


async def test_no_more_is_read_than_the_limit(pair: Pair) -> None:
    """A client may send without end."""
    ours, theirs = pair
    theirs.send(b"x" * 1000)
    await discard(ours, 1000)
