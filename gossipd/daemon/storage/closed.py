"""The closed ids that heirs list, with many of them in one row of the file.

Every process that ran on some directory leaves an id that is never forgotten. The ids of one
directory differ in their first bytes only (`heirs.new_id`), so that a row has what they end with
once. A row of the table stands for rows of an heir's log whose versions follow each other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from gossipd.protocol import CLOSED, DEFAULT, DRAWN_BYTES, IDS_PER_ROW, Said

TABLE = """
-- closed has the ids that an heir lists in its rows from version on: ids has the first bytes of
-- each, and rest what all of them end with.
CREATE TABLE IF NOT EXISTS closed (
    owner BLOB NOT NULL,
    version INTEGER NOT NULL,
    rest BLOB NOT NULL,
    ids BLOB NOT NULL,
    PRIMARY KEY (owner, version)
) STRICT, WITHOUT ROWID;
"""
_PUT = """
INSERT INTO closed VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET ids = excluded.ids
WHERE length(excluded.ids) > length(ids)
"""
_ID_BYTES = 16
_REST_BYTES = _ID_BYTES - DRAWN_BYTES


class _Run:
    """Rows of a log that are one row of the table."""

    def __init__(self, version: int, rest: bytes, ids: bytes) -> None:
        self.version, self.rest, self.ids = version, rest, ids

    def follows(self, version: int, rest: bytes) -> bool:
        """Returns whether the list goes on in a row of that version and with such ids."""
        rows, left = divmod(len(self.ids), IDS_PER_ROW * DRAWN_BYTES)
        return self.rest == rest and not left and self.version + rows == version


def put_closed(connection: sqlite3.Connection, owner: bytes, said: Iterable[Said]) -> list[Said]:
    """Puts those rows of a log that list ids, and returns the others. Raises sqlite3.Error."""
    others: list[Said] = []
    runs: list[_Run] = []
    for row in said:
        rest = _rest(row)
        if not rest:
            others.append(row)
            continue
        ids = row.source[1:]
        drawn = b"".join(ids[at : at + DRAWN_BYTES] for at in range(0, len(ids), _ID_BYTES))
        if runs and runs[-1].follows(row.version, rest):
            runs[-1].ids += drawn
        else:
            runs.append(_Run(row.version, rest, drawn))
    for run in runs:
        if _differs(connection, owner, run):
            others += _rows(run.version, run.rest, run.ids)
        else:
            connection.execute(_PUT, (owner, run.version, run.rest, run.ids))
    return others


def read_closed(connection: sqlite3.Connection) -> dict[bytes, dict[bytes, Said]]:
    """Returns the rows that list ids by owner and source. Raises sqlite3.Error."""
    found: dict[bytes, dict[bytes, Said]] = {}
    query = "SELECT owner, version, rest, ids FROM closed ORDER BY owner, version"
    for owner, version, rest, ids in connection.execute(query):
        if len(rest) != _REST_BYTES or not ids or len(ids) % DRAWN_BYTES:
            raise sqlite3.DatabaseError("a row of closed cannot be read")
        found.setdefault(owner, {}).update({row.source: row for row in _rows(version, rest, ids)})
    return found


def _rest(row: Said) -> bytes:
    """Returns what all ids end with that a row lists; empty for another row, or other ids."""
    ids = row.source[1:]
    if row.name != DEFAULT or not row.source.startswith(CLOSED) or len(ids) % _ID_BYTES:
        return b""
    rests = {ids[at + DRAWN_BYTES : at + _ID_BYTES] for at in range(0, len(ids), _ID_BYTES)}
    plain = row == Said(row.version, DEFAULT, row.source, 1, 0)
    return rests.pop() if len(rests) == 1 and plain else b""


def _differs(connection: sqlite3.Connection, owner: bytes, run: _Run) -> bool:
    """Returns whether other rows are in the place of a run: a copy of the owner wrote them."""
    query = "SELECT rest, ids FROM closed WHERE (owner, version) = (?, ?)"
    for rest, ids in connection.execute(query, (owner, run.version)):
        shorter, longer = sorted((bytes(ids), run.ids), key=len)
        goes_on = longer.startswith(shorter) and not len(shorter) % (IDS_PER_ROW * DRAWN_BYTES)
        return bool(rest != run.rest or not (goes_on or shorter == longer))
    return False


def _rows(version: int, rest: bytes, ids: bytes) -> list[Said]:
    whole = [ids[at : at + DRAWN_BYTES] + rest for at in range(0, len(ids), DRAWN_BYTES)]
    return [
        Said(version + number, DEFAULT, CLOSED + b"".join(whole[at : at + IDS_PER_ROW]), 1, 0)
        for number, at in enumerate(range(0, len(whole), IDS_PER_ROW))
    ]
