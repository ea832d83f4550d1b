"""The server over loopback: which newcomers get in, and what the others are told."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack
from typing import Any

import pytest
import trio

from gossipd.daemon.http.messages import Limits
from tests.daemon.http.site import GET, received, running, status


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
