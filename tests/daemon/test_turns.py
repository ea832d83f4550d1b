"""Which increments are done together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from gossipd.daemon.future import Future
from gossipd.daemon.joint import Request
from gossipd.daemon.turns import Turns
from tests.daemon.fakes import Clock


class Clients:
    """Clients that ask for one increment each.

    Attributes:
        done: how many increments were done together each time.
    """

    def __init__(self, *, gathers: bool) -> None:
        self.done: list[int] = []
        self.turns = Turns(lambda requests: self.done.append(len(requests)), gathers=gathers)

    async def turn(self, number: int) -> None:
        """So many ask in a turn of the loop."""
        for _ in range(number):
            self.turns.add(Request((), None, Future(), 0.0))
        await trio.lowlevel.checkpoint()

    async def ask(self, *numbers: int) -> None:
        """So many ask in one turn, in the next, and so on; then nobody."""
        for number in numbers:
            await self.turn(number)
        await trio.testing.wait_all_tasks_blocked()


@asynccontextmanager
async def asking(*, gathers: bool) -> AsyncIterator[Clients]:
    """Runs turns."""
    clients = Clients(gathers=gathers)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clients.turns.run)
        await trio.testing.wait_all_tasks_blocked()
        yield clients
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("gathers", [False, True])
async def test_who_is_alone_does_not_wait(mock_clock: Clock, gathers: bool) -> None:
    """The first of a turn is alone as long as there was one in the last turn."""
    async with asking(gathers=gathers) as clients:
        for number in (1, 1, 4, 4, 1, 1):
            await clients.ask(number)
    assert [1, 1, 1, 3, 4, 1, 1] == clients.done


async def test_who_is_late_is_waited_for(mock_clock: Clock) -> None:
    """Also after a turn without them, and in two parts. Without `gathers` nobody is."""
    late = (17,), (10,), (10, 0, 6), (12, 0, 4), (10, 0, 4, 0, 2)
    async with asking(gathers=True) as clients:
        for numbers in late:
            await clients.ask(*numbers)
    assert [1, 16, 10, 16, 16, 16] == clients.done
    async with asking(gathers=False) as clients:
        for numbers in late:
            await clients.ask(*numbers)
    assert [1, 16, 10, 10, 6, 12, 4, 10, 4, 2] == clients.done


async def test_who_has_gone_is_not_waited_for(mock_clock: Clock) -> None:
    """Three turns without anybody are the end."""
    async with asking(gathers=True) as clients:
        await clients.ask(16)
        await clients.ask(10, 0, 0, 0, 0, 0, 6)
        assert [1, 15, 10, 6] == clients.done
        for number in range(16, 2, -1):
            await clients.ask(number)
        clients.done.clear()
        await clients.ask(3, 0, 0, 2)
        assert [3, 2] == clients.done


async def test_who_is_alone_after_a_crowd_does_not_wait(mock_clock: Clock) -> None:
    """Though more were there a moment ago, and though it asks again two turns later."""
    async with asking(gathers=True) as clients:
        for number in (8, 8, 1):
            await clients.ask(number)
        for done in range(5, 10):
            await clients.turn(1)
            assert done == len(clients.done), "it is done in the turn in which it asks"
            await clients.turn(0)


async def test_nobody_waits_for_ever(mock_clock: Clock) -> None:
    """Though every turn brings one more."""
    async with asking(gathers=True) as clients:
        await clients.ask(100)
        turns = 0
        while len(clients.done) == 2 and turns < 100:
            await clients.turn(1)
            mock_clock.jump(0.0001)
            turns += 1
    assert 10 <= turns <= 16
