"""The making of a database file, the syncs that SQLite does not do, and which errors pass."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from gossipd.protocol import State

from . import schema

_PASSING = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
)


def make_database(path: Path, log: Path, cluster: str, state: State) -> None:
    """Makes a database that holds a state. It gets its name only when it is whole and synced.

    A log that is left of a file with that name is removed first: it would be read into the new one.
    Raises sqlite3.Error and OSError.
    """
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    if log.exists():
        log.unlink()
        sync(path.parent)
    with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        connection.executescript(f"BEGIN; {schema.SCHEMA} {' '.join(schema.LATER)} COMMIT;")
        connection.execute("BEGIN")
        connection.executemany(schema.PUT_META, [("cluster", cluster), ("clean", 1)])
        if state != State():
            schema.put_state(connection, state)
        connection.execute("COMMIT")
        connection.execute(f"PRAGMA user_version = {schema.VERSION}")
    sync(draft)
    draft.rename(path)


def rewrite_log(log: Path) -> bool:
    """Writes the log over itself and syncs it. Returns whether all of it could be written.

    After a failed sync, part of what can be read of the log may be only in the page cache. SQLite
    moves the log's content into the file when it opens or closes the file. A power cut during that
    would leave pages that are neither old nor new, and no log on the disk to mend them.

    Raises OSError.
    """
    try:
        with log.open("r+b", buffering=0) as file:
            content = file.read()
            file.seek(0)
            if file.write(content) != len(content):
                return False
            os.fsync(file.fileno())
    except FileNotFoundError:
        pass
    return True


def size(path: Path) -> int:
    """Returns the bytes of a database file and of those beside it, as far as they can be found."""
    found = 0
    # A file may go meanwhile.
    with contextlib.suppress(OSError):
        for each in path.parent.glob(f"{path.name}*"):
            found += each.stat().st_size
    return found


def sync(path: Path) -> None:
    """Syncs a file or a directory. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def may_pass(error: sqlite3.DatabaseError) -> bool:
    """Returns whether an error of SQLite may pass without a change of the file."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _PASSING
