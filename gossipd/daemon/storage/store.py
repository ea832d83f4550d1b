"""The file in which a node keeps what it must not forget: SQLite in WAL mode.

There is one connection, and one thread at a time uses it. Every commit is synced before it returns.
That an owner is complete up to a version is written in the same transaction as the entries that
make it so. Others' counts are also appended, unsynced, to the log beside it (`unsynced`).
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
from msgspec.structs import replace

from gossipd.protocol import Changes, Group, State, Write

from ..errors import reason
from . import schema
from .files import make_database, may_pass, rewrite_log, size, sync
from .names import Names
from .schema import (
    check,
    drop_members,
    drop_rows,
    drop_writes,
    holds_wrong_kinds,
    merge_writes,
    open_to_read,
    put_group,
    put_identity,
    put_members,
    put_writes,
    read_state,
)
from .synced import LastSynced
from .unsynced import UnsyncedLog

_BUSY_SECONDS = 5.0
_LOG_BYTES = 4 * 2**20
_CACHE_KIB = 512


class StoreError(Exception):
    """The file cannot be used. The text is one line: what, where, and what to do."""


class WriteError(Exception):
    """A transaction failed, and may be on disk or not. The text is the reason in a few words."""


class Store:
    """The file of one node.

    Attributes:
        path: path of the file.
        trouble: why the last attempt to write failed, until `reopen` succeeds; None if it did not.
        shortfall: what `open` found to be missing of what was acknowledged, in one line, or None.
        written: when the last transaction was on disk, in seconds since 1970; None before it.
        bytes: size of its files at the start, and with the last piece of a snapshot.
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
        # The last row of `writes`, and the last one whose entries a snapshot under way has.
        self._number = self._covered = 0
        # What the unsynced log held at the start, until the file has it.
        self._recorded: list[Group] = []

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
            found = self._read_only()
        except StoreError:
            self._disconnect()
            raise
        self._recorded = self._unsynced.read()
        mark = self._synced.read()
        self.shortfall = None if mark is None else mark.shortfall(found.groups)
        if self.shortfall is not None:
            # It is named once.
            self._synced.clear()
        # Whoever reads a state may take its rows out (`in_pieces`), and the file is to get these.
        recorded = [
            replace(each, entries=[*each.entries], said=[*each.said]) for each in self._recorded
        ]
        return attrs.evolve(found, groups=(*found.groups, *recorded))

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
        self.begin(self._generation)
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
            self._open()
        except WriteError as error:
            self.trouble = str(error)
            raise
        self.begin(state.generation)
        self._unsynced.forget()

    def begin(self, generation: int) -> None:
        """Writes that a process of this generation runs, and what the unsynced log held.

        Raises WriteError.
        """
        with self._transaction() as connection:
            connection.executemany(schema.PUT_META, [("generation", generation), ("clean", 0)])
            # The node has what these hold, and hands over only what changes from now on.
            merge_writes(connection)
            for group in self._recorded:
                put_group(connection, group)
        self._number = self._covered = 0
        self._generation = generation
        self._recorded = []
        self.bytes = size(self.path)

    def record(self, group: Group) -> None:
        """Appends a group to the unsynced log, for the next process if this one is killed."""
        self._unsynced.add(group)

    def begin_snapshot(self) -> None:
        """Prepares for a snapshot that begins now, and so has all that was recorded so far."""
        self._unsynced.switch()
        self._covered = self._number

    def commit(self, writes: Sequence[Write], changes: Changes | None = None) -> None:
        """Puts writes, in order, and a piece of a snapshot besides, on disk in one transaction.

        The last piece of a snapshot makes all writes superfluous that were committed before
        `begin_snapshot`: it has their entries.

        Raises WriteError. After that only `reopen` or `close` may be called.
        """
        # One statement is a transaction by itself, for half of the processor time.
        is_one = changes is None and not any(write.line for write in writes)
        with self._transaction(is_one=is_one) as connection:
            if writes:
                put_writes(connection, self._number + 1, writes)
            if changes is not None:
                self._put_changes(connection, changes)
                if not changes.more:
                    drop_writes(connection, self._covered)
        self._number += bool(writes)
        self._synced.note(writes)
        self.commits += 1
        self.writes += len(writes)
        if changes is not None:
            self._generation = changes.generation
            self._identity = (changes.cluster_ids, changes.strayed)
            if not changes.more:
                self._node_id = changes.node_id
                self._unsynced.forget()
            # Here in the writer's thread: a disk that hangs must not stop the loop.
            self.bytes = size(self.path)

    def close(self, changes: Changes | None) -> None:
        """Writes the last changes and that the process ended in good order. Raises WriteError."""
        try:
            with self._transaction() as connection:
                if changes is not None:
                    self._put_changes(connection, changes)
                merge_writes(connection)
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
            connection.executescript(schema.LATER)
            connection.execute(f"PRAGMA user_version = {schema.VERSION}")
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
            return State()
        try:
            with tempfile.TemporaryDirectory() as scratch:
                path = self.path
                if self._log.exists():
                    # To read a log, SQLite writes an index file beside it.
                    path = Path(scratch, self.path.name)
                    shutil.copyfile(self.path, path)
                    shutil.copyfile(self._log, path.with_name(self._log.name))
                with contextlib.closing(open_to_read(path)) as connection:
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

    # Reading

    def _read(self, connection: sqlite3.Connection) -> State:
        [version] = connection.execute("PRAGMA user_version").fetchone()
        if version > schema.VERSION:
            raise StoreError(f"{self.path} was written by a newer gossipd (version {version})")
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        if not meta.get("clean"):
            problem = check(connection)
            if problem is not None:
                raise damaged(self.path, problem)
        if meta.get("cluster") != self._cluster:
            theirs = meta.get("cluster")
            raise StoreError(
                f"{self.path} belongs to the cluster {theirs!r}, not {self._cluster!r}: start with"
                f" --cluster {theirs}, or in another directory to begin with what other nodes hold"
            )
        # After an end in good order the file is not checked as a whole.
        if holds_wrong_kinds(connection):
            raise damaged(self.path, "a value is of the wrong kind")
        state = read_state(connection)
        self._generation = state.generation
        self._node_id = state.node_id
        self._identity = (state.cluster_ids, state.strayed)
        return state

    # Writing

    def _put_changes(self, connection: sqlite3.Connection, changes: Changes) -> None:
        for group in changes.groups:
            put_group(connection, group)
        drop_rows(connection, changes)
        put_members(connection, changes)
        drop_members(connection, changes.forgotten)
        if self._identity != (changes.cluster_ids, changes.strayed):
            put_identity(connection, changes)
        if changes.generation != self._generation:
            connection.execute(schema.PUT_META, ("generation", changes.generation))
        # On a copy of another node's directory that node is among the members by then.
        if changes.node_id != self._node_id and not changes.more:
            connection.execute(schema.PUT_META, (schema.NODE_ID, changes.node_id))


def damaged(path: Path, problem: str) -> StoreError:
    """Returns the error for a file that cannot be read: what, where, and what to do."""
    return StoreError(
        f"{path} is damaged ({' '.join(problem.split())}): put a backup in its place, with no"
        f" {path.name}-wal beside it, or move both away to begin with what other nodes hold"
    )
