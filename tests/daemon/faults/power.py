"""Runs under the shim: a store at work, and what a power cut at every call would leave of it."""

from __future__ import annotations

import contextlib
import errno
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from gossipd.daemon.schema import check, read_state
from gossipd.daemon.store import Store, StoreError, WriteError
from gossipd.protocol import State, Write
from gossipd.protocol.messages import Claim, Entry, Group
from tests.daemon.faults.disk import Disk, Image, records
from tests.daemon.faults.shim import NAME, OPEN, SYNC, TRUNCATE, WRITE, Shim

CLUSTER = "c"
CHECKPOINT_PAGES = 6


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
    """

    def __init__(self, folder: Path, shim: Shim) -> None:
        self.states = [State()]
        self.counted = [0]
        self._folder = folder
        self._shim = shim
        self._version = 0
        self._floor = 0
        self._slots: dict[tuple[bytes, int], int] = {}

    def run(self) -> None:
        """A first start to a clean end, and a second start that ends nowhere."""
        store = SmallLog(self._folder, CLUSTER)
        store.open()
        self._step(store, lambda: store.begin(7))
        for number in range(1, 31):
            own = [self._own(b"a" * 16, number) for _ in range(1 + 3 * (number % 5 == 0))]
            snapshot = self._others(number) if number % 4 == 0 else None
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
        return Write(self._version, (group,))

    @staticmethod
    def _others(number: int) -> State:
        """What is written besides: two other owners, and members that come and go."""
        groups = tuple(
            Group(bytes([n]) * 16, 0, number, [Entry(number, "default", 0, number * n)])
            for n in (1, 2)
        )
        members = tuple(Claim(f"10.0.0.{n}:1", number, 1, 0) for n in range(number % 3, 5))
        return State(7, members, tuple(claim.id for claim in members[:1]), groups)


def _total(state: State) -> int:
    """The sum of this node's own slots."""
    own = (b"a" * 16, b"c" * 16)
    return sum(
        entry.count for group in state.groups if group.owner in own for entry in group.entries
    )


def _laid_out(image: Image, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in image.items():
        (folder / name).write_bytes(content)
    return folder


def _problem(work: Workload, image: Image, scratch: Path, done: int, begun: int) -> str | None:
    """What is wrong with this image, of which transactions up to `done` were acknowledged."""
    store = Store(_laid_out(image, scratch), CLUSTER)
    try:
        return _verdict(work, store, done, begun)
    except (StoreError, WriteError) as error:
        return str(error)
    finally:
        # A connection left open would be in the way of the next file with the same inode.
        store._disconnect()


def _verdict(work: Workload, store: Store, done: int, begun: int) -> str | None:
    found = store.open()
    if store.trouble:
        return f"cannot be written: {store.trouble}"
    if check(connection(store)):
        return f"is damaged: {check(connection(store))}"
    if _total(found) < work.counted[done]:
        return f"holds {_total(found)} of {work.counted[done]} acknowledged increments"
    if found not in work.states[done : begun + 1]:
        return f"holds no state from number {done} to {begun}"
    store.begin(found.generation + 1)
    more = Write(1, (Group(b"n" * 16, 0, 1, [Entry(1, "default", 0, 1)]),))
    store.commit([more])
    if more.groups[0] not in store.reopen().groups:
        return "does not keep what is written next"
    return None


def failed_sync(folder: Path) -> dict[str, Any]:
    """A sync fails, the process is killed, and the next one finds what is in the page cache alone.

    A report: what that one read and acknowledged, and what a power cut then leaves, as versions.
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
    store = Store(data, CLUSTER)
    read = [group.upto for group in store.open().groups]
    store.begin(2)
    store.commit([Write(1, (groups[2],))])
    disk = Disk(data, Random(1))
    for record in records((folder / "log").read_bytes()):
        disk.take(record)
    left = []
    for image in disk.images():
        copy = Store(_laid_out(image, folder / "scratch"), CLUSTER)
        left.append([group.upto for group in copy.open().groups])
        copy._disconnect()
    return {"read": read, "left": left}


def cuts(folder: Path, seed: int, pragma: str = "") -> dict[str, Any]:
    """A report: how many calls, images tried, and what was wrong with which."""
    shim = Shim()
    SmallLog.pragma = pragma
    work = Workload(folder / "data", shim)
    work.run()
    rng = Random(seed)
    disk = Disk(folder / "data", rng)
    tried: set[int] = set()
    problems: list[str] = []
    done = begun = calls = 0
    kinds: dict[str, int] = {}
    for number, record in enumerate(records((folder / "log").read_bytes())):
        if record.kind == "m":
            word, step = record.data.decode().split()
            begun = int(step)
            done = begun if word == "done" else done
        else:
            calls += 1
            disk.take(record)
            kinds[record.kind] = kinds.get(record.kind, 0) + 1
        for variant, image in enumerate(disk.images()):
            key = hash((done, begun, frozenset(image.items())))
            if key not in tried:
                tried.add(key)
                problem = _problem(work, image, folder / "scratch", done, begun)
                if problem:
                    problems.append(f"record {number} ({record.kind}), image {variant}: {problem}")
    return {
        "calls": calls,
        "kinds": kinds,
        "images": len(tried),
        "acknowledged": work.counted[-1],
        "problems": problems,
    }
