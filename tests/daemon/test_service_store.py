"""The service with a store: what is told is on disk, and trouble is answered at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from random import Random
from typing import Any

import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from gossipd.daemon.service import Refused
from gossipd.daemon.storage.journal import Journal
from gossipd.daemon.storage.store import WriteError
from gossipd.daemon.storage.writer import WriterThread
from gossipd.protocol import (
    VALUE_LIMIT,
    Changes,
    Entry,
    Group,
    Identity,
    LimitExceeded,
    Node,
    ProtocolConfig,
    Record,
    State,
    Write,
)
from tests.daemon.fakes import NODE_ID, Endpoint, Running, serving
from tests.daemon.waiting import outcome

WALL_MS = 1_700_000_000_000


class Storage:
    """A store in memory whose commits wait for `gate`, and fail while `failing` says why."""

    def __init__(self) -> None:
        self.trouble: str | None = None
        self.failing: str | None = None
        self.gate = trio.Event()
        self.gate.set()
        self.written: list[Write] = []
        self.commits = 0
        self.changes: list[Changes] = []
        self.holds = State()
        self.recorded: list[Group] = []

    def commit(
        self,
        writes: Sequence[Write],
        changes: Changes | None = None,
        piece: Sequence[Group] | None = None,
    ) -> None:
        if self.failing:
            raise WriteError(self.failing)
        self.commits += 1
        self.written += writes
        if changes is not None:
            self.changes.append(changes)

    def record(self, group: Group) -> None:
        self.recorded.append(group)

    def begin_sync(self) -> bool:
        return False

    def wants_checkpoint(self) -> bool:
        return False

    def begin_checkpoint(self) -> None:
        raise AssertionError("none is wanted")

    def reopen(self) -> State:
        if self.failing:
            raise WriteError(self.failing)
        return self.holds

    def lost(self) -> str | None:
        return None

    def renew(self, state: State) -> None:
        raise AssertionError("nothing was lost")


@asynccontextmanager
async def running(
    clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Running, Storage, Node]]:
    """A real node alone in its cluster, with such a store."""
    storage = Storage()

    async def run(self: WriterThread, call: Callable[..., Any], *arguments: Any) -> Any:
        await storage.gate.wait()
        return call(*arguments)

    monkeypatch.setattr(WriterThread, "run", run)
    now = trio.current_time()
    identity = Identity(NODE_ID, 1, WALL_MS)
    node = Node(ProtocolConfig(), identity, state=None, rng=Random(1), now=now)
    async with serving(node, Endpoint(clock), journal=Journal(storage)) as made:
        await trio.testing.wait_all_tasks_blocked()
        yield made, storage, node


async def test_nothing_is_told_before_it_is_on_disk(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in an answer nor by `count`."""
    async with running(autojump_clock, monkeypatch) as (site, storage, _):
        storage.gate = trio.Event()
        waiting = site.service.increment("default", 5, "local")
        await trio.testing.wait_all_tasks_blocked()
        assert 0 == site.service.count("default")
        storage.gate.set()
        answer = await outcome(waiting)
        assert (5, 1, 1) == (answer.count, answer.holders, answer.target)
        assert 5 == site.service.count("default")


async def test_what_waits_is_one_transaction(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers come in order."""
    async with running(autojump_clock, monkeypatch) as (site, storage, _):
        waiting = [site.service.increment("default", 1, "local") for _ in range(5)]
        counts = [(await outcome(each)).count for each in waiting]
        assert [1, 2, 3, 4, 5] == counts
        written = [entry.count for write in storage.written for entry in write.groups[0].entries]
        assert [1, 5] == written


async def test_a_failed_write_is_answered_and_the_node_counts_on_under_a_new_id(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holders 0 stands for it; while there is trouble, a write is refused before the node."""
    async with running(autojump_clock, monkeypatch) as (site, storage, node):
        first = site.service.increment("default", 1, "local")
        await outcome(first)
        storage.failing = "disk full"
        with capture_logs():
            failed = site.service.increment("default", 2, "local")
            assert 0 == (await outcome(failed)).holders
            assert "the store cannot be written: disk full" == site.service.trouble()
            for refused in (
                site.service.increment("default", 4, "local"),
                site.service.sync(0, "local"),
            ):
                with trio.testing.assert_no_checkpoints(), pytest.raises(Refused, match="full"):
                    await outcome(refused)
            storage.holds = State(groups=tuple(storage.written[0].groups))
            storage.failing = None
            await trio.sleep(1.5)
        assert site.service.trouble() is None
        again = site.service.increment("default", 8, "local")
        assert 9 == (await outcome(again)).count
        assert 2 == len({group.owner for group in node.state().groups})


async def test_what_the_disk_turned_out_to_hold_counts(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that was reported as failed may have reached it all the same."""
    async with running(autojump_clock, monkeypatch) as (site, storage, node):
        storage.failing = "I/O error"
        with capture_logs():
            failed = site.service.increment("default", 2, "local")
            await trio.testing.wait_all_tasks_blocked()
            await outcome(failed)
            other = Node(
                ProtocolConfig(),
                Identity("10.0.0.2:8088", 2, WALL_MS),
                state=None,
                rng=Random(2),
                now=0.0,
            )
            staged = other.increment("default", 2, "local", 1, 0.0)
            storage.holds = State(groups=staged[0].write.groups)  # type: ignore[union-attr]
            storage.failing = None
            await trio.sleep(1.5)
        assert 2 == site.service.count("default")
        assert 1 == len(node.state().groups)


async def test_the_rest_is_written_within_a_second(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id of the cluster, for instance; and nothing when nothing has changed."""
    async with running(autojump_clock, monkeypatch) as (site, storage, _):
        site.service.register("10.0.0.9:8088")
        await trio.sleep(5)
        before = len(storage.changes)
        await trio.sleep(30)
        assert before == len(storage.changes)
        await outcome(site.service.increment("default", 1, "local"))
        await trio.sleep(1.5)
        assert storage.changes[before].cluster_ids, "a node that has counted has none"


async def test_what_a_peer_counted_is_recorded_before_it_is_shown(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not committed: nobody waits for a sync of it."""
    async with running(autojump_clock, monkeypatch) as (site, storage, node):
        storage.gate = trio.Event()
        group = Group(b"o" * 16, 0, 1, [Entry(1, "default", 0, 5)])
        monkeypatch.setattr(node, "handle_timeout", lambda now: [Record(group)])
        site.driver.command(node.handle_timeout)
        assert [group] == storage.recorded


async def test_who_comes_in_the_same_turn_is_one_write(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first alone, as long as there is but one a turn; then all together, and alone again."""
    async with running(autojump_clock, monkeypatch) as (site, storage, _):

        async def turn(clients: int) -> list[int]:
            """How much each write of this turn adds."""
            before = len(storage.written)
            count = site.service.count("default")
            waiting = [site.service.increment("default", 1, "local") for _ in range(clients)]
            answers = [await outcome(each) for each in waiting]
            assert [count + 1 + n for n in range(clients)] == [each.count for each in answers]
            entries = [write.groups[0].entries[0].count for write in storage.written[before:]]
            return [later - earlier for earlier, later in pairwise([count, *entries])]

        turns = [await turn(clients) for clients in (1, 1, 4, 4, 1, 1)]
        assert [[1], [1], [1, 3], [4], [1], [1]] == turns


async def test_who_comes_in_the_next_turns_shares_the_write(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If as many came together before: with a store, they are waited for."""
    async with running(autojump_clock, monkeypatch) as (site, storage, _):

        async def client(turns: int) -> None:
            for _ in range(turns):
                await trio.lowlevel.checkpoint()
            await outcome(site.service.increment("default", 1, "local"))

        commits: list[int] = []
        for late in [0] + [1] * 20:
            before = storage.commits
            async with trio.open_nursery() as nursery:
                for number in range(8):
                    nursery.start_soon(client, late * number)
            commits.append(storage.commits - before)
        assert [1] * 20 == commits[1:]


async def test_the_limit_refuses_only_who_would_pass_it(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when others come in the same turn."""
    async with running(autojump_clock, monkeypatch) as (site, _, node):
        first = site.service.increment("default", VALUE_LIMIT - 3, "local")
        rest = [site.service.increment("default", amount, "local") for amount in (1, 5, 2)]
        assert VALUE_LIMIT - 3 == (await outcome(first)).count
        outcomes: list[int] = []
        for waiting in rest:
            try:
                outcomes.append((await outcome(waiting)).count - VALUE_LIMIT)
            except LimitExceeded:
                outcomes.append(99)
        assert [-2, 99, 0] == outcomes
        assert VALUE_LIMIT == node.count("default")
        assert not site.tickets
