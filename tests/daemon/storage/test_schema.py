"""A node's state as rows: what is read back is what a ledger would hold."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from gossipd.daemon.storage.schema import (
    LATER,
    PUT_META,
    SCHEMA,
    check,
    drop_members,
    put_all,
    put_members,
    read_state,
)
from gossipd.protocol import Changes, Claim, Entry, Group, State
from tests.daemon.storage.contents import whole

A = b"a" * 16


def empty() -> sqlite3.Connection:
    """Tables in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(" ".join((SCHEMA, *LATER)))
    return connection


@pytest.fixture
def tables() -> Iterator[sqlite3.Connection]:
    """Tables in memory."""
    connection = empty()
    yield connection
    connection.close()


def test_nothing_is_read_from_empty_tables(tables: sqlite3.Connection) -> None:
    """As of a node that never ran."""
    assert State() == whole(read_state(tables))


def test_everything_is_read_back(tables: sqlite3.Connection) -> None:
    """The generation, members, the removed among them, and entries by owner."""
    state = State(
        5,
        (Claim("10.0.0.1:1", 2**53, 3, 2, "10.0.0.2:1"), Claim("10.0.0.2:1", 1, 0, 0)),
        ("10.0.0.2:1",),
        (Group(A, 0, 2, [Entry(1, "default", 0, 2**62), Entry(2, "default", 7, 0)]),),
    )
    tables.execute(PUT_META, ("generation", state.generation))
    put_members(tables, Changes(members=state.members, removed=state.removed))
    put_all(tables, state.groups)
    assert state == whole(read_state(tables))


def test_members_change_and_go(tables: sqlite3.Connection) -> None:
    """A row for each id."""
    one = Claim("10.0.0.1:1", 1, 0, 0)
    put_members(tables, Changes(members=(one, Claim("10.0.0.2:1", 1, 0, 0))))
    put_members(tables, Changes(members=(Claim("10.0.0.1:1", 2, 0, 3),)))
    drop_members(tables, ["10.0.0.2:1"])
    assert (Claim("10.0.0.1:1", 2, 0, 3),) == read_state(tables).members


def test_a_check_finds_what_is_wrong(tables: sqlite3.Connection) -> None:
    """Here a row that its table does not allow."""
    assert check(tables) is None
    tables.execute("PRAGMA writable_schema = ON")
    tables.execute("UPDATE sqlite_schema SET sql = replace(sql, 'groups BLOB', 'groups TEXT')")
    tables.execute("PRAGMA writable_schema = RESET")
    tables.execute("INSERT INTO log VALUES (1, 'text')")
    tables.execute("PRAGMA writable_schema = ON")
    tables.execute("UPDATE sqlite_schema SET sql = replace(sql, 'groups TEXT', 'groups BLOB')")
    tables.execute("PRAGMA writable_schema = RESET")
    assert "groups" in str(check(tables))
