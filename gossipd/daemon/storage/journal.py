"""The queue of the node's writes before the store: in order, and many in one transaction.

One transaction is under way at a time, in a thread. Writes that are staged meanwhile go into the
next one (group commit). Once a second the transaction also takes what has changed besides: what
others counted, members, the generation. When the log of the counters has grown enough, a checkpoint
begins, and each of the next transactions takes a piece of it. A change of many members is cut as
well, so that neither the loop nor a write waits long. After a failure every write that waits fails
as well, and the file is opened anew, once a second, until it can be written; then a checkpoint
begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import trio

from gossipd.protocol import Changes, Group, State, Write

from ..log import RateLimit, get_logger
from .log import PIECE
from .reading import StoreError
from .store import WriteError
from .writer import WriterThread

_SYNC_SECONDS = 1.0
_RETRY_SECONDS = 1.0
_LOOK_SECONDS = 1.0
_COMPLAINT_SECONDS = 60.0


class Storage(Protocol):
    """What a journal asks of a store. `Store` is one."""

    @property
    def trouble(self) -> str | None:
        """Why the store cannot be written, or None."""

    def record(self, group: Group) -> None:
        """Keeps a group for the next process, without a sync."""

    def begin_sync(self) -> bool:
        """Lets the next transaction have all that was recorded. Returns whether it is any."""

    def wants_checkpoint(self) -> bool:
        """Returns whether a checkpoint is to begin."""

    def begin_checkpoint(self) -> None:
        """Takes note that one begins now, in place of one that is under way."""

    def commit(
        self,
        writes: Sequence[Write],
        changes: Changes | None = None,
        piece: Sequence[Group] | None = None,
    ) -> None:
        """Puts all of it on disk in one transaction, or raises WriteError.

        An empty piece ends a checkpoint.
        """

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


class Source(Protocol):
    """Where a journal gets the node's state. The protocol's `Node` is one."""

    def state(self) -> State:
        """Returns all that is to be kept."""

    def changes(self, most: int) -> Changes | None:
        """Hands over up to `most` members that changed since they were; None if there are none."""

    def checkpoint(self, most: int) -> Iterator[list[Group]]:
        """Yields all counters' rows, about `most` at a time, each as it is by then."""

    def all_changed(self, held: Iterable[str]) -> None:
        """Takes note that the store lacks all members, and holds those of the ids `held`."""


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
        self._next_sync = 0.0
        # What is left of the checkpoint that is under way.
        self._pieces: Iterator[list[Group]] | None = None
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
        """Keeps a group until the next sync, in case that this process is killed."""
        self._store.record(group)

    async def run(self, node: Source, reports: Reports) -> None:
        """Commits what is queued, and what changes of `node`, until it is cancelled."""
        while True:
            if self.trouble is None:
                now = trio.current_time()
                due = now if self._pieces is not None else max(self._next_sync, now)
                with trio.move_on_at(due):
                    await self._wake.wait()
                if await self._look(node, reports):
                    await self._commit(node, reports)
            else:
                self._complain()
                await trio.sleep(_RETRY_SECONDS)
                await self._recover(node, reports)

    async def _commit(self, node: Source, reports: Reports) -> None:
        self._wake = trio.Event()
        batch, self._queue = self._queue, []
        changes, found = self._sync(node)
        piece = self._piece()
        if not batch and not found and piece is None:
            return
        try:
            await self._thread.run(self._store.commit, batch, changes, piece)
        except WriteError as error:
            self._fail(error, batch, reports)
        else:
            reports.reported(batch, kept=True)

    def _fail(self, error: Exception, batch: list[Write], reports: Reports) -> None:
        """Fails writes, and what was staged after them. From now on `add` refuses newer ones."""
        self.trouble = str(error)
        batch, self._queue = batch + self._queue, []
        reports.reported(batch, kept=False)

    async def _look(self, node: Source, reports: Reports) -> bool:
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
        # The state has what was recorded so far.
        self._store.begin_sync()
        try:
            await self._thread.run(self._store.renew, node.state())
        except (WriteError, StoreError) as error:
            self._fail(error, [], reports)
            return False
        # The new file has all that the checkpoint would bring.
        self._pieces = None
        get_logger().error(
            "store_files_lost", files=lost, consequence="all was written anew from memory"
        )
        return True

    def _sync(self, node: Source) -> tuple[Changes | None, bool]:
        """Returns, once a second, which members changed, and whether there is anything to write.

        Begins a checkpoint if it is time for one.
        """
        now = trio.current_time()
        if now < self._next_sync:
            return None, False
        recorded = self._store.begin_sync()
        changes = node.changes(PIECE)
        if changes is None or not changes.more:
            self._next_sync = now + _SYNC_SECONDS
        if self._store.wants_checkpoint():
            self._store.begin_checkpoint()
            self._pieces = node.checkpoint(PIECE)
        return changes, recorded or changes is not None

    def _piece(self) -> list[Group] | None:
        """Returns the next piece of the checkpoint that is under way, if there is one."""
        if self._pieces is None:
            return None
        piece = next(self._pieces, [])
        self._store.begin_sync()
        if not piece:
            self._pieces = None
        return piece

    async def _recover(self, node: Source, reports: Reports) -> None:
        try:
            found = await self._thread.run(self._store.reopen)
        except WriteError:
            return
        except StoreError as error:
            # A person may repair the file. Until then reads and gossip go on.
            self.trouble = str(error)
            return
        for group in found.groups:
            reports.restored([group])
            await trio.lowlevel.checkpoint()
        # What the failed transaction was to write is not known to be there, and the file may be
        # another one.
        node.all_changed(claim.id for claim in found.members)
        self._next_sync, self._pieces = 0.0, None
        self.trouble = None
        get_logger().info("store_recovered")

    def _complain(self) -> None:
        if self._complaints.admit("store") is not None:
            get_logger().error("store_failed", reason=self.trouble, consequence="no write is taken")
