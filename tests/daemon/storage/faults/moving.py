"""Runs under the shim: a sync fails, the file is opened anew, and power is lost while that goes on.

What the failed sync was to keep is in the page cache and never reaches the disk by itself.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path
from random import Random
from typing import Any

from gossipd.daemon.storage.schema import check, read_state
from gossipd.daemon.storage.store import Store, StoreError, WriteError
from gossipd.protocol import Changes, Claim, Entry, Group, Ledger, Write
from gossipd.protocol.counters import checkpoint
from tests.daemon.storage.faults.disk import Disk, Image, records
from tests.daemon.storage.faults.merged import read, total
from tests.daemon.storage.faults.power import laid_out
from tests.daemon.storage.faults.shim import SYNC, Shim
from tests.daemon.storage.faults.workload import CLUSTER, connection


def _changes(rng: Random) -> Changes:
    """Members that change from one to the next: rows come, grow and go."""
    some = [f"10.0.0.{n}:{'1' * rng.randint(1, 5)}" for n in rng.sample(range(90), 60)]
    members = tuple(Claim(each, 1, 1, 0) for each in some[:30])
    return Changes(7, members, (), tuple(some[30:]))


def _hear(store: Store, ledger: Ledger, rng: Random) -> None:
    """Others' counting, for the next transaction."""
    for _ in range(rng.randint(3, 12)):
        entry = Entry(1, "x" * rng.randint(1, 60), 0, rng.getrandbits(40))
        group = Group(rng.randbytes(16), 0, 1, [entry])
        ledger.apply(group)
        store.record(group)
    store.begin_sync()


def _own(number: int) -> list[Write]:
    return [Write(number, (Group(b"a" * 16, number - 1, number, [Entry(number, "n", 0, number)]),))]


def _commit(store: Store, ledger: Ledger, number: int, *rest: Any) -> None:
    """The node merges its own write once it is on the disk."""
    store.commit(_own(number), *rest)
    for write in _own(number):
        ledger.apply(write.groups[0])


def _checkpoint(store: Store, ledger: Ledger) -> None:
    """All but the end of it, which is an empty piece: with that, older rows go."""
    store.begin_checkpoint()
    for piece in checkpoint(ledger, 100):
        store.commit([], None, piece)


def _trouble(shim: Shim, data: Path, rng: Random) -> int:
    """A failed sync and the way back; how much was acknowledged before it.

    The way back ends with a checkpoint, as a journal makes it, because the file may lack something.
    """
    store, ledger = Store(data, CLUSTER), Ledger(b"")
    store.open()
    number = rng.randint(3, 8)
    for step in range(1, number):
        _hear(store, ledger, rng)
        _commit(store, ledger, step, _changes(rng))
        if step == number // 2:
            _checkpoint(store, ledger)
            store.commit([], None, [])
    # A log that is begun anew has earlier versions of few pages.
    _hear(store, ledger, rng)
    store.close(_changes(rng), ())
    store.open()
    store.begin(2)
    _hear(store, ledger, rng)
    _checkpoint(store, ledger)
    shim.mark("fails")
    shim.arm(1, 1 << 30, errno.EIO, SYNC)
    with contextlib.suppress(WriteError):
        _commit(store, ledger, number, _changes(rng), rng.choice(([], None)))
    for _ in range(rng.choice((0, 0, 1, 3))):
        with contextlib.suppress(WriteError):
            store.reopen()
    shim.disarm()
    for group in store.reopen().groups:
        ledger.apply(group)
    _commit(store, ledger, number + 1)
    assert store.wants_checkpoint()
    _checkpoint(store, ledger)
    store.commit([], None, [])
    assert not store.wants_checkpoint()
    store._disconnect()
    return number - 1


def _verdict(image: Image, scratch: Path, least: int) -> str | None:
    store = Store(laid_out(image, scratch), CLUSTER)
    try:
        store.open()
        if problem := check(connection(store)):
            return f"is damaged: {problem}"
        found = total(read(read_state(connection(store)).groups))
        return None if found >= least else f"holds {found} of {least} acknowledged"
    except (StoreError, WriteError) as error:
        return str(error)
    finally:
        store._disconnect()


def cuts(folder: Path, seed: int, times: int) -> dict[str, Any]:
    """A report: how many images were tried, and what was wrong with which."""
    shim, rng, log = Shim(), Random(seed), folder / "log"
    problems: list[str] = []
    images = 0
    for time in range(times):
        os.truncate(log, 0)
        data = folder / "data" / str(time)
        data.mkdir()
        least = _trouble(shim, data, rng)
        disk, failed = Disk(data, rng), False
        tried: set[int] = set()
        for number, record in enumerate(records(log.read_bytes())):
            failed |= record.kind == "m"
            if record.kind != "m":
                disk.take(record)
            for image in disk.images() if failed else ():
                key = hash(frozenset(image.items()))
                if key in tried:
                    continue
                tried.add(key)
                images += 1
                if found := _verdict(image, folder / "scratch", least):
                    problems.append(f"{time}, record {number} ({record.kind}): {found}")
        shutil.rmtree(data)
    return {"images": images, "problems": problems}
