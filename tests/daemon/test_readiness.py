"""Sockets that are watched together."""

from __future__ import annotations

import socket
from collections.abc import Iterator

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
