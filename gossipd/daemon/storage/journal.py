"""Writes of the node on their way to its store, in order, as few transactions as it takes.

One transaction is under way at a time, in a thread. What is staged meanwhile goes into the next one
(group commit), which begins when the last turns of trio's loop brought nothing more. Once a second
what has changed besides goes along: others' entries, members, the generation. After a failure
everything that waits fails as well, and the file is opened anew until it can be written.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Protocol

import structlog
import trio

from gossipd.protocol import Group, State, Write

from ..log import RateLimit
from .store import StoreError, WriteError
from .writer import WriterThread

_LAZY_SECONDS = 1.0
_RETRY_SECONDS = 1.0
_COMPLAINT_SECONDS = 60.0

_GATHER_SECONDS = 0.001
"""How long a commit waits at most while each turn brings more writes."""

_TURNS = 3
"""Turns of the loop from look to look: what is asked for in one is staged up to two turns later."""


class Storage(Protocol):
    """What a journal asks of a store."""

    @property
    def trouble(self) -> str | None:
        """Why it could not be opened for writing."""

    def record(self, group: Group) -> None:
        """Notes it where the next process finds it, without a sync."""

    def turn(self) -> None:
        """The next snapshot is being taken, with all that was recorded so far."""

    def commit(self, writes: Sequence[Write], snapshot: State | None = None) -> None:
        """Puts all of it on disk in one transaction, or raises WriteError."""

    def reopen(self) -> State:
        """Makes it writable again and returns what it holds.

        Raises WriteError or StoreError.
        """


class Kept(Protocol):
    """Whose writes these are, and who is told what became of them."""

    def state(self) -> State:
        """What is to be kept."""

    def revision(self) -> Hashable:
        """Changes whenever `state` may have."""

    def reported(self, writes: Sequence[Write], *, kept: bool) -> None:
        """These writes, the oldest ones, are on disk, or nobody knows whether they are."""

    def restored(self, state: State) -> None:
        """What the store turned out to hold after a failure."""


class Journal:
    """The queue before one store.

    Attributes:
        trouble: why nothing can be written at present; None if it can.
    """

    def __init__(self, store: Storage, kept: Kept) -> None:
        self.trouble = store.trouble
        self._store = store
        self._kept = kept
        self._queue: list[Write] = []
        self._wake = trio.Event()
        self._revision: Hashable = None
        self._next_snapshot = 0.0
        self._thread = WriterThread()
        self._complaints = RateLimit(_COMPLAINT_SECONDS, trio.current_time)

    def add(self, write: Write) -> bool:
        """Takes the newest write. False if there is no hope for it at present."""
        if self.trouble is not None:
            return False
        self._queue.append(write)
        self._wake.set()
        return True

    def record(self, group: Group) -> None:
        """Notes what a snapshot will have, in case that there will be none."""
        self._store.record(group)

    async def run(self) -> None:
        """Commits until it is cancelled."""
        while True:
            if self.trouble is None:
                with trio.move_on_at(max(self._next_snapshot, trio.current_time())):
                    await self._wake.wait()
                    await self._gather()
                await self._commit()
            else:
                self._complain()
                await trio.sleep(_RETRY_SECONDS)
                await self._recover()

    async def _gather(self) -> None:
        """Lets turns of the loop pass while they bring writes: fewer commits carry more each."""
        end = trio.current_time() + _GATHER_SECONDS
        known = 0
        while known < len(self._queue) and trio.current_time() < end:
            known = len(self._queue)
            for _ in range(_TURNS):
                await trio.lowlevel.checkpoint()

    async def _commit(self) -> None:
        self._wake = trio.Event()
        batch, self._queue = self._queue, []
        snapshot = self._snapshot()
        if not batch and snapshot is None:
            return
        try:
            await self._thread.run(self._store.commit, batch, snapshot)
        except WriteError as error:
            self.trouble = str(error)
            self._revision = None
            # What was staged meanwhile fails as well: from now on newer ones are refused.
            batch, self._queue = batch + self._queue, []
            self._kept.reported(batch, kept=False)
        else:
            self._kept.reported(batch, kept=True)

    def _snapshot(self) -> State | None:
        """The whole state, if it is time for it and something has changed."""
        now = trio.current_time()
        if now < self._next_snapshot:
            return None
        self._next_snapshot = now + _LAZY_SECONDS
        revision = self._kept.revision()
        if revision == self._revision:
            return None
        self._revision = revision
        self._store.turn()
        return self._kept.state()

    async def _recover(self) -> None:
        try:
            found = await self._thread.run(self._store.reopen)
        except WriteError:
            return
        except StoreError as error:
            # Somebody may put it right: reads and gossip go on until then.
            self.trouble = str(error)
            return
        self.trouble = None
        structlog.get_logger().info("store_recovered")
        self._next_snapshot = 0.0
        self._kept.restored(found)

    def _complain(self) -> None:
        if self._complaints.admit("store") is not None:
            structlog.get_logger().error(
                "store_failed", reason=self.trouble, consequence="no write is taken"
            )
