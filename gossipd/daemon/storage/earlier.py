"""The tables in which files of earlier versions have the counters' rows.

Each slot had a row of its own there: in `entries`, or in `said` if it said more. `closed` had the
closed ids that heirs list, many of them in one row. What was written and not yet in these tables
was in `writes`, as it is in the log now.
"""

from __future__ import annotations

import sqlite3
from operator import attrgetter
from typing import Any

import msgspec

from gossipd.protocol import CLOSED, DEFAULT, Entry, Group, Said

from .log import decode

TABLES = ("owners", "entries", "said", "closed", "writes")

# Of these files, whatever the protocol has now.
_ID_BYTES, _DRAWN_BYTES, _IDS_PER_ROW = 16, 6, 4
_REST_BYTES = _ID_BYTES - _DRAWN_BYTES
_decode_said = msgspec.msgpack.Decoder(Said).decode


def read_tables(connection: sqlite3.Connection) -> list[Group]:
    """Returns the groups that a file of an earlier version has, in the order to merge them.

    Raises sqlite3.Error, also for what cannot be read.
    """
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
    for _, row in _rows(connection, "writes", "number, groups", "number"):
        groups += decode(row)
    return groups


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    """Returns whether the file has a table, which one of an earlier version may lack.

    Raises sqlite3.Error.
    """
    query = "SELECT count(*) FROM sqlite_master WHERE name = ?"
    return bool(connection.execute(query, (name,)).fetchone()[0])


def drop_tables(connection: sqlite3.Connection) -> None:
    """Deletes the tables. Raises sqlite3.Error."""
    for name in TABLES:
        connection.execute(f"DROP TABLE IF EXISTS {name}")


def _read_said(connection: sqlite3.Connection) -> dict[bytes, list[Said]]:
    found: dict[bytes, list[Said]] = {}
    for owner, row in _rows(connection, "said", "owner, row", "owner, version"):
        found.setdefault(owner, []).append(_said(row))
    closed: dict[bytes, dict[bytes, Said]] = {}
    columns = "owner, version, rest, ids"
    for owner, version, rest, ids in _rows(connection, "closed", columns, "owner, version"):
        if len(rest) != _REST_BYTES or not ids or len(ids) % _DRAWN_BYTES:
            raise sqlite3.DatabaseError("a row of closed cannot be read")
        rows = _listing(version, rest, ids)
        closed.setdefault(owner, {}).update({row.source: row for row in rows})
    for owner, listing in closed.items():
        both = [*found.get(owner, ()), *listing.values()]
        found[owner] = sorted(both, key=attrgetter("version"))
    return found


def _listing(version: int, rest: bytes, ids: bytes) -> list[Said]:
    """Returns the rows of an heir's log from a version on that list ids with the same end."""
    whole = [ids[at : at + _DRAWN_BYTES] + rest for at in range(0, len(ids), _DRAWN_BYTES)]
    return [
        Said(version + number, DEFAULT, CLOSED + b"".join(whole[at : at + _IDS_PER_ROW]), 1, 0)
        for number, at in enumerate(range(0, len(whole), _IDS_PER_ROW))
    ]


def _rows(
    connection: sqlite3.Connection, table: str, columns: str, order: str
) -> list[tuple[Any, ...]]:
    """Returns the rows of a table in order, none if the file has no such table."""
    if not has_table(connection, table):
        return []
    return connection.execute(f"SELECT {columns} FROM {table} ORDER BY {order}").fetchall()


def _said(row: bytes) -> Said:
    try:
        return _decode_said(row)
    except (msgspec.DecodeError, RecursionError, TypeError) as error:
        raise sqlite3.DatabaseError(f"a row of said cannot be read: {error}") from None
