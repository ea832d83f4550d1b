"""Runs under the shim: a daemon's driver, journal and store, whose calls on files fail one by one.

Each history begins with a fresh folder and has its fault at another call. Time is virtual, and what
the journal gives to a thread is done at once, so that a history is over in a moment.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from unittest import mock

import structlog
import trio
import trio.testing

from gossipd.daemon.config import DaemonConfig
from gossipd.daemon.errors import StartError
from gossipd.daemon.open import _close, _opened_store
from gossipd.daemon.service import Refused, Service
from gossipd.daemon.storage.journal import Journal, Reports, Source
from gossipd.daemon.storage.store import Store, StoreError, WriteError
from gossipd.daemon.storage.writer import WriterThread
from gossipd.protocol import Address, Entry, Group, Identity, Node, ProtocolConfig, State
from gossipd.protocol.counters.writes import Writes
from tests.daemon.fakes import Running, serving
from tests.daemon.storage.faults.disk import Disk, Image, records
from tests.daemon.storage.faults.shim import NAME, OPEN, SYNC, TRUNCATE, WRITE, Shim
from tests.daemon.storage.faults.workload import CLUSTER, SmallLog
from tests.daemon.waiting import outcome

WALL_MS = 1_700_000_000_000
ENDLESS = 1 << 30
ID = "10.0.0.1:8088"
OTHER = b"o" * 16

FAULTS = {
    "EIO": (errno.EIO, OPEN | WRITE | SYNC | TRUNCATE | NAME),
    "ENOSPC": (errno.ENOSPC, OPEN | WRITE | SYNC),
    "EROFS": (errno.EROFS, OPEN | WRITE | TRUNCATE | NAME),
}
"""Each with the calls that give it."""


class _Silence:
    """A socket on which nothing arrives."""

    async def wait_readable(self) -> None:
        await trio.sleep_forever()

    def refusals(self) -> list[tuple[bytes, Address]]:
        """Nobody refuses anything."""
        return []

    def receive(self, limit: int) -> list[tuple[bytes, Address]]:
        return []

    def send(self, data: bytes, to: Address) -> None:
        pass


class Fault(NamedTuple):
    """From call `at` on, so many fail."""

    kind: str
    at: int
    count: int


def restarted(kept: State | None) -> Node:
    """A node that starts with this state."""
    identity = Identity(ID, 1, WALL_MS)
    now = trio.current_time() if trio.lowlevel.in_trio_run() else 0.0
    return Node(ProtocolConfig(), identity, state=kept, rng=Random(os.urandom(8)), now=now)


def has_gap(node: Node, but: bytes = b"") -> bool:
    """Whether something of an owner is missing before a row that is here, but for one owner."""
    groups = [group for group in node.state().groups if group.owner != but]
    return any(entry.version > group.upto for group in groups for entry in group.entries)


class History:
    """Two runs of one node on one folder, and what its client saw.

    Attributes:
        acknowledged, unanswered: sums of increments; a 503 is no answer.
        shown: the largest count that was read.
        problems: what must not be.
    """

    def __init__(self, folder: Path, shim: Shim, fault: Fault) -> None:
        self.acknowledged = self.unanswered = self.shown = self.calls = 0
        self.problems: list[str] = []
        self._fault = fault
        self._closes = fault.at % 2 == 0
        self._doubtful = False
        self._config = DaemonConfig(bind=("127.0.0.1", 1), cluster=CLUSTER, data_dir=folder)
        self._shim = shim

    def __str__(self) -> str:
        return f"{self.acknowledged} acknowledged and {self.unanswered} without answer"

    async def run(self) -> None:
        """The fault, if it lasts, passes towards the end of the second run."""
        await self._live(12, passes=False)
        await self._live(5, passes=True)

    async def _live(self, steps: int, *, passes: bool) -> None:
        try:
            with _opened_store(self._config, ID) as (store, kept):
                assert store is not None
                if store.shortfall:
                    self.problems.append(f"a false alarm: {store.shortfall}")
                node = restarted(kept)
                if store.trouble is None:
                    try:
                        store.begin(node.generation())
                    except WriteError:
                        assert store.trouble is not None
                # Of a log that can only be read nobody knows whether all of it is on the disk.
                self._doubtful = store.trouble is not None
                async with serving(node, _Silence(), journal=Journal(store)) as running:
                    await self._load(running, steps)
                    if passes:
                        await self._recover(running)
                if self._closes:
                    _close(store, node)
                else:
                    self._kill(store)
        except StartError as error:
            self.problems.append(f"does not start: {error}")

    def _kill(self, store: Store) -> None:
        """The process ends here, and a fault that has begun ends with it."""
        made = self._shim.calls
        self._shim.arm(1, ENDLESS, *FAULTS["EIO"])
        store._disconnect()
        if self._fault.at > made:
            self._shim.arm(self._fault.at - made, self._fault.count, *FAULTS[self._fault.kind])
        else:
            self._shim.disarm()

    async def _load(self, running: Running, steps: int) -> None:
        self._read(running.service)
        running.service.register("10.0.0.9:8088")
        for step in range(1, steps + 1):
            amounts = [step, 1, 2] if step % 4 == 0 else [step]
            async with trio.open_nursery() as nursery:
                for amount in amounts:
                    nursery.start_soon(self._count, running.service, amount)
            # Others' counting, which is written once a second.
            entry = Entry(step, "other", 0, step)
            running.driver.restored([Group(OTHER, step - 1, step, [entry])])
            await trio.sleep(0.4)
            self._read(running.service)

    async def _count(self, service: Service, amount: int) -> bool:
        """Returns whether it was acknowledged. What is refused must not count."""
        with trio.fail_after(30), contextlib.suppress(Refused):
            answer = await outcome(service.increment("default", amount, "local"))
            if answer.holders:
                self.acknowledged += amount
                self._told(self.acknowledged)
                return True
            self.unanswered += amount
        if service.trouble() is None:
            self.problems.append("a write failed, and it is ready")
        return False

    async def _recover(self, running: Running) -> None:
        self.calls = self._shim.calls
        self._shim.disarm()
        await trio.sleep(3)
        if running.service.trouble() is not None:
            self.problems.append(f"is not ready again: {running.service.trouble()}")
        if not await self._count(running.service, 1):
            self.problems.append("takes no writes when the fault has passed")
        self._read(running.service)
        if has_gap(running.node):
            self.problems.append("there is a gap in an owner's versions: nobody can have all")

    def _read(self, service: Service) -> None:
        count = service.count("default")
        self._doubtful = self._doubtful and service.trouble() is not None
        least = max(self.acknowledged, self.shown)
        if not least <= count <= self.acknowledged + self.unanswered:
            self.problems.append(f"{count} is shown after {self.shown}: {self}")
        self._told(count)

    def _told(self, count: int) -> None:
        """A client knows of so many."""
        self.shown = max(self.shown, count)
        if not self._doubtful:
            self._shim.mark(str(self.shown))


class Bench:
    """Plays histories one after the other in a folder."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.shim = Shim()
        self.histories = self.images = 0
        self.problems: list[str] = []
        self._folder = folder
        self._rng = Random(seed)

    def play(self, fault: Fault) -> int:
        """One history; how many calls it made until its fault passed."""
        data = self._folder / "data" / "node"
        shutil.rmtree(data, ignore_errors=True)
        os.truncate(self._folder / "log", 0)
        history = History(data, self.shim, fault)
        self.shim.arm(fault.at, fault.count, *FAULTS[fault.kind])
        try:
            trio.run(history.run, clock=trio.testing.MockClock(autojump_threshold=0))
        except* Exception as group:
            history.problems.append(f"ends with {_innermost(group)!r}")
        self.histories += 1
        self._cut_power(history, data)
        self.problems += [f"{fault}: {problem}" for problem in history.problems]
        return history.calls

    def _cut_power(self, history: History, data: Path) -> None:
        """At the end, and somewhere before."""
        log = list(records((self._folder / "log").read_bytes()))
        cuts = {len(log) - 1, self._rng.randrange(len(log))} if log else set()
        disk, told = Disk(data, self._rng), 0
        for number, record in enumerate(log):
            disk.take(record)
            if record.kind == "m":
                told = int(record.data)
            for image in disk.images() if number in cuts else ():
                self.images += 1
                self._restart(history, told, image)

    def _restart(self, history: History, told: int, image: Image) -> None:
        scratch = self._folder / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        for name, content in image.items():
            (scratch / name).write_bytes(content)
        store = SmallLog(scratch, CLUSTER)
        try:
            node = restarted(store.open())
            count = node.count("default")
            if has_gap(node, OTHER):
                history.problems.append("there is a gap in its own versions after a power cut")
            if store.shortfall:
                history.problems.append(f"a false alarm after a power cut: {store.shortfall}")
            if not told <= count <= history.acknowledged + history.unanswered:
                problem = f"{count} after a power cut: told were {told} of {history}"
                history.problems.append(problem)
        except (StoreError, WriteError) as error:
            history.problems.append(f"after a power cut: {error}")
        finally:
            store._disconnect()


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _at_once(thread: WriterThread, call: Callable[..., Any], *arguments: Any) -> Any:
    await trio.lowlevel.checkpoint()
    return call(*arguments)


def _plan(kinds: list[int], stride: int, *, thorough: bool) -> Iterator[Fault]:
    """All faults at each call, or all at calls that open, two at syncs, and one at others."""
    for at in range(1, len(kinds), stride):
        faults = [
            Fault(name, at, count)
            for name, (_, which) in FAULTS.items()
            for count in (1, 4, ENDLESS)
            if kinds[at] & which or count > 1
        ]
        if not thorough and kinds[at] == SYNC:
            faults = [Fault("EIO", at, count) for count in (1, ENDLESS)]
        elif not thorough and kinds[at] != OPEN:
            # Neighbouring calls are often alike, and get different faults.
            faults = [faults[at * 4 % len(faults)]]
        yield from faults


async def _commit_late(self: Journal, node: Source, reports: Reports) -> None:
    """Breaks the journal: it answers, and then commits."""
    self._wake = trio.Event()
    batch, self._queue = self._queue, []
    reports.reported(batch, kept=True)
    changes, _ = self._sync(node)
    try:
        self._store.commit(batch, changes, self._piece())
    except WriteError as error:
        self.trouble = str(error)


def _keep_id(self: Writes) -> None:
    """Breaks the counting: it goes on under the same id when a write has failed."""
    self._owner = self._owner or self._runtime.rng.randbytes(16)
    self._answers.give_up()
    self._pushes.reset(self._owner)


BREAKAGES: dict[str, Callable[[], Any]] = {
    "": contextlib.nullcontext,
    "answers before the commit": lambda: mock.patch.object(Journal, "_commit", _commit_late),
    "same id after a failure": lambda: mock.patch.object(Writes, "_new_id", _keep_id),
    "no sync": lambda: mock.patch.object(SmallLog, "pragma", "PRAGMA synchronous = OFF"),
}


def _drop(*_: Any) -> Any:
    raise structlog.DropEvent


def sweep(
    folder: Path, seed: int, thorough: bool = False, stride: int = 1, broken: str = ""
) -> dict[str, Any]:
    """A report: how many calls, histories and images, and what was wrong with which."""
    structlog.configure(processors=[_drop])
    with (
        mock.patch.object(WriterThread, "run", _at_once),
        mock.patch("gossipd.daemon.open.Store", SmallLog),
        # Checkpoints of the counters follow each other, an owner at a time.
        mock.patch("gossipd.daemon.storage.growth._FEW_BYTES", 0),
        mock.patch("gossipd.daemon.storage.journal.PIECE", 1),
        BREAKAGES[broken](),
    ):
        bench = Bench(folder, seed)
        calls = bench.play(Fault("EIO", ENDLESS, 0))
        kinds = [bench.shim.kind(call) for call in range(calls + 1)]
        for fault in _plan(kinds, stride, thorough=thorough):
            bench.play(fault)
    return {
        "calls": calls,
        "histories": bench.histories,
        "images": bench.images,
        "problems": bench.problems,
    }
