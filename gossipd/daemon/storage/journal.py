"""The queue of the node's writes before the store: in order, and many in one transaction.

One transaction is under way at a time, in a thread. Writes that are staged meanwhile go into the
next one (group commit). Once a second a snapshot begins: the transaction also takes what has
changed besides, which is others' entries, members, the generation. Much of that is cut, and each of
the next transactions takes a piece, so that neither the loop nor a write waits long for it. After a
failure every write that waits fails as well, and the file is opened anew, once a second, until it
can be written; then the next snapshot takes everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import trio

from gossipd.protocol import Changes, Group, State, Write

from ..log import RateLimit, get_logger
from .pieces import in_pieces
from .store import StoreError, WriteError
from .writer import WriterThread

_LAZY_SECONDS = 1.0
_RETRY_SECONDS = 1.0
_LOOK_SECONDS = 1.0
_COMPLAINT_SECONDS = 60.0

_PIECE = 500
"""Entries, owners and members that one transaction takes at most besides the writes."""


class Storage(Protocol):
    """What a journal asks of a store. `Store` is one."""

    @property
    def trouble(self) -> str | None:
        """Why the store cannot be written, or None."""

    def record(self, group: Group) -> None:
        """Keeps a group for the next process, without a sync."""

    def begin_snapshot(self) -> None:
        """Prepares for a snapshot that is taken now, and so has all that was recorded so far."""

    def commit(self, writes: Sequence[Write], changes: Changes | None = None) -> None:
        """Puts all of it on disk in one transaction, or raises WriteError."""

    def reopen(self) -> State:
        """Makes the store writable again and returns what it holds.

        Raises WriteError or StoreError.
        """

    def lost(self) -> str | None:
        """Returns the names of open files that were taken away, or None."""

    def renew(self, state: State) -> None:
        """Writes all of a state into new files, in place of those that were taken away.

        Raises WriteError or StoreError.
        """


class Snapshots(Protocol):
    """Where a journal gets what changed of the node's state. The protocol's `Node` is one."""

    def state(self) -> State:
        """Returns all that is to be kept."""

    def changes(self, most: int) -> Changes | None:
        """Hands over up to `most` changes that were not handed over yet; None if there are none."""

    def all_changed(self, held: Iterable[str]) -> None:
        """Takes note that the store lacks everything, and holds members of the ids `held`."""


class Reports(Protocol):
    """To whom a journal tells what became of writes. The daemon's driver is one."""

    def reported(self, writes: Sequence[Write], *, kept: bool) -> None:
        """Takes the oldest writes: all are on disk if `kept`, else any may be on disk or not."""

    def restored(self, groups: Sequence[Group]) -> None:
        """Takes entries that the store turned out to hold after a failure."""


class Journal:
    """The queue before one store.

    Attributes:
        trouble: why nothing can be written at present, or None.
    """

    def __init__(self, store: Storage) -> None:
        """Makes a journal that does nothing until `run`."""
        self.trouble = store.trouble
        self._store = store
        self._queue: list[Write] = []
        self._wake = trio.Event()
        self._next_snapshot = 0.0
        self._in_snapshot = False
        self._next_look = 0.0
        self._thread = WriterThread()
        self._complaints = RateLimit(_COMPLAINT_SECONDS, trio.current_time)

    def add(self, write: Write) -> bool:
        """Queues the newest write. Returns False if nothing can be written at present."""
        if self.trouble is not None:
            return False
        self._queue.append(write)
        self._wake.set()
        return True

    def record(self, group: Group) -> None:
        """Keeps a group that the next snapshot will have, in case that this process is killed."""
        self._store.record(group)

    async def run(self, node: Snapshots, reports: Reports) -> None:
        """Commits what is queued and snapshots of `node` until it is cancelled."""
        while True:
            if self.trouble is None:
                with trio.move_on_at(max(self._next_snapshot, trio.current_time())):
                    await self._wake.wait()
                if await self._look(node, reports):
                    await self._commit(node, reports)
            else:
                self._complain()
                await trio.sleep(_RETRY_SECONDS)
                await self._recover(node, reports)

    async def _commit(self, node: Snapshots, reports: Reports) -> None:
        self._wake = trio.Event()
        batch, self._queue = self._queue, []
        changes = self._changes(node)
        if not batch and changes is None:
            return
        try:
            await self._thread.run(self._store.commit, batch, changes)
        except WriteError as error:
            self._fail(error, batch, reports)
        else:
            reports.reported(batch, kept=True)

    def _fail(self, error: Exception, batch: list[Write], reports: Reports) -> None:
        """Fails writes, and what was staged after them. From now on `add` refuses newer ones."""
        self.trouble = str(error)
        batch, self._queue = batch + self._queue, []
        reports.reported(batch, kept=False)

    async def _look(self, node: Snapshots, reports: Reports) -> bool:
        """Looks once a second whether files were taken away, and has them written anew.

        Returns False if nothing can be written.
        """
        now = trio.current_time()
        if now < self._next_look:
            return True
        self._next_look = now + _LOOK_SECONDS
        lost = await self._thread.run(self._store.lost)
        if lost is None:
            return True
        self._store.begin_snapshot()
        try:
            await self._thread.run(self._store.renew, node.state())
        except (WriteError, StoreError) as error:
            self._fail(error, [], reports)
            return False
        # The new file has all that the pieces of a snapshot under way would bring.
        self._in_snapshot = False
        get_logger().error(
            "store_files_lost", files=lost, consequence="all was written anew from memory"
        )
        return True

    def _changes(self, node: Snapshots) -> Changes | None:
        """Returns the first piece of a snapshot once a second, or a further piece of one."""
        now = trio.current_time()
        if now < self._next_snapshot:
            return None
        if not self._in_snapshot:
            self._store.begin_snapshot()
        changes = node.changes(_PIECE)
        self._in_snapshot = changes is not None and changes.more
        if not self._in_snapshot:
            self._next_snapshot = now + _LAZY_SECONDS
        return changes

    async def _recover(self, node: Snapshots, reports: Reports) -> None:
        try:
            found = await self._thread.run(self._store.reopen)
        except WriteError:
            return
        except StoreError as error:
            # A person may repair the file. Until then reads and gossip go on.
            self.trouble = str(error)
            return
        held, pieces = [claim.id for claim in found.members], in_pieces(found).groups
        del found
        for piece in pieces:
            reports.restored([piece])
            await trio.lowlevel.checkpoint()
        # What the failed transaction was to write is not known to be there, and the file may be
        # another one.
        node.all_changed(held)
        self._next_snapshot, self._in_snapshot = 0.0, False
        self.trouble = None
        get_logger().info("store_recovered")

    def _complain(self) -> None:
        if self._complaints.admit("store") is not None:
            get_logger().error("store_failed", reason=self.trouble, consequence="no write is taken")
