"""The tables of a node's file, and the node's state as rows in them.

Each slot of a counter has one row. A newer entry of its owner replaces the row, so that the file
grows with the number of slots and not with the number of increments.

The node's own writes are first put as they are, each transaction's in one row of `writes`. Rows of
many counters lie on as many pages of the file, and to change all of them would write all these
pages in each transaction. The entries themselves follow once a second, with all that changed.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from gossipd.protocol import Changes, Claim, Entry, Group, Said, State, Write

from .closed import TABLE, put_closed, read_closed
from .merging import VERSION_OF, with_writes
from .upserts import put_entries, put_said

FILE = "gossipd.db"
"""The name of the file in a node's directory."""

VERSION = 4
"""The version of the schema, which SQLite keeps as `user_version`.

Version 1 has no `writes`, version 2 no `said`, and version 3 no `closed`.
"""

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT;
CREATE TABLE owners (owner BLOB PRIMARY KEY, have INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- slot is the floor that was counted under, or -1 for the owner's declaration of a floor. It is 0
-- for every counter but 'default', which has no floors.
CREATE TABLE entries (
    owner BLOB NOT NULL,
    name TEXT NOT NULL,
    slot INTEGER NOT NULL,
    version INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (owner, name, slot)
) STRICT, WITHOUT ROWID;
CREATE TABLE members (
    id TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    state INTEGER NOT NULL,
    accuser TEXT NOT NULL,
    removed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""
LATER = f"""
{TABLE}
-- gone has the dead and left members and those that are forgotten; since is 0 for the latter.
CREATE TABLE IF NOT EXISTS gone (
    id TEXT PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- groups has what one transaction wrote, as a list of groups in MessagePack.
CREATE TABLE IF NOT EXISTS writes (
    number INTEGER PRIMARY KEY,
    groups BLOB NOT NULL
) STRICT;
-- said has the rows that say more than an entry, in MessagePack. source is empty for the owner.
CREATE TABLE IF NOT EXISTS said (
    owner BLOB NOT NULL,
    name TEXT NOT NULL,
    source BLOB NOT NULL,
    version INTEGER NOT NULL,
    row BLOB NOT NULL,
    PRIMARY KEY (owner, name, source)
) STRICT, WITHOUT ROWID;
"""
"""Tables that files of earlier versions lack. These versions leave them alone."""

# A group has the entries after `since`. So they complete an owner up to `upto` only where the rows
# were complete up to `since`.
_PUT_OWNER = """
INSERT INTO owners VALUES (:owner, iif(:since = 0, :upto, 0)) ON CONFLICT DO UPDATE
SET have = :upto WHERE have >= :since AND have < :upto
"""
_KINDS = {
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
_encode = msgspec.msgpack.Encoder().encode


class _Kept(msgspec.Struct, array_like=True):
    """The same as `Group`, without the bounds that it has on the wire."""

    owner: bytes
    since: int
    upto: int
    entries: list[Entry]
    said: list[Said] = []


_decode = msgspec.msgpack.Decoder(list[_Kept]).decode
_decode_said = msgspec.msgpack.Decoder(Said).decode
# Each cluster id is written as a number of eight hexadecimal digits.
_IDS = re.compile(r"(?:[0-9a-f]{8}(?: [0-9a-f]{8})*)?")
_OWNER = re.compile(r"[0-9a-f]{32}")
CLUSTER_IDS = "cluster ids"
STRAYED = "strayed"
LINE = "line"
NODE_ID = "node id"
PUT_META = "INSERT OR REPLACE INTO meta VALUES (?, ?)"


def put_group(connection: sqlite3.Connection, group: Group) -> None:
    """Merges a group into the tables, as `Ledger.apply` does in memory. Raises sqlite3.Error."""
    put_entries(connection, group.owner, group.entries)
    put_said(connection, group.owner, put_closed(connection, group.owner, group.said))
    connection.execute(_PUT_OWNER, {"owner": group.owner, "since": group.since, "upto": group.upto})


def put_writes(connection: sqlite3.Connection, number: int, writes: Sequence[Write]) -> None:
    """Puts writes as they are, under this number. Raises sqlite3.Error."""
    groups = [group for write in writes for group in write.groups]
    connection.execute("INSERT INTO writes VALUES (?, ?)", (number, _encode(groups)))
    lines = [write.line for write in writes if write.line]
    if lines:
        connection.execute(PUT_META, (LINE, lines[-1].hex()))


def merge_writes(connection: sqlite3.Connection) -> None:
    """Puts the entries of all writes into the tables, and deletes these. Raises sqlite3.Error."""
    for number, groups in read_writes(connection):
        for group in groups:
            put_group(connection, group)
        drop_writes(connection, number)


def drop_writes(connection: sqlite3.Connection, upto: int) -> None:
    """Deletes writes whose entries are in the tables by now. Raises sqlite3.Error."""
    connection.execute("DELETE FROM writes WHERE number <= ?", (upto,))


def read_writes(connection: sqlite3.Connection) -> Iterator[tuple[int, list[Group]]]:
    """Yields each number of `writes` with its groups, in order. A file may lack the table.

    Raises sqlite3.Error, also for what is no list of groups.
    """
    if not _has_table(connection, "writes"):
        return
    query = "SELECT number, groups FROM writes ORDER BY number"
    for number, groups in connection.execute(query):
        try:
            yield number, [Group(*msgspec.structs.astuple(each)) for each in _decode(groups)]
        except (msgspec.DecodeError, RecursionError, TypeError) as error:
            raise sqlite3.DatabaseError(f"write {number} cannot be read: {error}") from None


def drop_rows(connection: sqlite3.Connection, changes: Changes) -> None:
    """Deletes rows that are no longer to be kept. Raises sqlite3.Error."""
    for owner, slot in changes.dropped:
        name, source = slot if isinstance(slot, tuple) else (slot, b"")
        keys = (owner, name, source)
        connection.execute("DELETE FROM said WHERE (owner, name, source) = (?, ?, ?)", keys)
        if not source:
            connection.execute("DELETE FROM entries WHERE (owner, name) = (?, ?)", (owner, name))
    gone = [(owner,) for owner in changes.closed]
    for table in ("owners", "entries", "said", "closed") if gone else ():
        connection.executemany(f"DELETE FROM {table} WHERE owner = ?", gone)


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    query = "SELECT count(*) FROM sqlite_master WHERE name = ?"
    return bool(connection.execute(query, (name,)).fetchone()[0])


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
    if not _has_table(connection, "gone"):
        return {}
    return dict(connection.execute("SELECT id, since FROM gone ORDER BY id"))


def put_state(connection: sqlite3.Connection, state: State) -> None:
    """Writes a whole state into empty tables. Raises sqlite3.Error."""
    for group in state.groups:
        put_group(connection, Group(group.owner, 0, group.upto, group.entries, group.said))
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
    entries: dict[bytes, list[Entry]] = {}
    for owner, name, version, floor, count in connection.execute(
        "SELECT owner, name, version, floor, count FROM entries ORDER BY owner, version"
    ):
        entries.setdefault(owner, []).append(Entry(version, name, floor, count))
    said = _read_said(connection)
    groups = [
        Group(owner, 0, have, entries.get(owner, []), said.get(owner, []))
        for owner, have in connection.execute("SELECT owner, have FROM owners ORDER BY owner")
    ]
    members, removed = [], []
    for row in connection.execute("SELECT * FROM members ORDER BY id"):
        members.append(Claim(*row[:5]))
        if row[5]:
            removed.append(row[0])
    gone = _read_gone(connection)
    ids, strayed = _read_identity(connection)
    written = [group for _, some in read_writes(connection) for group in some]
    return State(
        generation or 0,
        tuple(members),
        tuple(removed),
        tuple(with_writes(groups, written)),
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


def _read_said(connection: sqlite3.Connection) -> dict[bytes, list[Said]]:
    """Returns the rows of `said` and `closed` by owner; a file of an earlier version has none."""
    found: dict[bytes, list[Said]] = {}
    if _has_table(connection, "said"):
        query = "SELECT owner, row FROM said ORDER BY owner, version"
        for owner, row in connection.execute(query):
            try:
                found.setdefault(owner, []).append(_decode_said(row))
            except (msgspec.DecodeError, RecursionError, TypeError) as error:
                raise sqlite3.DatabaseError(f"a row of said cannot be read: {error}") from None
    if _has_table(connection, "closed"):
        for owner, rows in read_closed(connection).items():
            both = [*found.get(owner, ()), *rows.values()]
            found[owner] = sorted(both, key=VERSION_OF)
    return found


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
