"""A journal at work before a store that is none, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager

import trio
import trio.testing

from gossipd.daemon.storage.journal import Journal
from gossipd.daemon.storage.store import StoreError, WriteError
from gossipd.protocol import Changes, Claim, Group, State, Write

Clock = trio.testing.MockClock

GROUPS = [Group(number.to_bytes(16, "big"), 0, 1, []) for number in range(1000)]
"""Of as many owners."""


class Storage:
    """Keeps everything in lists; while `failing` says why, it keeps nothing.

    Attributes:
        gate: whatever is asked of it waits for this event, if it is there.
        commits: the numbers of the writes, the changes and the piece of each.
        calls: what was asked of it besides, and of the node: a letter for each call.
        grown: whether it wants a checkpoint.
        held: what it turns out to hold when it is opened anew.
    """

    def __init__(self) -> None:
        self.trouble: str | None = None
        self.failing: str | None = None
        self.damage: str | None = None
        self.commits: list[tuple[list[int], Changes | None, Sequence[Group] | None]] = []
        self.opened = 0
        self.recorded: list[Group] = []
        self.taken: list[int] = []
        self.calls = ""
        self.grown = False
        self.gate: trio.Event | None = None
        self.held = tuple(GROUPS)
        self.missing: str | None = None
        self.renewed: list[State] = []

    def commit(
        self,
        writes: Sequence[Write],
        changes: Changes | None = None,
        piece: Sequence[Group] | None = None,
    ) -> None:
        if self.failing:
            self.trouble = self.failing
            raise WriteError(self.failing)
        self.calls += "c"
        self.commits.append(([write.sequence for write in writes], changes, piece))

    def record(self, group: Group) -> None:
        self.recorded.append(group)

    def begin_sync(self) -> bool:
        self.calls += "s"
        self.taken.append(len(self.recorded) - sum(self.taken))
        return bool(self.taken[-1])

    def wants_checkpoint(self) -> bool:
        return self.grown

    def begin_checkpoint(self) -> None:
        self.calls += "b"
        self.grown = False

    def reopen(self) -> State:
        self.opened += 1
        if self.damage:
            raise StoreError(self.damage)
        if self.failing:
            raise WriteError(self.failing)
        self.trouble = None
        return State(9, (Claim("10.0.0.7:1", 1, 0, 0),), (), self.held)

    def lost(self) -> str | None:
        return self.missing

    def renew(self, state: State) -> None:
        if self.failing:
            self.trouble = self.failing
            raise WriteError(self.failing)
        self.missing = None
        self.renewed.append(state)


class Kept:
    """A node that notes what it is told."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.changed = ["10.0.0.1:1"]
        self.held: list[str] = []
        self.pieces: list[list[Group]] = []
        self.reports: list[tuple[int, bool]] = []
        self.found: list[Group] = []

    def state(self) -> State:
        return State(7)

    def changes(self, most: int) -> Changes | None:
        taken, self.changed = self.changed[:most], self.changed[most:]
        return Changes(forgotten=tuple(taken), more=bool(self.changed)) if taken else None

    def checkpoint(self, most: int) -> Iterator[list[Group]]:
        for piece in self.pieces:
            self.storage.calls += "p"
            yield piece

    def all_changed(self, held: Iterable[str]) -> None:
        self.changed = self.held = list(held)

    def reported(self, writes: Sequence[Write], *, kept: bool) -> None:
        self.reports += [(write.sequence, kept) for write in writes]

    def restored(self, groups: Sequence[Group]) -> None:
        self.found += groups


@asynccontextmanager
async def journal(storage: Storage) -> AsyncIterator[tuple[Journal, Kept]]:
    """A journal at work, which has just synced for the first time."""
    kept = Kept(storage)
    under_test = Journal(storage)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(under_test.run, kept, kept)
        await trio.testing.wait_all_tasks_blocked()
        yield under_test, kept
        nursery.cancel_scope.cancel()
