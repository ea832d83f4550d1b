"""Reads a whole file, and refuses one that is damaged, newer, or of another cluster."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gossipd.protocol import State

from . import schema
from .schema import check, holds_wrong_kinds, read_state


class StoreError(Exception):
    """The file cannot be used. The text is one line: what, where, and what to do."""


def damaged(path: Path, problem: str) -> StoreError:
    """Returns the error for a file that cannot be read: what, where, and what to do."""
    return StoreError(
        f"{path} is damaged ({' '.join(problem.split())}): put a backup in its place, with no"
        f" {path.name}-wal beside it, or move both away to begin with what other nodes hold"
    )


def read_file(path: Path, connection: sqlite3.Connection, cluster: str) -> State:
    """Returns what the file at `path` holds. Raises StoreError and sqlite3.Error."""
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if version > schema.VERSION:
        raise StoreError(f"{path} was written by a newer gossipd (version {version})")
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    if not meta.get("clean"):
        problem = check(connection)
        if problem is not None:
            raise damaged(path, problem)
    if meta.get("cluster") != cluster:
        theirs = meta.get("cluster")
        raise StoreError(
            f"{path} belongs to the cluster {theirs!r}, not {cluster!r}: start with"
            f" --cluster {theirs}, or in another directory to begin with what other nodes hold"
        )
    # After an end in good order the file is not checked as a whole.
    if holds_wrong_kinds(connection):
        raise damaged(path, "a value is of the wrong kind")
    return read_state(connection)


@contextlib.contextmanager
def only_read(path: Path, log: Path) -> Iterator[sqlite3.Connection]:
    """Yields a connection to a file that cannot be written, or to a copy. Raises OSError."""
    with tempfile.TemporaryDirectory() as scratch:
        if log.exists():
            # To read a log, SQLite writes an index file beside it.
            copy = Path(scratch, path.name)
            shutil.copyfile(path, copy)
            shutil.copyfile(log, copy.with_name(log.name))
            path = copy
        with contextlib.closing(schema.open_to_read(path)) as connection:
            yield connection
