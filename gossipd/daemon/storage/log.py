"""The table that has the counters' rows: a log of groups, in the order in which they were merged.

A node that starts merges all of it, the pieces of checkpoints first. A checkpoint appends the rows
of all counters as they are, and then takes away what was there before it began. So the table grows
with the changes since the last checkpoint.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Reversible, Sequence

import attrs
import msgspec

from gossipd.protocol import Entry, Group, Said

TABLE = """
-- log has lists of groups in MessagePack. Those of a checkpoint are compressed.
CREATE TABLE IF NOT EXISTS log (
    number INTEGER PRIMARY KEY,
    groups BLOB NOT NULL
) STRICT;
"""
_PUT = "INSERT INTO log VALUES (?, ?)"
_LEVEL = 1
PIECE = 1000
"""About how many rows and owners a piece of a checkpoint has."""

_PACKED = b"x"
"""The first byte of what zlib has compressed, which no list begins with."""

_encode = msgspec.msgpack.Encoder().encode


class _Kept(msgspec.Struct, array_like=True):
    """The same as `Group`, without the bounds that it has on the wire."""

    owner: bytes
    since: int
    upto: int
    entries: list[Entry]
    said: list[Said] = []


_decode = msgspec.msgpack.Decoder(list[_Kept]).decode


@attrs.frozen
class Log:
    """The groups of a log, and those that were recorded after it, decoded anew whenever read.

    All rows at once would stay in the memory of the process.

    Attributes:
        blobs: the rows of the table, in the order in which to merge them.
        recorded: what came later.
    """

    blobs: tuple[bytes, ...] = ()
    recorded: tuple[Group, ...] = ()

    def __iter__(self) -> Iterator[Group]:
        for blob in self.blobs:
            yield from decode(blob)
        yield from self.recorded

    def __reversed__(self) -> Iterator[Group]:
        yield from reversed(self.recorded)
        for blob in reversed(self.blobs):
            yield from reversed(decode(blob))


def read_log(connection: sqlite3.Connection) -> Log:
    """Returns what the table has, the pieces of checkpoints first.

    Raises sqlite3.Error, also for what is no list of groups.
    """
    blobs = [blob for (blob,) in connection.execute("SELECT groups FROM log ORDER BY number")]
    for blob in blobs:
        decode(blob)
    # A node puts rows that come in the order of their versions in half the time, and what was put
    # while a checkpoint was under way is mostly newer than its pieces. What a piece completes is
    # all there in the end, whatever it comes before.
    return Log(tuple(sorted(blobs, key=_is_later)))


def chained(log: Reversible[Group], recorded: Iterable[Group]) -> Log:
    """Returns a log together with what was recorded after it."""
    assert isinstance(log, Log), "it was read from a file"
    return attrs.evolve(log, recorded=(*log.recorded, *recorded))


def log_bytes(connection: sqlite3.Connection) -> int:
    """Returns how many bytes the table has, before compression. Raises sqlite3.Error."""
    return sum(len(_unpacked(blob)) for (blob,) in connection.execute("SELECT groups FROM log"))


def last_number(connection: sqlite3.Connection) -> int:
    """Returns the number of the last row, 0 if there is none. Raises sqlite3.Error."""
    [number] = connection.execute("SELECT max(number) FROM log").fetchone()
    return number or 0


def put_groups(connection: sqlite3.Connection, number: int, groups: Sequence[Group]) -> int:
    """Puts groups under this number. Returns how many bytes they have. Raises sqlite3.Error."""
    blob = _encode(groups)
    connection.execute(_PUT, (number, blob))
    return len(blob)


def put_encoded(
    connection: sqlite3.Connection, number: int, groups: Sequence[bytes], *, complete: bool
) -> int:
    """Does the same with groups that are encoded by themselves.

    Unless `complete`, they are put as groups that complete nothing.
    """
    blob = b"\xdd" + len(groups).to_bytes(4, "big") + b"".join(groups)
    if not complete:
        blob = _encode(list(map(incomplete, decode(blob))))
    connection.execute(_PUT, (number, blob))
    return len(blob)


def put_packed(connection: sqlite3.Connection, number: int, groups: Sequence[Group]) -> int:
    """Does the same with a piece of a checkpoint. The bytes are those before compression."""
    content = _encode(groups)
    connection.execute(_PUT, (number, zlib.compress(content, _LEVEL)))
    return len(content)


def drop_groups(connection: sqlite3.Connection, upto: int) -> None:
    """Deletes the rows up to a number. Raises sqlite3.Error."""
    connection.execute("DELETE FROM log WHERE number <= ?", (upto,))


def in_pieces(groups: Iterable[Group], most: int) -> Iterator[list[Group]]:
    """Yields groups in lists of about `most` rows and owners, for a file that no node has open.

    A larger group is divided.
    """
    piece: list[Group] = []
    size = 0
    for group in groups:
        for part in _divided(group, most):
            piece.append(part)
            size += 1 + len(part.rows)
            if size >= most:
                yield piece
                piece, size = [], 0
    if piece:
        yield piece


def _divided(group: Group, most: int) -> Iterator[Group]:
    owner, since, upto, entries, said = msgspec.structs.astuple(group)
    if len(entries) + len(said) > most:
        for at in range(0, len(entries), most):
            yield Group(owner, 0, 0, entries[at : at + most])
        for at in range(0, len(said), most):
            yield Group(owner, 0, 0, [], said[at : at + most])
        entries, said = [], []
    yield Group(owner, since, upto, entries, said)


def incomplete(group: Group) -> Group:
    """Returns a group with the same rows that says nothing of those before them."""
    return Group(group.owner, 0, 0, group.entries, group.said)


def decode(blob: bytes) -> list[Group]:
    """Returns the groups of a row. Raises sqlite3.DatabaseError if it cannot be read."""
    try:
        return [Group(*msgspec.structs.astuple(each)) for each in _decode(_unpacked(blob))]
    except (zlib.error, msgspec.DecodeError, RecursionError, TypeError) as error:
        raise sqlite3.DatabaseError(f"a row of the log cannot be read: {error}") from None


def _is_later(blob: bytes) -> bool:
    return not blob.startswith(_PACKED)


def _unpacked(blob: bytes) -> bytes:
    return zlib.decompress(blob) if blob.startswith(_PACKED) else blob
