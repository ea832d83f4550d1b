"""The file in which a node keeps what it must not forget: SQLite in WAL mode.

There is one connection, and one thread at a time uses it. Every commit is synced before it returns.
What is written and what is recorded of the counters is appended to the table `log`. Others' counts
are first appended, unsynced, to files beside it (`unsynced`).
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from gossipd.protocol import Changes, Group, State, Write

from ..errors import reason
from . import schema
from .files import make_database, may_pass, rewrite_log, size, sync
from .growth import GrowingLog
from .log import Log, chained
from .names import Names
from .reading import StoreError, damaged, only_read, read_file
from .schema import drop_members, put_identity, put_line, put_members, upgrade
from .synced import LastSynced
from .unsynced import UnsyncedLog

_BUSY_SECONDS = 5.0
_LOG_BYTES = 4 * 2**20
_CACHE_KIB = 512


class WriteError(Exception):
    """A transaction failed, and may be on disk or not. The text is the reason in a few words."""


class Store:
    """The file of one node.

    Attributes:
        path: path of the file.
        trouble: why the last attempt to write failed, until `reopen` succeeds; None if it did not.
        shortfall: what `open` found to be missing of what was acknowledged, in one line, or None.
        written: when the last transaction was on disk, in seconds since 1970; None before it.
        bytes: size of its files at the start, and after the last sync without a piece of a
            checkpoint.
        commits, writes: number of transactions so far, and of the node's writes in them.
    """

    def __init__(self, directory: Path, cluster: str) -> None:
        self.path = directory / schema.FILE
        self._log = directory / f"{schema.FILE}-wal"
        self._unsynced = UnsyncedLog(self.path, cluster)
        self._synced = LastSynced(self.path)
        self._names = Names(self.path, self._log)
        self.trouble: str | None = None
        self.shortfall: str | None = None
        self.written: float | None = None
        self.bytes = 0
        self.commits = 0
        self.writes = 0
        self._cluster = cluster
        self._connection: sqlite3.Connection | None = None
        self._generation = 0
        self._node_id = ""
        self._identity: tuple[tuple[int, ...], bool] = ((), False)
        self._growing = GrowingLog()
        # What was recorded and is to be in the next transaction.
        self._taken: list[bytes] = []
        # What the unsynced log held at the start, until the file has it.
        self._recorded: tuple[Group, ...] = ()

    def open(self) -> State:
        """Opens the file, which is made if it is missing, and returns what it holds.

        If the file can only be read, or cannot be made, `trouble` says why. Raises StoreError if
        the file is damaged, newer than this program, or of another cluster.
        """
        self._names.note_directory()
        try:
            found = self._open()
        except WriteError as error:
            self.trouble = str(error)
            self._growing.lacks()
            found = self._read_only()
        except StoreError:
            self._disconnect()
            raise
        self._recorded = tuple(self._unsynced.read())
        mark = self._synced.read()
        self.shortfall = None if mark is None else mark.shortfall(found.groups)
        if self.shortfall is not None:
            # It is named once.
            self._synced.clear()
        return attrs.evolve(found, groups=chained(found.groups, self._recorded))

    def reopen(self) -> State:
        """Opens the file anew, writes to it, and returns what it really holds.

        Raises WriteError if it still cannot be written, StoreError if it cannot be used.
        """
        obstacle = self._names.obstacle()
        if obstacle is not None:
            raise WriteError(obstacle)
        self._renew_log()
        self._disconnect()
        found = self._open()
        self._begin(self._generation)
        self.trouble = None
        return found

    def lost(self) -> str | None:
        """Returns the names of files that are open and were taken away, or None.

        Another process could not find these files. Only `renew` brings them back.
        """
        # The note of the last write finds its name again by itself.
        self._synced.close()
        return self._names.lost()

    def renew(self, state: State) -> None:
        """Writes a new file with this state in place of what was taken away, and opens it.

        Raises WriteError if that cannot be, and StoreError if the new file cannot be used.
        """
        try:
            obstacle = self._names.obstacle()
            if obstacle is not None:
                raise WriteError(obstacle)
            # The new file takes the old one's name before that is closed. SQLite then neither
            # moves the old log into the old file nor removes a log of that name.
            self._make(state)
            self._disconnect()
            self._growing = GrowingLog()
            self._open()
        except WriteError as error:
            self.trouble = str(error)
            self._growing.lacks()
            raise
        self._begin(state.generation)
        self._unsynced.forget()

    def begin(self, generation: int) -> None:
        """Writes that a process of this generation runs, and what the unsynced log held.

        It is called before anything is recorded. Raises WriteError.
        """
        recorded = self._recorded
        self._begin(generation)
        if recorded:
            with contextlib.suppress(OSError):
                self._unsynced.clear()

    def _begin(self, generation: int) -> None:
        with self._transaction() as connection:
            connection.executemany(schema.PUT_META, [("generation", generation), ("clean", 0)])
            if self._recorded:
                self._growing.put(connection, self._recorded)
        self._generation = generation
        self._recorded = ()
        self.bytes = size(self.path)

    def record(self, group: Group) -> None:
        """Appends a group to the unsynced log, for the next process if this one is killed."""
        self._unsynced.add(group)

    def begin_sync(self) -> bool:
        """Lets the next transaction have all that was recorded. Returns whether it is any."""
        taken, is_all = self._unsynced.take()
        self._taken += taken
        if not is_all:
            self._growing.lacks()
        return bool(taken)

    def wants_checkpoint(self) -> bool:
        """Returns whether a checkpoint is to begin."""
        return self._growing.wants_checkpoint()

    def begin_checkpoint(self) -> None:
        """Takes note that a checkpoint begins now, in place of one that is under way."""
        self._growing.begin_checkpoint()

    def commit(
        self,
        writes: Sequence[Write],
        changes: Changes | None = None,
        piece: Sequence[Group] | None = None,
    ) -> None:
        """Puts all of it on disk in one transaction, and what `begin_sync` took besides.

        Args:
            writes: in order.
            changes: of members.
            piece: of a checkpoint, in order; empty: it has ended. `begin_sync` was called after it
                was read.

        Raises WriteError. After that only `reopen` or `close` may be called.
        """
        taken, self._taken = self._taken, []
        drawn = any(write.line for write in writes)
        # One statement is a transaction by itself, for half of the processor time.
        is_one = changes is None and piece is None and not taken and not drawn
        with self._transaction(is_one=is_one) as connection:
            # A piece may complete what a write goes on from, so it comes before. Writes take effect
            # only after the commit.
            if taken:
                self._growing.put_encoded(connection, taken)
            if piece is not None:
                self._growing.put_piece(connection, piece)
            if writes:
                groups = [group for write in writes for group in write.groups]
                self._growing.put(connection, groups)
                put_line(connection, writes)
            if changes is not None:
                self._put_changes(connection, changes)
        self._synced.note(writes)
        self.commits += 1
        self.writes += len(writes)
        if not is_one:
            if not self._growing.lacking:
                self._unsynced.forget()
            # Here in the writer's thread: a disk that hangs must not stop the loop.
            self.bytes = self.bytes if piece else size(self.path)
        if changes is not None:
            self._generation = changes.generation
            self._identity = (changes.cluster_ids, changes.strayed)
            if not changes.more:
                self._node_id = changes.node_id

    def close(self, changes: Changes | None, pieces: Iterable[Sequence[Group]]) -> None:
        """Writes the last changes and that the process ended in good order.

        If the file may lack something, the pieces of a checkpoint are read and written as well.
        Raises WriteError.
        """
        try:
            self.begin_sync()
            with self._transaction() as connection:
                if self._taken:
                    self._growing.put_encoded(connection, self._taken)
                if self._growing.lacking:
                    self._growing.begin_checkpoint()
                    for piece in (*pieces, ()):
                        self._growing.put_piece(connection, piece)
                if changes is not None:
                    self._put_changes(connection, changes)
                connection.execute(schema.PUT_META, ("clean", 1))
            with contextlib.suppress(OSError):
                self._unsynced.clear()
        except WriteError:
            with contextlib.suppress(WriteError):
                self._renew_log()
            raise
        finally:
            self._disconnect()

    # The connection

    def _open(self) -> State:
        if not self.path.exists():
            # What is left beside a file that was moved away would be read into the new file.
            self._make()
        self._renew_log()
        try:
            self._connection = connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS
            )
            [mode] = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            connection.execute("PRAGMA synchronous = FULL")
            # Writes come in the order of the file, so that a small cache does.
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            # On macOS a plain fsync leaves data in the drive's cache.
            connection.execute("PRAGMA fullfsync = ON")
            # A log that grew while somebody read is cut back to this size when it begins anew.
            connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
            found = self._read(connection)
            if connection.execute("PRAGMA user_version").fetchone() != (schema.VERSION,):
                found = self._upgraded(connection, found)
            self._growing.begin(connection)
            # If a reader of an older state is in the way, the log is kept.
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            connection.execute(f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1000)}")
            # SQLite does not report that it could not make the names of its files durable.
            sync(self.path.parent)
            self._names.note_files()
        except sqlite3.DatabaseError as error:
            raise self._failure(error) from None
        except OSError as error:
            raise WriteError(reason(error)) from None
        if mode != "wal":
            raise WriteError("its log cannot be used")
        return found

    def _renew_log(self) -> None:
        """Writes the log over itself and syncs it. Raises WriteError."""
        try:
            if not rewrite_log(self._log):
                raise WriteError("its log cannot be written")
        except OSError as error:
            raise WriteError(reason(error)) from None

    def _read_only(self) -> State:
        """Returns what can be read of a file that cannot be written; nothing if there is no file.

        After a failed sync, the end of the log may be readable and not on the disk. So what was
        never acknowledged may be shown, and be gone after a power cut.
        """
        self._disconnect()
        if not self.path.exists():
            return State(groups=Log())
        try:
            with only_read(self.path, self._log) as connection:
                return self._read(connection)
        except sqlite3.DatabaseError as error:
            failure = self._failure(error)
            if isinstance(failure, StoreError):
                raise failure from None
            raise StoreError(f"cannot read {self.path}: {failure}") from None
        except OSError as error:
            raise StoreError(f"cannot read {self.path}: {reason(error)}") from None

    def _disconnect(self) -> None:
        self._names.forget_files()
        self._synced.close()
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _failure(self, error: sqlite3.DatabaseError) -> StoreError | WriteError:
        """Returns WriteError for what may pass, such as a full disk, else StoreError for damage."""
        if may_pass(error):
            return WriteError(str(error))
        return damaged(self.path, str(error))

    @contextlib.contextmanager
    def _transaction(self, *, is_one: bool = False) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        try:
            if connection is None:
                raise WriteError("the file is not open")
            try:
                if not is_one:
                    connection.execute("BEGIN IMMEDIATE")
                yield connection
                if not is_one:
                    connection.execute("COMMIT")
                self.written = time.time()
            except sqlite3.Error as error:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise WriteError(str(error)) from None
        except WriteError as error:
            self.trouble = str(error)
            self._growing.lacks()
            raise

    def _make(self, state: State | None = None) -> None:
        """Makes the file, with a state that goes on or none. Raises WriteError."""
        try:
            if state is None:
                self._unsynced.clear()
            make_database(self.path, self._log, self._cluster, state or State())
        except sqlite3.Error as error:
            raise WriteError(str(error)) from None
        except OSError as error:
            raise WriteError(reason(error)) from None

    # Reading and writing

    def _read(self, connection: sqlite3.Connection) -> State:
        state = read_file(self.path, connection, self._cluster)
        self._generation = state.generation
        self._node_id = state.node_id
        self._identity = (state.cluster_ids, state.strayed)
        return state

    def _upgraded(self, connection: sqlite3.Connection, found: State) -> State:
        """Brings a file of an earlier version to this one. Returns what it holds then."""
        connection.execute("BEGIN IMMEDIATE")
        upgrade(connection, found.groups)
        found = self._read(connection)
        connection.execute("COMMIT")
        return found

    def _put_changes(self, connection: sqlite3.Connection, changes: Changes) -> None:
        put_members(connection, changes)
        drop_members(connection, changes.forgotten)
        if self._identity != (changes.cluster_ids, changes.strayed):
            put_identity(connection, changes)
        if changes.generation != self._generation:
            connection.execute(schema.PUT_META, ("generation", changes.generation))
        # On a copy of another node's directory that node is among the members by then.
        if changes.node_id != self._node_id and not changes.more:
            connection.execute(schema.PUT_META, (schema.NODE_ID, changes.node_id))
