"""The tables of a node's file, and its state as rows of them.

An entry of a counter has one row, which its owner's newer entry replaces, so that the file grows
with slots and not with increments.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from gossipd.protocol import Claim, Entry, Group, State

FILE = "gossipd.db"
"""The name of the file in a node's directory."""

VERSION = 1
"""Of the schema, in SQLite's `user_version`."""

_DECLARED = -1

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT;
CREATE TABLE owners (owner BLOB PRIMARY KEY, have INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- slot is the floor that was counted under, or -1 for the owner's declaration of a floor.
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
_PUT_ENTRY = """
INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
SET version = max(version, excluded.version), count = max(count, excluded.count),
    floor = iif(excluded.version > version, excluded.floor, floor)
WHERE excluded.version > version OR excluded.count > count
"""
# Only who has everything up to `since` has, with a group's entries, everything up to `upto`.
_PUT_OWNER = """
INSERT INTO owners VALUES (:owner, iif(:since = 0, :upto, 0)) ON CONFLICT DO UPDATE
SET have = max(have, :upto) WHERE have >= :since
"""
PUT_META = "INSERT OR REPLACE INTO meta VALUES (?, ?)"


Member = tuple[object, ...]
"""A row of `members`."""


def slot(entry: Entry) -> int:
    """What an entry's row is kept under, beside owner and name."""
    return entry.floor if entry.count else _DECLARED


def member_rows(state: State) -> dict[str, Member]:
    """The rows of a state's members, by id."""
    removed = frozenset(state.removed)
    return {
        claim.id: (
            claim.id,
            claim.generation,
            claim.incarnation,
            claim.state,
            claim.accuser,
            int(claim.id in removed),
        )
        for claim in state.members
    }


def put_group(connection: sqlite3.Connection, group: Group) -> None:
    """Writes a group as `Ledger.apply` merges it. Raises sqlite3.Error."""
    connection.executemany(
        _PUT_ENTRY,
        [
            (group.owner, entry.name, slot(entry), entry.version, entry.floor, entry.count)
            for entry in group.entries
        ],
    )
    connection.execute(_PUT_OWNER, {"owner": group.owner, "since": group.since, "upto": group.upto})


def put_members(connection: sqlite3.Connection, changed: Iterable[Member]) -> None:
    """Writes rows of members. Raises sqlite3.Error."""
    connection.executemany("INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?, ?, ?)", changed)


def drop_members(connection: sqlite3.Connection, gone: Iterable[str]) -> None:
    """Forgets members. Raises sqlite3.Error."""
    connection.executemany("DELETE FROM members WHERE id = ?", [(member,) for member in gone])


def read_state(connection: sqlite3.Connection) -> State:
    """All that a file holds. Raises sqlite3.Error."""
    query = "SELECT max(value) FROM meta WHERE key = 'generation'"
    [generation] = connection.execute(query).fetchone()
    entries: dict[bytes, list[Entry]] = {}
    for owner, name, version, floor, count in connection.execute(
        "SELECT owner, name, version, floor, count FROM entries ORDER BY owner, version"
    ):
        entries.setdefault(owner, []).append(Entry(version, name, floor, count))
    groups = [
        Group(owner, 0, have, entries.get(owner, []))
        for owner, have in connection.execute("SELECT owner, have FROM owners ORDER BY owner")
    ]
    members, removed = [], []
    for row in connection.execute("SELECT * FROM members ORDER BY id"):
        members.append(Claim(*row[:5]))
        if row[5]:
            removed.append(row[0])
    return State(generation or 0, tuple(members), tuple(removed), tuple(groups))


def open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, also while a node has the file. Raises sqlite3.Error."""
    # Without a log beside it nothing is missing, and so the file need not be locked, which a
    # directory that cannot be written does not allow.
    whole = not path.with_name(f"{path.name}-wal").exists()
    uri = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if whole else ''}"
    return sqlite3.connect(uri, uri=True)


def check(connection: sqlite3.Connection) -> str | None:
    """The first problem that SQLite finds in the whole file, None if there is none."""
    [verdict] = connection.execute("PRAGMA integrity_check(1)").fetchone()
    return None if verdict == "ok" else str(verdict)
