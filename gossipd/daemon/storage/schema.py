"""The tables of a node's file, and the node's state as rows in them.

The counters' rows are in a log (`log`). All else has a row for each thing, which is replaced when
it changes.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from gossipd.protocol import Changes, Claim, Group, State, Write

from .earlier import drop_tables, has_table, read_tables
from .log import PIECE, TABLE, Log, in_pieces, put_packed, read_log

FILE = "gossipd.db"
"""The name of the file in a node's directory."""

VERSION = 5
"""The version of the schema, which SQLite keeps as `user_version`.

Versions 1 to 4 have no log (`earlier`). Version 1 has no `gone` either.
"""

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT;
CREATE TABLE members (
    id TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    state INTEGER NOT NULL,
    accuser TEXT NOT NULL,
    removed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""
GONE = """
-- gone has the dead and left members and those that are forgotten; since is 0 for the latter.
CREATE TABLE IF NOT EXISTS gone (
    id TEXT PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""
LATER = (GONE, TABLE)
"""Tables that files of earlier versions may lack."""

_KINDS = {
    "log": [("groups", "blob")],
    "owners": [("owner", "blob"), ("have", "integer")],
    "entries": [
        *[("owner", "blob"), ("name", "text"), ("slot", "integer")],
        *[(column, "integer") for column in ("version", "floor", "count")],
    ],
    "members": [
        *[("id", "text"), ("accuser", "text")],
        *[(column, "integer") for column in ("generation", "incarnation", "state", "removed")],
    ],
}
# Each cluster id is written as a number of eight hexadecimal digits.
_IDS = re.compile(r"(?:[0-9a-f]{8}(?: [0-9a-f]{8})*)?")
_OWNER = re.compile(r"[0-9a-f]{32}")
CLUSTER_IDS = "cluster ids"
STRAYED = "strayed"
LINE = "line"
NODE_ID = "node id"
_CHECKPOINT_BYTES = "checkpoint bytes"
PUT_META = "INSERT OR REPLACE INTO meta VALUES (?, ?)"


def put_line(connection: sqlite3.Connection, writes: Sequence[Write]) -> None:
    """Writes the owner id that the last of these writes drew, if any did. Raises sqlite3.Error."""
    lines = [write.line for write in writes if write.line]
    if lines:
        connection.execute(PUT_META, (LINE, lines[-1].hex()))


def upgrade(connection: sqlite3.Connection, groups: Iterable[Group]) -> None:
    """Puts what a file of an earlier version has into the tables of this one.

    Raises sqlite3.Error.
    """
    for table in LATER:
        connection.execute(table)
    put_all(connection, groups)
    drop_tables(connection)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def put_all(connection: sqlite3.Connection, groups: Iterable[Group]) -> None:
    """Puts groups into an empty log, as a checkpoint. Raises sqlite3.Error."""
    size = 0
    for number, piece in enumerate(in_pieces(groups, PIECE), 1):
        size += put_packed(connection, number, piece)
    put_checkpoint_bytes(connection, size)


def put_checkpoint_bytes(connection: sqlite3.Connection, size: int) -> None:
    """Writes how many bytes the last checkpoint has, before compression. Raises sqlite3.Error."""
    connection.execute(PUT_META, (_CHECKPOINT_BYTES, size))


def checkpoint_bytes(connection: sqlite3.Connection) -> int:
    """Returns what was written so, 0 if nothing was. Raises sqlite3.Error."""
    query = "SELECT value FROM meta WHERE key = ?"
    return next((int(size) for (size,) in connection.execute(query, (_CHECKPOINT_BYTES,))), 0)


def put_members(connection: sqlite3.Connection, changes: Changes) -> None:
    """Writes what changed of members, in place of older rows. Raises sqlite3.Error."""
    removed = frozenset(changes.removed)
    rows = [
        (each.id, each.generation, each.incarnation, each.state, each.accuser, each.id in removed)
        for each in changes.members
    ]
    connection.executemany("INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?, ?, ?)", rows)
    drop = [(member,) for member in (*[each.id for each in changes.members], *changes.forgotten)]
    connection.executemany("DELETE FROM gone WHERE id = ?", drop)
    gone = {**changes.gone_since, **dict.fromkeys(changes.apart, 0)}
    connection.executemany("INSERT INTO gone VALUES (?, ?)", gone.items())


def drop_members(connection: sqlite3.Connection, gone: Iterable[str]) -> None:
    """Deletes the rows of members. Raises sqlite3.Error."""
    connection.executemany("DELETE FROM members WHERE id = ?", [(member,) for member in gone])


def put_identity(connection: sqlite3.Connection, kept: Changes | State) -> None:
    """Writes which cluster the node belongs to. Raises sqlite3.Error."""
    ids = " ".join(f"{each:08x}" for each in kept.cluster_ids)
    connection.executemany(PUT_META, [(CLUSTER_IDS, ids), (STRAYED, int(kept.strayed))])


def _read_gone(connection: sqlite3.Connection) -> dict[str, int]:
    """Returns the rows of `gone`; none of a file of an earlier version that is only read."""
    if not has_table(connection, "gone"):
        return {}
    return dict(connection.execute("SELECT id, since FROM gone ORDER BY id"))


def put_state(connection: sqlite3.Connection, state: State) -> None:
    """Writes a whole state into empty tables. Raises sqlite3.Error."""
    put_all(connection, state.groups)
    changes = Changes(
        members=state.members,
        removed=state.removed,
        forgotten=state.apart,
        gone_since=state.gone_since,
        apart=state.apart,
    )
    put_members(connection, changes)
    put_identity(connection, state)
    connection.execute(PUT_META, ("generation", state.generation))
    connection.executemany(PUT_META, [(LINE, state.line.hex()), (NODE_ID, state.node_id)])


def read_state(connection: sqlite3.Connection) -> State:
    """Returns all that a file holds. Raises sqlite3.Error."""
    query = "SELECT max(value) FROM meta WHERE key = 'generation'"
    [generation] = connection.execute(query).fetchone()
    members, removed = [], []
    for row in connection.execute("SELECT * FROM members ORDER BY id"):
        members.append(Claim(*row[:5]))
        if row[5]:
            removed.append(row[0])
    gone = _read_gone(connection)
    ids, strayed = _read_identity(connection)
    has_log = has_table(connection, "log")
    groups = read_log(connection) if has_log else Log((), tuple(read_tables(connection)))
    return State(
        generation or 0,
        tuple(members),
        tuple(removed),
        groups,
        {member: since for member, since in gone.items() if since},
        tuple(member for member, since in gone.items() if not since),
        ids,
        strayed,
        _read_line(connection),
        _read_node_id(connection),
    )


def _read_line(connection: sqlite3.Connection) -> bytes:
    """Returns the owner id that was drawn last; empty for a file of a version without lines."""
    query = "SELECT value FROM meta WHERE key = ?"
    for (line,) in connection.execute(query, (LINE,)):
        if _OWNER.fullmatch(str(line)):
            return bytes.fromhex(line)
    return b""


def _read_node_id(connection: sqlite3.Connection) -> str:
    """Returns the id of the last process; empty for a file of a version that does not keep it."""
    query = "SELECT value FROM meta WHERE key = ?"
    return next((str(each) for (each,) in connection.execute(query, (NODE_ID,))), "")


def _read_identity(connection: sqlite3.Connection) -> tuple[tuple[int, ...], bool]:
    """Returns which cluster the node belongs to; none for a file of a version without ids."""
    query = "SELECT key, value FROM meta WHERE key IN (?, ?)"
    found = dict(connection.execute(query, (CLUSTER_IDS, STRAYED)))
    ids = str(found.get(CLUSTER_IDS, "")).split()
    return tuple(int(each, 16) for each in ids), bool(found.get(STRAYED))


def holds_wrong_kinds(connection: sqlite3.Connection) -> bool:
    """Returns whether a value is not of the kind that its column is to have.

    SQLite checks that as it writes, so only damage leaves such a value. Raises sqlite3.Error.
    """
    queries = [
        f"SELECT 1 FROM {table} WHERE " + " OR ".join(f"typeof({c}) <> '{k}'" for c, k in kinds)
        for table, kinds in _KINDS.items()
        if has_table(connection, table)
    ]
    if any(connection.execute(f"{query} LIMIT 1").fetchone() for query in queries):
        return True
    ids = connection.execute("SELECT value FROM meta WHERE key = ?", (CLUSTER_IDS,)).fetchall()
    return not all(_IDS.fullmatch(str(each)) for (each,) in ids)


def open_to_read(path: Path) -> sqlite3.Connection:
    """Returns a connection that only reads, also while a node runs. Raises sqlite3.Error."""
    # Without a log beside it the file is complete and nobody writes to it. Then SQLite need not
    # lock it, which it could not do in a directory that cannot be written.
    whole = not path.with_name(f"{path.name}-wal").exists()
    uri = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if whole else ''}"
    return sqlite3.connect(uri, uri=True)


def check(connection: sqlite3.Connection) -> str | None:
    """Returns the first problem that SQLite finds in the whole file, or None."""
    [verdict] = connection.execute("PRAGMA integrity_check(1)").fetchone()
    return None if verdict == "ok" else str(verdict)
