"""What a file must be to be read."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from gossipd.daemon.storage.files import make_database
from gossipd.daemon.storage.reading import StoreError, only_read, read_file
from gossipd.daemon.storage.schema import FILE
from gossipd.protocol import Entry, Group, State
from tests.daemon.storage.contents import whole

STATE = State(7, groups=(Group(b"a" * 16, 0, 1, [Entry(1, "default", 0, 5)]),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of the cluster `c`."""
    made = tmp_path / FILE
    make_database(made, tmp_path / f"{FILE}-wal", "c", STATE)
    return made


def changed(path: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def read(path: Path, cluster: str = "c") -> State:
    with only_read(path, path.with_name(f"{FILE}-wal")) as connection:
        return whole(read_file(path, connection, cluster))


def test_a_whole_file_is_read(path: Path) -> None:
    """Also one whose log is beside it, which nobody can write to."""
    assert STATE == read(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("UPDATE meta SET value = 8 WHERE key = 'generation'")
        connection.commit()
        assert 8 == read(path).generation


@pytest.mark.parametrize(
    ("statement", "cluster", "reason"),
    [
        ("PRAGMA user_version = 99", "c", "written by a newer gossipd"),
        ("SELECT 1", "d", "belongs to the cluster 'c', not 'd'"),
        ("REPLACE INTO meta VALUES ('cluster ids', 'x')", "c", "damaged .a value is of the wrong"),
    ],
)
def test_what_cannot_be_used_is_refused(
    path: Path, statement: str, cluster: str, reason: str
) -> None:
    """In one line, with the path."""
    changed(path, statement)
    with pytest.raises(StoreError, match=reason) as caught:
        read(path, cluster)
    assert str(path) in str(caught.value)
