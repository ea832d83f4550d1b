"""Runs under the shim: a store at work, and what a power cut at every call would leave of it."""

from __future__ import annotations

import contextlib
import errno
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from gossipd.daemon.storage.schema import check, read_state
from gossipd.daemon.storage.store import Store, StoreError, WriteError
from gossipd.protocol import Entry, Group, Write
from tests.daemon.storage.faults.disk import KILLED, Disk, Image, records
from tests.daemon.storage.faults.merged import missing, read, total
from tests.daemon.storage.faults.shim import NAME, OPEN, SYNC, TRUNCATE, WRITE, Shim
from tests.daemon.storage.faults.workload import CLUSTER, SmallLog, Workload, connection

MANY = 100
"""So many problems are enough for a report."""

_READERS: list[sqlite3.Connection] = []


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
    ledger = read(found.groups)
    if total(ledger) < work.counted[told.done]:
        return f"holds {total(ledger)} of {work.counted[told.done]} acknowledged increments"
    if wrong := work.known.problem(ledger) or missing(ledger, work.least[told.done]):
        return wrong
    if found not in work.states[told.done : told.begun + 1]:
        return f"holds no state from number {told.done} to {told.begun}"
    store.begin(found.generation + 1)
    more = Write(1, (Group(b"n" * 16, 0, 1, [Entry(1, "default", 0, 1)]),))
    store.commit([more])
    if more.groups[0] not in store.reopen().groups:
        return "does not keep what is written next"
    return None


def _verdict_on_heard(work: Workload, store: Store, told: Told, *, killed: bool) -> str | None:
    """The file and what was recorded after it, as the next process has them."""
    ledger = read(store.open().groups)
    wrong = work.known.problem(ledger)
    if wrong:
        return wrong
    if killed:
        # The newer of the two files may be read first. Then there is a gap before what is in it.
        wrong = missing(ledger, work.shown[told.heard], rows_only=True)
    return f"has forgotten what it heard: {wrong}" if wrong else None


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
            killed = variant == KILLED
            # How much was heard matters only where all of it must be there.
            matters = told if killed else told._replace(heard=0)
            key = hash((matters, killed, frozenset(image.items())))
            if key not in tried:
                tried.add(key)
                where = f"record {number} ({record.kind}), image {variant}"
                yield Cut(where, image, told, killed)


def cuts(folder: Path, seed: int, pragma: str = "", hasty: bool = False) -> dict[str, Any]:
    """A report: how many calls, images tried, and what was wrong with which.

    With `hasty` the workload is broken, as `Workload` says.
    """
    SmallLog.pragma, Workload.hasty = pragma, hasty
    work = Workload(folder / "data", Shim())
    work.run()
    problems: list[str] = []
    images = 0
    calls = sum(record.kind != "m" for record in records((folder / "log").read_bytes()))
    for cut in all_cuts(folder / "log", Disk(folder / "data", Random(seed)), Told()):
        if len(problems) == MANY:
            break
        images += 1
        found = problem(work, cut.image, folder / "scratch", cut.told, killed=cut.killed)
        if found:
            problems.append(f"{cut.where}: {found}")
    return {
        "calls": calls,
        "images": images,
        "acknowledged": work.counted[-1],
        "heard": len(work.heard),
        "checkpoints": work.checkpoints,
        "problems": problems,
    }
