"""The log of groups: what is put is read, in order, and each kind takes little room."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from random import Random

import msgspec
import pytest

from gossipd.daemon.storage.log import (
    TABLE,
    chained,
    drop_groups,
    in_pieces,
    last_number,
    log_bytes,
    put_encoded,
    put_groups,
    put_packed,
    read_log,
)
from gossipd.protocol import CLOSED, Entry, Group, Said

A = b"a" * 16


def group(number: int) -> Group:
    """The first, second … change of an owner, with a row of each kind."""
    said = [Said(number, "seen", b"shost", number, 5)]
    return Group(A, number - 1, number, [Entry(number, f"n{number}", 0, -number)], said)


@pytest.fixture
def table() -> Iterator[sqlite3.Connection]:
    """The table in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(TABLE)
    yield connection
    connection.close()


def test_groups_are_read_in_order_as_often_as_one_likes(table: sqlite3.Connection) -> None:
    """However they were put, and also from the end. Pieces of a checkpoint come first."""
    put_groups(table, 1, [group(3), group(4)])
    put_encoded(table, 2, [msgspec.msgpack.encode(group(5))], complete=True)
    put_packed(table, 3, [group(1), group(2)])
    log = chained(read_log(table), [group(6)])
    expected = [group(number) for number in range(1, 7)]
    for _ in range(2):
        assert expected == list(log)
        assert expected[::-1] == list(reversed(log))
    assert 3 == last_number(table)
    drop_groups(table, 2)
    assert [group(1), group(2)] == list(read_log(table))


def test_a_group_that_may_lack_those_before_it_completes_nothing(table: sqlite3.Connection) -> None:
    """Its rows are there all the same."""
    put_encoded(table, 1, [msgspec.msgpack.encode(group(5))], complete=False)
    assert [Group(A, 0, 0, group(5).entries, group(5).said)] == list(read_log(table))


def test_bytes_are_those_before_compression(table: sqlite3.Connection) -> None:
    """So that a checkpoint can be compared with all else."""
    assert 0 == log_bytes(table)
    assert 0 == last_number(table)
    other = put_groups(table, 1, [group(1)]) + put_encoded(table, 2, [], complete=True)
    packed = put_packed(table, 3, [group(number) for number in range(100)])
    assert packed + other == log_bytes(table)
    assert len(read_log(table).blobs[0]) < packed / 2


def test_an_id_takes_little_more_than_what_was_drawn_of_it(table: sqlite3.Connection) -> None:
    """Of 10,000 processes on one directory a checkpoint grows by less than 9 bytes each."""
    rng = Random(1)
    ids = [rng.randbytes(6) + b"rest of it" for _ in range(10_000)]
    said = [
        Said(at, "default", CLOSED + b"".join(ids[at : at + 4]), 1, 0)
        for at in range(0, len(ids), 4)
    ]
    for number, piece in enumerate(in_pieces([Group(A, 0, 10_000, [], said)], 500)):
        put_packed(table, number, piece)
    assert said == [row for each in read_log(table) for row in each.said]
    assert sum(map(len, read_log(table).blobs)) < 90_000


def test_a_group_of_many_rows_is_divided() -> None:
    """Its last part completes it, and small groups come together."""
    entries = [Entry(number, f"n{number}", 0, 1) for number in range(7)]
    large = Group(A, 0, 9, entries, [Said(8, "s", b"", 1, 1)])
    pieces = list(in_pieces([group(1), large, group(2), group(3)], 5))
    assert [2, 2, 3] == [len(piece) for piece in pieces]
    parts = [part for piece in pieces for part in piece]
    assert entries == [entry for part in parts[1:-2] for entry in part.entries]
    assert [1, 0, 0, 0, 9, 2, 3] == [part.upto for part in parts]


@pytest.mark.parametrize("blob", [b"", b"\x91", b"x\x01damaged", b"\x91\x90", b"\x91" * 5000])
def test_what_is_no_list_of_groups_is_an_error(table: sqlite3.Connection, blob: bytes) -> None:
    """Before anything of it is taken over."""
    table.execute("INSERT INTO log VALUES (1, ?)", (blob,))
    with pytest.raises(sqlite3.DatabaseError, match="a row of the log"):
        read_log(table)
