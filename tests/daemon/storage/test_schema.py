"""A node's state as rows: what is read back is what a ledger would hold."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gossipd.daemon.storage.schema import (
    LATER,
    PUT_META,
    SCHEMA,
    check,
    drop_members,
    put_group,
    put_members,
    read_state,
)
from gossipd.protocol import Changes, Claim, Entry, Group, Ledger, State

A, B = b"a" * 16, b"b" * 16


def empty() -> sqlite3.Connection:
    """Tables in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA + LATER)
    return connection


@pytest.fixture
def tables() -> Iterator[sqlite3.Connection]:
    """Tables in memory."""
    connection = empty()
    yield connection
    connection.close()


def test_nothing_is_read_from_empty_tables(tables: sqlite3.Connection) -> None:
    """As of a node that never ran."""
    assert State() == read_state(tables)


def test_everything_is_read_back(tables: sqlite3.Connection) -> None:
    """The generation, members, the removed among them, and entries by owner."""
    state = State(
        5,
        (Claim("10.0.0.1:1", 2**53, 3, 2, "10.0.0.2:1"), Claim("10.0.0.2:1", 1, 0, 0)),
        ("10.0.0.2:1",),
        (Group(A, 0, 2, [Entry(1, "default", 0, 2**63 - 1), Entry(2, "default", 7, 0)]),),
    )
    tables.execute(PUT_META, ("generation", state.generation))
    put_members(tables, Changes(members=state.members, removed=state.removed))
    for group in state.groups:
        put_group(tables, group)
    assert state == read_state(tables)


def test_members_change_and_go(tables: sqlite3.Connection) -> None:
    """A row for each id."""
    one = Claim("10.0.0.1:1", 1, 0, 0)
    put_members(tables, Changes(members=(one, Claim("10.0.0.2:1", 1, 0, 0))))
    put_members(tables, Changes(members=(Claim("10.0.0.1:1", 2, 0, 3),)))
    drop_members(tables, ["10.0.0.2:1"])
    assert (Claim("10.0.0.1:1", 2, 0, 3),) == read_state(tables).members


def test_what_an_owner_declared_last_is_its_floor(tables: sqlite3.Connection) -> None:
    """A higher floor takes the place of the lower one in the same row."""
    put_group(tables, Group(A, 0, 1, [Entry(1, "default", 5, 0)]))
    put_group(tables, Group(A, 1, 2, [Entry(2, "default", 9, 0)]))
    assert (Group(A, 0, 2, [Entry(2, "default", 9, 0)]),) == read_state(tables).groups


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_tables_merge_groups_as_a_ledger_does(seed: int) -> None:
    """In whatever order they come, with gaps, repeated, and late."""
    rng = Random(seed)
    source = Ledger(b"")
    groups: list[Group] = []
    versions = dict.fromkeys((A, B), 0)
    for _ in range(12):
        owner = rng.choice((A, B))
        versions[owner] += 1
        floor = rng.choice((0, 0, 3, versions[owner] + 3))
        entry = Entry(versions[owner], "default", floor, rng.choice((0, versions[owner])))
        if entry.count == 0 and floor == 0:
            entry = Entry(entry.version, "default", floor, entry.version)
        source.apply(Group(owner, entry.version - 1, entry.version, [entry]))
        since = rng.randrange(entry.version)
        cut, _ = source.group(owner, since, rng.choice((100, 1000)))
        groups += [cut] if cut is not None else []
    rng.shuffle(groups)
    ledger, connection = Ledger(b""), empty()
    for group in groups:
        ledger.apply(group)
        put_group(connection, group)
    found = {group.owner: (group.upto, group.entries) for group in read_state(connection).groups}
    connection.close()
    assert {group.owner: (group.upto, group.entries) for group in ledger.all_groups()} == found


def test_a_check_finds_what_is_wrong(tables: sqlite3.Connection) -> None:
    """Here a row that its table does not allow."""
    assert check(tables) is None
    tables.execute("PRAGMA writable_schema = ON")
    tables.execute("UPDATE sqlite_schema SET sql = replace(sql, 'have INTEGER', 'have TEXT')")
    tables.execute("PRAGMA writable_schema = RESET")
    tables.execute("PRAGMA ignore_check_constraints = ON")
    put_group(tables, Group(A, 0, 1, []))
    tables.execute("PRAGMA writable_schema = ON")
    tables.execute("UPDATE sqlite_schema SET sql = replace(sql, 'have TEXT', 'have INTEGER')")
    tables.execute("PRAGMA writable_schema = RESET")
    assert "have" in str(check(tables))
