"""How long a transaction waits for more clients."""

from __future__ import annotations

import trio
import trio.testing

from gossipd.daemon.storage.journal import Journal
from gossipd.protocol import Write
from tests.daemon.storage.journals import Clock, Storage, journal


class Clients:
    """Clients that ask for one write each.

    Attributes:
        journal: takes their writes.
    """

    def __init__(self, storage: Storage) -> None:
        self.journal: Journal
        self._storage = storage
        self._asked = 0

    def asked(self) -> int:
        return self._asked

    def ask(self, number: int) -> None:
        for _ in range(number):
            self._asked += 1
            assert self.journal.add(Write(self._asked, ()))

    async def turns(self) -> int:
        """Returns how many turns of the loop pass until the next transaction."""
        before, turns = len(self._storage.commits), 0
        while before == len(self._storage.commits):
            await trio.lowlevel.checkpoint()
            turns += 1
        await trio.testing.wait_all_tasks_blocked()
        return turns


async def test_a_transaction_begins_when_all_are_there(storage: Storage, mock_clock: Clock) -> None:
    """Turns pass only while somebody is missing who was just answered, or nobody was yet."""
    clients, turns = Clients(storage), []
    async with journal(storage, clients.asked) as (clients.journal, _):
        for number in (2, 2, 1, 1, 3):
            clients.ask(number)
            turns.append(await clients.turns())
    unknown, complete, lacking, again, more = turns
    # Which of two tasks comes first in a turn is random.
    assert max(complete, again, more) + 1 < min(unknown, lacking)


async def test_who_is_late_once_is_waited_for_the_next_time(
    storage: Storage, mock_clock: Clock
) -> None:
    """Else late ones and others would have transactions of their own ever after."""
    clients = Clients(storage)
    async with journal(storage, clients.asked) as (clients.journal, _):
        for number in (16, 12):
            clients.ask(number)
            await clients.turns()
        clients.ask(12)
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
        clients.ask(4)
        await trio.testing.wait_all_tasks_blocked()
    assert [16, 12, 16] == [len(numbers) for numbers, _ in storage.commits if numbers]


async def test_who_waited_for_a_slow_disk_is_not_taken_for_all(
    storage: Storage, mock_clock: Clock
) -> None:
    """Else clients in two groups would wait for each other's transactions ever after."""
    clients = Clients(storage)
    async with journal(storage, clients.asked) as (clients.journal, kept):
        storage.gate = trio.Event()
        clients.ask(2)
        await trio.testing.wait_all_tasks_blocked()
        clients.ask(2)
        storage.gate.set()
        while not kept.reports:
            await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
        clients.ask(2)
        await trio.testing.wait_all_tasks_blocked()
    assert [[1, 2], [3, 4, 5, 6]] == [numbers for numbers, _ in storage.commits if numbers]
