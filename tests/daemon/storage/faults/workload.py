"""A node's store at work, and what must be in it after each of its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import structs

from gossipd.daemon.storage.log import Log
from gossipd.daemon.storage.schema import read_state
from gossipd.daemon.storage.store import Store
from gossipd.protocol import Changes, Claim, Entry, Group, Ledger, State, Write
from gossipd.protocol.counters import checkpoint
from tests.daemon.storage.faults.merged import OWN, Holdings, Known, holdings, merged
from tests.daemon.storage.faults.shim import Shim

CLUSTER = "c"
CHECKPOINT_PAGES = 6
PIECE = 3


class SmallLog(Store):
    """A store whose SQLite moves its log into the file again and again.

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
        least: what must be merged from the file after each, whatever the store made of it.
        counted: what was acknowledged with each, as a sum of increments.
        heard: what others counted and the store recorded; "heard N": so many, in order.
        shown: what must be there after a kill when so much was heard.
        known: all that anybody has counted.
        checkpoints: how many went from the beginning to the end.
        hasty: a breakage: pieces are committed without `begin_sync`.
    """

    hasty = False

    def __init__(self, folder: Path, shim: Shim) -> None:
        self.states = [State(groups=Log())]
        self.least: list[Holdings] = [{}]
        self.counted = [0]
        self.heard: list[Group] = []
        self.shown: list[Holdings] = [{}]
        self.known = Known()
        self.checkpoints = 0
        self._folder = folder
        self._shim = shim
        self._version = 0
        self._floor = 0
        self._slots: dict[tuple[bytes, int], int] = {}
        self._turn = 0
        # What the node has merged, and what of it is certainly in the file.
        self._ledger = Ledger(b"")
        self._kept = Ledger(b"")
        self._heard = Ledger(b"")
        # What was recorded since `begin_sync`, and before it.
        self._recorded: list[Group] = []
        self._taken: list[Group] = []
        self._pieces: Iterator[list[Group]] | None = None

    def run(self) -> None:
        """A first start to a clean end, and a second start that ends nowhere.

        A checkpoint is under way at each end.
        """
        store = SmallLog(self._folder, CLUSTER)
        store.open()
        self._step(store, lambda: store.begin(7))
        for number in range(1, 31):
            own = [self._own(OWN[0], number) for _ in range(1 + 3 * (number % 5 == 0))]
            # A turn may be there for a piece alone.
            self._turn_of(store, own if number % 3 else [], number if number % 4 == 0 else None)
            if not number % 3:
                self._turn_of(store, own, None)
        self._pieces = None
        self._begin_sync(store, takes=False)
        last = self._members(40)
        self._step(store, lambda: store.close(last, ()), closes=True)
        store = SmallLog(self._folder, CLUSTER)
        self._ledger = merged(store.open().groups)
        self._done(read_state(connection(store)), 0)
        self._step(store, lambda: store.begin(8))
        self._version = 0
        for number in range(41, 49):
            self._turn_of(store, [self._own(OWN[1], number)], None)

    def _turn_of(self, store: Store, own: list[Write], members: int | None) -> None:
        """One transaction, as a journal makes it, and what is heard before and during it."""
        for _ in range(3):
            self._hear(store)
        changes = None
        if members is not None:
            self._begin_sync(store)
            changes = self._members(members)
        if self._pieces is None and self._turn % 3 == 1:
            store.begin_checkpoint()
            self._pieces = checkpoint(self._ledger, PIECE)
        self._turn += 1
        piece = self._piece(store)
        self._hear(store)
        self._step(store, lambda: store.commit(own, changes, piece), own)
        if piece == []:
            self.checkpoints += 1

    def _piece(self, store: Store) -> list[Group] | None:
        if self._pieces is None:
            return None
        piece = next(self._pieces, [])
        if not self.hasty:
            self._begin_sync(store)
        if not piece:
            self._pieces = None
        return piece

    def _begin_sync(self, store: Store, *, takes: bool = True) -> None:
        """Lets the next transaction have what was recorded; without `takes` it does so itself."""
        if takes:
            store.begin_sync()
        self._taken += self._recorded
        self._recorded = []

    def _step(
        self,
        store: Store,
        call: Callable[[], None],
        own: list[Write] | None = None,
        *,
        closes: bool = False,
    ) -> None:
        self._shim.mark(f"begin {len(self.states)}")
        call()
        written = [group for write in own or () for group in write.groups]
        # The node merges its own writes once they are on the disk.
        for group in written:
            self._ledger.apply(group)
        for group in (*written, *self._taken):
            self._kept.apply(group)
        self._taken = []
        if not closes:
            amount = sum(group.entries[0].count > 0 for group in written)
            self._done(read_state(connection(store)), amount)

    def _done(self, state: State, amount: int) -> None:
        self._shim.mark(f"done {len(self.states)}")
        self.states.append(state)
        self.least.append(holdings(self._kept))
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
        self.known.add(owner, entry)
        return Write(self._version, (Group(owner, self._version - 1, self._version, [entry]),))

    def _hear(self, store: Store) -> None:
        """One of two others counts, under long names, so that records cross sectors.

        Now and then a push is lost, so that the next one is beyond a gap, which is closed later.
        """
        turn = len(self.heard) + 1
        owner = bytes([turn % 2]) * 16
        lost = turn % 11 == 0
        for _ in range(1 + lost):
            version = self.known.newest(owner) + 1
            name = "n" * (30 + 7 * version % 8)
            self.known.add(owner, Entry(version, name, 0, 10 * version))
        since = version - 1 if lost else self._ledger.have(owner)
        group = Group(owner, since, version, self.known.since(owner, since))
        # It is recorded as `Writes` does it.
        have = self._ledger.have(owner)
        self._ledger.apply(group)
        group = structs.replace(group, since=have, upto=self._ledger.have(owner))
        self.heard.append(group)
        self._recorded.append(group)
        self._heard.apply(group)
        self.shown.append(holdings(self._heard))
        store.record(group)
        self._shim.mark(f"heard {turn}")

    def _members(self, number: int) -> Changes:
        """Members that come and go."""
        first = number % 3
        members = tuple(Claim(f"10.0.0.{n}:1", number, 1, 0) for n in range(first, 5))
        gone = tuple(f"10.0.0.{n}:1" for n in range(first))
        return Changes(7, members, (members[0].id,), gone)
