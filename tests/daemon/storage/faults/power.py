"""Runs under the shim: a store at work, and what a power cut at every call would leave of it."""

from __future__ import annotations

import contextlib
import errno
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from gossipd.daemon.storage.schema import check, read_state
from gossipd.daemon.storage.store import Store, StoreError, WriteError
from gossipd.protocol import Changes, Claim, Entry, Group, Ledger, State, Write
from tests.daemon.storage.faults.disk import KILLED, Disk, Image, records
from tests.daemon.storage.faults.shim import NAME, OPEN, SYNC, TRUNCATE, WRITE, Shim

CLUSTER = "c"
CHECKPOINT_PAGES = 6

_READERS: list[sqlite3.Connection] = []


class SmallLog(Store):
    """A store that moves its log into the file again and again.

    Attributes:
        pragma: what is to be set besides, to break it.
    """

    pragma = ""

    def _open(self) -> State:
        found = super()._open()
        assert self._connection is not None
        self._connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        self._connection.execute(self.pragma)
        return found


def connection(store: Store) -> sqlite3.Connection:
    """Of an open store."""
    assert store._connection is not None
    return store._connection


class Workload:
    """Two runs of a node's store, and what is in it after each of its transactions.

    Attributes:
        states: a state after each; the marks "begin N" and "done N" are about number N.
        counted: what was acknowledged with each, as a sum of increments.
        heard: what others counted and the store recorded; "heard N": so many, in order.
    """

    def __init__(self, folder: Path, shim: Shim) -> None:
        self.states = [State()]
        self.counted = [0]
        self.heard: list[Group] = []
        self._folder = folder
        self._shim = shim
        self._version = 0
        self._floor = 0
        self._slots: dict[tuple[bytes, int], int] = {}
        # By own owner its version, and its newest entries.
        self._kept: dict[bytes, tuple[int, dict[str | int, Entry]]] = {}

    def run(self) -> None:
        """A first start to a clean end, and a second start that ends nowhere."""
        store = SmallLog(self._folder, CLUSTER)
        store.open()
        self._step(store, lambda: store.begin(7))
        for number in range(1, 31):
            own = [self._own(b"a" * 16, number) for _ in range(1 + 3 * (number % 5 == 0))]
            for _ in range(3):
                self._hear(store)
            snapshot = None
            if number % 4 == 0:
                store.begin_snapshot()
                snapshot = self._others(number)
                self._hear(store)
            self._step(store, lambda own=own, snapshot=snapshot: store.commit(own, snapshot), own)
        last = self._others(40)
        self._shim.mark(f"begin {len(self.states)}")
        store.close(last)
        store = SmallLog(self._folder, CLUSTER)
        self._done(store.open(), 0)
        self._step(store, lambda: store.begin(8))
        self._version = 0
        for number in range(41, 49):
            own = [self._own(b"c" * 16, number)]
            self._hear(store)
            self._step(store, lambda own=own: store.commit(own), own)

    def _step(self, store: Store, call: Callable[[], None], own: list[Write] | None = None) -> None:
        self._shim.mark(f"begin {len(self.states)}")
        call()
        amount = sum(write.groups[0].entries[0].count > 0 for write in own or ())
        self._done(read_state(connection(store)), amount)

    def _done(self, state: State, amount: int) -> None:
        self._shim.mark(f"done {len(self.states)}")
        self.states.append(state)
        self.counted.append(self.counted[-1] + amount)

    def _own(self, owner: bytes, number: int) -> Write:
        """The next own increment by one, or every seventh time a floor."""
        self._version += 1
        if number % 7 == 0:
            self._floor = 1000 * number
            entry = Entry(self._version, "default", self._floor, 0)
        else:
            key = owner, self._floor
            self._slots[key] = self._slots.get(key, 0) + 1
            entry = Entry(self._version, "default", self._floor, self._slots[key])
        group = Group(owner, self._version - 1, self._version, [entry])
        _, entries = self._kept.get(owner, (0, {}))
        self._kept[owner] = (self._version, {**entries, entry.slot: entry})
        return Write(self._version, (group,))

    def _hear(self, store: Store) -> None:
        """One of two others has counted, under long names, so that records cross sectors."""
        version = len(self.heard) + 1
        entry = Entry(version, "n" * (30 + 7 * version % 34), 0, 10 * version)
        group = Group(bytes([version % 2]) * 16, max(0, version - 2), version, [entry])
        self.heard.append(group)
        store.record(group)
        self._shim.mark(f"heard {version}")

    def _others(self, number: int) -> Changes:
        """A snapshot: all that was written and heard, and members that come and go."""
        heard = [Group(g.owner, 0, g.upto, g.entries) for g in self.heard[-2:]]
        groups = (*heard, *(Group(o, 0, v, list(e.values())) for o, (v, e) in self._kept.items()))
        first = number % 3
        members = tuple(Claim(f"10.0.0.{n}:1", number, 1, 0) for n in range(first, 5))
        gone = tuple(f"10.0.0.{n}:1" for n in range(first))
        return Changes(7, members, (members[0].id,), groups, gone)


def total(state: State) -> int:
    """The sum of this node's own slots."""
    own = (b"a" * 16, b"c" * 16)
    return sum(
        entry.count for group in state.groups if group.owner in own for entry in group.entries
    )


def laid_out(image: Image, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in image.items():
        (folder / name).write_bytes(content)
    return folder


class Told(NamedTuple):
    """What was so at one moment: transactions acknowledged and begun, and how much was heard."""

    done: int = 0
    begun: int = 0
    heard: int = 0

    def after(self, mark: str) -> Told:
        """A mark among the records."""
        word, text = mark.split()
        number = int(text)
        if word == "heard":
            return self._replace(heard=number)
        return self._replace(begun=number, done=number if word == "done" else self.done)


def problem(work: Workload, image: Image, scratch: Path, told: Told, *, killed: bool) -> str | None:
    """What is wrong with this image; with `killed` all that was written must be there."""
    store = Store(laid_out(image, scratch), CLUSTER)
    try:
        return _verdict_on_heard(work, store, told, killed=killed) or _verdict(work, store, told)
    except (StoreError, WriteError) as error:
        return str(error)
    finally:
        # A connection left open would be in the way of the next file with the same inode.
        store._disconnect()


def _verdict(work: Workload, store: Store, told: Told) -> str | None:
    if store.trouble:
        return f"cannot be written: {store.trouble}"
    if store.shortfall:
        return f"raises a false alarm: {store.shortfall}"
    if check(connection(store)):
        return f"is damaged: {check(connection(store))}"
    found = read_state(connection(store))
    if total(found) < work.counted[told.done]:
        return f"holds {total(found)} of {work.counted[told.done]} acknowledged increments"
    if found not in work.states[told.done : told.begun + 1]:
        return f"holds no state from number {told.done} to {told.begun}"
    store.begin(found.generation + 1)
    more = Write(1, (Group(b"n" * 16, 0, 1, [Entry(1, "default", 0, 1)]),))
    store.commit([more])
    if more.groups[0] not in store.reopen().groups:
        return "does not keep what is written next"
    return None


def _verdict_on_heard(work: Workload, store: Store, told: Told, *, killed: bool) -> str | None:
    shown = store.open().groups
    recorded = shown[len(read_state(connection(store)).groups) :] if store.trouble is None else ()
    if any(group not in work.heard for group in recorded):
        return "brings what nobody has counted"
    ledger = Ledger(b"")
    for group in shown:
        ledger.apply(group)
    for group in work.heard[: told.heard] if killed else ():
        if ledger.newest(group.owner) < group.upto:
            return f"has forgotten what it heard as number {group.upto}"
    return None


def reading(path: Path) -> sqlite3.Connection:
    """Somebody who has begun to read."""
    connection = sqlite3.connect(path, isolation_level=None)
    _READERS.append(connection)
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM meta").fetchone()
    return connection


def failed_sync(folder: Path, reader: bool) -> dict[str, Any]:
    """A sync fails, the process is killed, and the next one finds what is in the page cache alone.

    With `reader` somebody has begun to read in between, and so the log is kept. A report: what the
    next one read and acknowledged, and what a power cut then leaves, as versions.
    """
    shim, data = Shim(), folder / "data"
    groups = [Group(bytes([n]) * 16, 0, n, []) for n in (1, 2, 3)]
    store = Store(data, CLUSTER)
    store.open()
    store.begin(1)
    store.commit([Write(1, (groups[0],))])
    shim.arm(1, 1 << 30, errno.EIO, SYNC)
    with contextlib.suppress(WriteError):
        store.commit([Write(2, (groups[1],))])
    shim.arm(1, 1 << 30, errno.EIO, OPEN | WRITE | SYNC | TRUNCATE | NAME)
    store._disconnect()
    shim.disarm()
    if reader:
        reading(store.path)
    store = Store(data, CLUSTER)
    read = [group.upto for group in store.open().groups]
    store.begin(2)
    store.commit([Write(1, (groups[2],))])
    disk = Disk(data, Random(1))
    for record in records((folder / "log").read_bytes()):
        disk.take(record)
    left = []
    for image in disk.images():
        copy = Store(laid_out(image, folder / "scratch"), CLUSTER)
        left.append([group.upto for group in copy.open().groups])
        copy._disconnect()
    return {"read": read, "left": left}


class Cut(NamedTuple):
    """What a power cut after a record may leave; `killed`: and a kill does."""

    where: str
    image: Image
    told: Told
    killed: bool


def all_cuts(log: Path, disk: Disk, told: Told, start: int = 0) -> Iterator[Cut]:
    """All that differ, of the records from number `start` on."""
    tried: set[int] = set()
    for number, record in enumerate(records(log.read_bytes())):
        if record.kind == "m":
            told = told.after(record.data.decode())
        else:
            disk.take(record)
        if number < start:
            # This is how it was found.
            disk.settle()
            continue
        for variant, image in enumerate(disk.images()):
            key = hash((told, variant == KILLED, frozenset(image.items())))
            if key not in tried:
                tried.add(key)
                where = f"record {number} ({record.kind}), image {variant}"
                yield Cut(where, image, told, variant == KILLED)


def cuts(folder: Path, seed: int, pragma: str = "") -> dict[str, Any]:
    """A report: how many calls, images tried, and what was wrong with which."""
    SmallLog.pragma = pragma
    work = Workload(folder / "data", Shim())
    work.run()
    problems: list[str] = []
    images = 0
    calls = sum(record.kind != "m" for record in records((folder / "log").read_bytes()))
    for cut in all_cuts(folder / "log", Disk(folder / "data", Random(seed)), Told()):
        images += 1
        found = problem(work, cut.image, folder / "scratch", cut.told, killed=cut.killed)
        if found:
            problems.append(f"{cut.where}: {found}")
    return {
        "calls": calls,
        "images": images,
        "acknowledged": work.counted[-1],
        "heard": len(work.heard),
        "problems": problems,
    }
