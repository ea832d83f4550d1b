"""Sockets that are watched together."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from functools import partial
from unittest.mock import Mock

import pytest
import trio
import trio.testing

from gossipd.daemon.readiness import Ear, Readiness

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


async def test_calls_as_long_as_there_is_something_to_read(pair: Pair) -> None:
    """And no more once it rests or is closed."""
    ours, theirs = pair
    readiness, calls = Readiness(), trio.Event()
    seen: list[bytes] = []

    def read() -> None:
        seen.append(theirs.recv(1))
        if len(seen) > 1:
            ear.rest()
            calls.set()

    ear = Ear(readiness, theirs, read)
    ear.listen()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(readiness.run)
        ours.send(b"abcd")
        with trio.fail_after(5):
            await calls.wait()
        await trio.testing.wait_all_tasks_blocked()
        assert [b"a", b"b"] == seen
        calls = trio.Event()
        ear.listen()
        with trio.fail_after(5):
            await calls.wait()
        ear.close()
        ear.listen()
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert [b"a", b"b", b"c"] == seen


async def test_a_socket_that_another_call_forgets_is_not_called(pair: Pair) -> None:
    """Though both could be read in the same turn."""
    readiness, seen = Readiness(), []

    def read(number: int) -> None:
        seen.append(number)
        for ear in ears:
            ear.close()

    ears = [Ear(readiness, each, partial(read, number)) for number, each in enumerate(pair)]
    for ear, other in zip(ears, reversed(pair), strict=True):
        ear.listen()
        other.send(b"a")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(readiness.run)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert 1 == len(seen)


def test_a_socket_that_the_system_does_not_watch_can_be_closed(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are as many watched sockets as it allows: that ends one connection, not the server."""
    readiness = Readiness()
    ear = Ear(readiness, pair[0], lambda: None)
    with monkeypatch.context() as patch:
        patch.setattr(readiness, "watch", Mock(side_effect=OSError(errno.ENOSPC, "No space")))
        with pytest.raises(OSError, match="No space"):
            ear.listen()
    ear.close()


async def test_what_comes_after_the_end(pair: Pair) -> None:
    """Connections may end later than the task, which changes nothing any more."""
    readiness = Readiness()
    before, after = (Ear(readiness, each, lambda: None) for each in pair)
    before.listen()
    with trio.CancelScope() as scope:
        scope.cancel()
        await readiness.run()
    before.close()
    after.listen()
    after.close()
