"""Somebody reads the file for long, as a backup does: that keeps nobody from writing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from gossipd.daemon.storage.inspection import back_up
from gossipd.daemon.storage.schema import FILE, open_to_read, read_state
from gossipd.daemon.storage.store import Store
from gossipd.protocol import Changes, Entry, Group, Write
from tests.daemon.storage.contents import merged

LIMIT = 4 * 2**20


def write(number: int, entries: int = 1) -> Write:
    """The increment of that number of as many counters."""
    first = (number - 1) * entries
    changed = [Entry(first + n, f"{n:040}", 0, number) for n in range(1, entries + 1)]
    return Write(number, (Group(b"a" * 16, first, first + entries, changed),))


def begin_reading(directory: Path) -> sqlite3.Connection:
    """A read transaction."""
    reader = open_to_read(directory / FILE)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM meta").fetchone()
    return reader


def log_size(directory: Path) -> int:
    """Bytes in the log."""
    return (directory / f"{FILE}-wal").stat().st_size


@pytest.mark.parametrize("kind", ["open", "reopen"])
def test_a_reader_at_the_start_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    """Although the log cannot be emptied then: it is taken as it is, and written to."""
    store = Store(tmp_path, "c")
    store.open()
    store.commit([write(1)])
    reader = begin_reading(tmp_path)
    store.commit([write(2)])
    if kind == "open":
        store._disconnect()
        store = Store(tmp_path, "c")
        found = store.open()
    else:
        found = store.reopen()
    assert ([2], None) == ([group.upto for group in merged(found.groups)], store.trouble)
    store.begin(2)
    store.commit([write(3)])
    reader.close()
    assert [3] == [group.upto for group in merged(store.reopen().groups)]


def test_the_log_grows_while_somebody_reads_and_not_for_ever(tmp_path: Path) -> None:
    """It begins anew with the first commits after that, and what it took is given back."""
    store = Store(tmp_path, "c")
    store.open()
    reader = begin_reading(tmp_path)
    number = 0
    while log_size(tmp_path) < 2 * LIMIT:
        number += 1
        store.commit([write(number, 1000)])
    assert number > 10
    reader.close()
    for _ in range(3):
        number += 1
        store.commit([write(number, 1000)])
    assert log_size(tmp_path) <= LIMIT
    for _ in range(50):
        number += 1
        store.commit([write(number, 1000)])
    assert log_size(tmp_path) <= LIMIT + 2**20
    store.close(Changes(), ())


def test_a_backup_while_it_is_written_to_is_one_state(tmp_path: Path) -> None:
    """The one at which it was begun, or a later one."""
    store = Store(tmp_path / "node", "c")
    (tmp_path / "node").mkdir()
    store.open()
    for number in range(1, 4):
        store.commit([write(number, 100)])
        back_up(tmp_path / "node", tmp_path / f"copy-{number}")
        with sqlite3.connect(tmp_path / f"copy-{number}") as copy:
            [group] = merged(read_state(copy).groups)
            assert {number} == {entry.count for entry in group.entries[-100:]}
