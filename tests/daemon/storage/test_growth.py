"""When a checkpoint begins, and what it leaves of the log."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec
import pytest

from gossipd.daemon.storage.growth import GrowingLog
from gossipd.daemon.storage.log import TABLE, read_log
from gossipd.daemon.storage.schema import SCHEMA
from gossipd.protocol import Entry, Group


def group(owner: bytes, rows: int) -> Group:
    """Of an owner, with as many rows."""
    return Group(owner * 16, 0, rows, [Entry(n, f"{n:0100}", 0, 1) for n in range(1, rows + 1)])


@pytest.fixture
def table() -> Iterator[sqlite3.Connection]:
    """The table in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA + TABLE)
    yield connection
    connection.close()


def begun(table: sqlite3.Connection) -> GrowingLog:
    """The log as a process finds it."""
    log = GrowingLog()
    log.begin(table)
    return log


def owners(table: sqlite3.Connection) -> str:
    """The first letter of the owner of each group."""
    return "".join(sorted(chr(each.owner[0]) for each in read_log(table)))


def test_a_checkpoint_begins_when_the_log_has_grown_by_twice_what_it_would_have(
    table: sqlite3.Connection,
) -> None:
    """But not for little. So a change costs a row in the log, and half of one in a checkpoint."""
    log = begun(table)
    for _ in range(3):
        assert not log.wants_checkpoint()
        log.put(table, [group(b"a", 4000)])
    for _ in range(2):
        assert log.wants_checkpoint()
        log = begun(table)
    log.begin_checkpoint()
    assert not log.wants_checkpoint()
    log.put_piece(table, [group(b"b", 5000)])
    log.put_piece(table, [])
    for _ in range(2):
        for _ in range(2):
            log.put(table, [group(b"c", 2000)])
        assert not log.wants_checkpoint()
        log = begun(table)
    log.put_encoded(table, [])
    log.put(table, [group(b"c", 2000)])
    log.put(table, [group(b"c", 400)])
    assert log.wants_checkpoint()


def test_a_checkpoint_leaves_what_was_put_since_it_began(table: sqlite3.Connection) -> None:
    """That counts as growth. Of one that never ended the next one leaves nothing."""
    log = begun(table)
    log.put(table, [group(b"a", 1)])
    log.begin_checkpoint()
    log.put_piece(table, [group(b"b", 1)])
    log = begun(table)
    log.begin_checkpoint()
    log.put(table, [group(b"c", 11_000)])
    log.put_piece(table, [group(b"d", 1)])
    log.put(table, [group(b"e", 1)])
    assert "abcde" == owners(table)
    log.put_piece(table, [])
    assert "cde" == owners(table)
    assert log.wants_checkpoint()


def test_what_is_missing_is_there_only_with_a_checkpoint_that_began_later(
    table: sqlite3.Connection,
) -> None:
    """One that is under way may have passed it by, and then it deletes nothing."""
    log = begun(table)
    log.put(table, [group(b"a", 1)])
    log.begin_checkpoint()
    log.put_piece(table, [group(b"b", 1)])
    log.lacks()
    assert log.wants_checkpoint()
    log.put_piece(table, [group(b"b", 1)])
    log.put_piece(table, [])
    assert ("ab", True) == (owners(table), log.lacking)
    log.begin_checkpoint()
    log.put_piece(table, [group(b"c", 1)])
    assert log.lacking
    log.put_encoded(table, [msgspec.msgpack.encode(group(b"d", 1))])
    assert {0} == {each.upto for each in read_log(table) if each.owner == b"d" * 16}
    log.put_piece(table, [])
    assert ("cd", False) == (owners(table), log.lacking)
    # What goes on from that group does not complete its owner. One more checkpoint does.
    assert log.wants_checkpoint()
    log.begin_checkpoint()
    log.put_encoded(table, [msgspec.msgpack.encode(group(b"d", 1))])
    log.put_piece(table, [])
    assert not log.wants_checkpoint()


def test_a_checkpoint_that_never_ended_counts_as_growth(table: sqlite3.Connection) -> None:
    """Else each kill during one would put the next one off, and the file would grow."""
    log = begun(table)
    for _ in range(2):
        log.begin_checkpoint()
        log.put_piece(table, [group(b"a", 6000)])
        log = begun(table)
    assert log.wants_checkpoint()
