"""Many rows are merged in few statements, to the same effect as one by one."""

from __future__ import annotations

import sqlite3
from random import Random

import pytest

from gossipd.daemon.storage import schema
from gossipd.daemon.storage.upserts import put_entries, put_said
from gossipd.protocol import DEFAULT, Entry, Said

OWNER = bytes(16)


def tables() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(schema.SCHEMA)
    connection.executescript(schema.LATER)
    return connection


def rows_of(connection: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    return list(connection.execute(f"SELECT * FROM {table}"))


@pytest.mark.parametrize("number", [0, 1, 9, 10, 100, 101, 219])
def test_many_are_merged_as_one_by_one(number: int) -> None:
    """Rows of one slot among them, newer and older ones."""
    random = Random(number)
    names = [DEFAULT, "a", "é\0b", *(f"page:{n}" for n in range(1 + number // 2))]
    entries = [
        Entry(random.randrange(99), random.choice(names), random.randrange(2), random.randrange(99))
        for _ in range(number)
    ]
    said = [
        Said(each.version, each.name, bytes([each.floor]), each.count, 0)
        for each in entries
        if each.name != DEFAULT
    ]
    together, apart = tables(), tables()
    put_entries(together, OWNER, entries)
    put_said(together, OWNER, said)
    for entry in sorted(entries, key=lambda each: each.name):
        put_entries(apart, OWNER, [entry])
    for row in said:
        put_said(apart, OWNER, [row])
    for table in ("entries", "said"):
        assert rows_of(apart, table) == rows_of(together, table)
    assert {each.name for each in entries} == {row[1] for row in rows_of(together, "entries")}


def test_a_piece_of_a_snapshot_takes_few_steps() -> None:
    """Each step would wait for the interpreter's lock."""
    connection, steps = tables(), list[str]()
    connection.set_trace_callback(steps.append)
    put_entries(connection, OWNER, [Entry(n, f"page:{n}", 0, n) for n in range(1, 501)])
    assert 5 == len(steps)
