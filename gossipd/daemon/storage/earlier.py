"""The tables in which files of earlier versions have the counters' rows.

Each slot had a row of its own there: in `entries`, or in `said` if it said more. `closed` had the
closed ids that heirs list, many of them in one row. What was written and not yet in these tables
was in `writes`, as it is in the log now.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from gossipd.protocol import CLOSED, DEFAULT, DRAWN_BYTES, IDS_PER_ROW, Entry, Group, Said

from .log import decode

TABLES = ("owners", "entries", "said", "closed", "writes")

_T = TypeVar("_T")
_ID_BYTES = 16
_REST_BYTES = _ID_BYTES - DRAWN_BYTES
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
        groups += _decoded(decode, row)
    return groups


def drop_tables(connection: sqlite3.Connection) -> None:
    """Deletes the tables. Raises sqlite3.Error."""
    for name in TABLES:
        connection.execute(f"DROP TABLE IF EXISTS {name}")


def _read_said(connection: sqlite3.Connection) -> dict[bytes, list[Said]]:
    found: dict[bytes, list[Said]] = {}
    for owner, row in _rows(connection, "said", "owner, row", "owner, version"):
        found.setdefault(owner, []).append(_decoded(_decode_said, row))
    closed: dict[bytes, dict[bytes, Said]] = {}
    columns = "owner, version, rest, ids"
    for owner, version, rest, ids in _rows(connection, "closed", columns, "owner, version"):
        if len(rest) != _REST_BYTES or not ids or len(ids) % DRAWN_BYTES:
            raise sqlite3.DatabaseError("a row of closed cannot be read")
        rows = _listing(version, rest, ids)
        closed.setdefault(owner, {}).update({row.source: row for row in rows})
    for owner, listing in closed.items():
        both = [*found.get(owner, ()), *listing.values()]
        found[owner] = sorted(both, key=attrgetter("version"))
    return found


def _listing(version: int, rest: bytes, ids: bytes) -> list[Said]:
    """Returns the rows of an heir's log from a version on that list ids with the same end."""
    whole = [ids[at : at + DRAWN_BYTES] + rest for at in range(0, len(ids), DRAWN_BYTES)]
    return [
        Said(version + number, DEFAULT, CLOSED + b"".join(whole[at : at + IDS_PER_ROW]), 1, 0)
        for number, at in enumerate(range(0, len(whole), IDS_PER_ROW))
    ]


def _rows(
    connection: sqlite3.Connection, table: str, columns: str, order: str
) -> list[tuple[Any, ...]]:
    """Returns the rows of a table in order, none if the file has no such table."""
    query = "SELECT count(*) FROM sqlite_master WHERE name = ?"
    if not connection.execute(query, (table,)).fetchone()[0]:
        return []
    return connection.execute(f"SELECT {columns} FROM {table} ORDER BY {order}").fetchall()


def _decoded(decoder: Callable[[bytes], _T], row: bytes) -> _T:
    try:
        return decoder(row)
    except (msgspec.DecodeError, RecursionError, TypeError) as error:
        raise sqlite3.DatabaseError(f"a row cannot be read: {error}") from None
