"""Node, journal and file together: each second what changed is written, and nothing is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from gossipd.daemon.open import _close
from gossipd.daemon.storage.journal import Journal
from gossipd.daemon.storage.log import PIECE, log_bytes, read_log
from gossipd.daemon.storage.schema import FILE
from gossipd.daemon.storage.store import Store, WriteError
from gossipd.daemon.storage.writer import WriterThread
from gossipd.protocol import (
    Change,
    Changes,
    Entry,
    Group,
    Identity,
    Ledger,
    Node,
    ProtocolConfig,
    State,
)
from tests.daemon.fakes import NODE_ID, Endpoint, Running, serving
from tests.daemon.storage.contents import merged
from tests.daemon.waiting import outcome

Clock = trio.testing.MockClock

OWNERS = [number.to_bytes(16, "big") for number in range(1000)]


def told(number: int, version: int) -> Group:
    """What the owner of that number has counted by then."""
    return Group(OWNERS[number], version - 1, version, [Entry(version, "default", 0, version)])


class Watched(Store):
    """A store that notes how many rows each of its transactions changes."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, "gossipd")
        self.rows: list[int] = []

    def commit(self, *arguments: Any) -> None:
        assert self._connection is not None
        before = self._connection.total_changes
        super().commit(*arguments)
        self.rows.append(self._connection.total_changes - before)

    def holds(self, number: int) -> int:
        """Returns the version up to which the file has everything of that owner."""
        assert self._connection is not None
        ledger = Ledger(b"")
        for group in read_log(self._connection):
            ledger.apply(group)
        return ledger.have(OWNERS[number])


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer's thread is no thread, so that the clock need not be a real one."""

    async def run(self: WriterThread, call: Callable[..., Any], *arguments: Any) -> Any:
        await trio.lowlevel.checkpoint()
        return call(*arguments)

    monkeypatch.setattr(WriterThread, "run", run)


def restarted(directory: Path) -> tuple[Watched, Node]:
    """Opens the file, and makes the node that goes on from there."""
    store = Watched(directory)
    kept = store.open()
    identity = Identity(NODE_ID, 1, 1_700_000_000_000)
    now = trio.current_time()
    node = Node(ProtocolConfig(), identity, state=kept, rng=Random(1), now=now)
    store.begin(node.generation())
    return store, node


@asynccontextmanager
async def running(directory: Path, clock: Clock) -> AsyncIterator[tuple[Running, Watched, Node]]:
    """A node with a thousand owners, and the file that has them."""
    store, node = restarted(directory)
    if not node.state().groups:
        node.restored([told(number, 1) for number in range(1000)], 0.0)
        # It has a cluster id, as a node that has counted does.
        node.assume([])
        store._growing.lacks()
        store.close(node.changes(), node.checkpoint(PIECE))
        store, node = restarted(directory)
    async with serving(node, Endpoint(clock), journal=Journal(store)) as made:
        await trio.sleep(2.1)
        store.rows.clear()
        yield made, store, node
    store._disconnect()


def hear(site: Running, store: Store, group: Group) -> None:
    """The node is told what another one has counted."""
    store.record(group)
    site.driver.restored([group])


async def test_a_second_costs_what_changed(tmp_path: Path, autojump_clock: Clock) -> None:
    """Of a thousand owners one has counted: one row is written, and without a change none."""
    async with running(tmp_path, autojump_clock) as (site, store, _):
        await trio.sleep(5)
        assert [] == store.rows
        hear(site, store, told(300, 2))
        await trio.sleep(2)
        assert ([1], 2) == (store.rows, store.holds(300))
        await outcome(site.service.increment("default", 1, "local"))
        await trio.sleep(2)
        # The write as it is, and the id that was drawn.
        assert [1, 2] == store.rows


async def test_a_log_that_has_grown_is_written_anew(tmp_path: Path, autojump_clock: Clock) -> None:
    """A checkpoint has what is there by then. The log grows with that, and not with changes."""
    sizes = []
    async with running(tmp_path, autojump_clock) as (site, store, node):
        for _ in range(12):
            for _ in range(30):
                changes = [Change(f"{number:0100}", 1) for number in range(100)]
                await outcome(site.service.change(changes, "local"))
            await trio.sleep(2)
            assert store._connection is not None
            sizes.append(log_bytes(store._connection))
        # A file that kept every change would have 3.9 MB.
        assert max(sizes) < 1_800_000
        assert sizes != sorted(sizes)
        expected = _values(node.state())
    _, again = restarted(tmp_path)
    assert expected == _values(again.state())


@pytest.mark.parametrize("gone", [False, True])
async def test_what_could_not_be_written_is_written_later(
    tmp_path: Path, autojump_clock: Clock, gone: bool
) -> None:
    """Here the file is locked. With `gone` it is another one afterwards, which lacks everything."""
    with capture_logs():
        async with running(tmp_path, autojump_clock) as (site, store, node):
            assert store._connection is not None
            store._connection.execute("PRAGMA busy_timeout = 0")
            other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            hear(site, store, told(300, 2))
            await trio.sleep(1.5)
            assert store.trouble is not None
            other.close()
            if gone:
                for path in tmp_path.glob(f"{FILE}*"):
                    path.unlink()
            hear(site, store, told(400, 2))
            await trio.sleep(10)
            assert store.trouble is None
            assert [2, 2, 1] == [store.holds(number) for number in (300, 400, 500)]
            assert not store._growing.lacking
            hear(site, store, told(5, 2))
            store.close(node.changes(), ())
    _, again = restarted(tmp_path)
    assert _values(node.state()) == _values(again.state())


async def test_what_a_stopping_node_could_not_write_is_written_at_the_end(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    """What the failed transaction had is nowhere else, and nothing has opened the file anew."""
    with capture_logs():
        async with running(tmp_path, autojump_clock) as (site, store, node):
            assert store._connection is not None
            store._connection.execute("PRAGMA busy_timeout = 0")
            other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            hear(site, store, told(300, 2))
            with trio.move_on_after(1.1):
                while store.trouble is None:
                    await trio.sleep(0.1)
            other.close()
            _close(store, node)
    assert 2 == restarted(tmp_path)[0].holds(300)


def _values(state: State) -> object:
    return sorted(state.members, key=str), {group.owner: group for group in state.groups}


def test_its_size_is_known_as_of_the_last_sync(tmp_path: Path) -> None:
    """Without a look at the disk: that may hang."""
    made = Store(tmp_path, "prod")
    made.open()
    made.begin(7)
    begun = made.bytes
    rows = [Entry(version, "x" * 100 + str(version), 0, 1) for version in range(1, 500)]
    made.record(Group(OWNERS[0], 0, 499, rows))
    made.begin_sync()
    made.commit([])
    assert begun < made.bytes == sum(path.stat().st_size for path in tmp_path.glob("gossipd.db*"))
    made._disconnect()


def test_the_nodes_id_comes_with_the_last_of_the_members(tmp_path: Path) -> None:
    """Until then a copy of another node's directory says whose it is."""
    found = []
    for more in (True, False):
        store = Watched(tmp_path)
        store.open()
        store.begin(7)
        store.commit([], Changes(7, more=more, node_id="10.0.0.1:1"))
        store._disconnect()
        store = Watched(tmp_path)
        found.append(store.open().node_id)
        store._disconnect()
    assert ["", "10.0.0.1:1"] == found


def test_what_rests_upon_a_failed_transaction_completes_nothing(tmp_path: Path) -> None:
    """Else the file had everything of an owner, it said, and no node told the lost rows again."""
    store = Store(tmp_path, "prod")
    store.open()
    store.begin(1)
    assert store._connection is not None
    store._connection.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.record(Group(OWNERS[0], 0, 0, [Entry(1, "a", 0, 1), Entry(2, "b", 0, 2)]))
    store.begin_sync()
    with pytest.raises(WriteError):
        store.commit([])
    other.close()
    store.reopen()
    store.record(Group(OWNERS[0], 0, 3, [Entry(3, "c", 0, 3)]))
    store.begin_sync()
    store.commit([])
    [group] = merged(store.reopen().groups)
    assert (0, [3]) == (group.upto, [row.version for row in group.rows])
