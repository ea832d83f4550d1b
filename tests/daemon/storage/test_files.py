"""The making of a database file and of its log anew."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from gossipd.daemon.storage.files import make_database, rewrite_log, size, sync
from gossipd.daemon.storage.schema import FILE, VERSION, read_state
from gossipd.protocol import Claim, Entry, Group, State
from tests.daemon.storage.contents import whole

STATE = State(
    7,
    (Claim("10.0.0.1:1", 2, 1, 0),),
    ("10.0.0.1:1",),
    (Group(b"a" * 16, 0, 3, [Entry(3, "default", 0, 9), Entry(5, "other", 0, 1)]),),
)


@pytest.mark.parametrize("state", [State(), STATE])
def test_a_database_holds_what_it_was_made_with(tmp_path: Path, state: State) -> None:
    """And stands alone: neither a draft nor an old log is beside it."""
    path, log = tmp_path / FILE, tmp_path / f"{FILE}-wal"
    log.write_bytes(b"of another file")
    (tmp_path / f"{FILE}.new").write_bytes(b"an earlier draft")
    make_database(path, log, "c", state)
    assert [path] == list(tmp_path.iterdir())
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert (VERSION,) == connection.execute("PRAGMA user_version").fetchone()
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        assert ("c", 1) == (meta["cluster"], meta["clean"])
        assert state == whole(read_state(connection))


def test_a_size_is_that_of_all_files(tmp_path: Path) -> None:
    """Of the database and of those beside it."""
    path = tmp_path / FILE
    assert 0 == size(path)
    path.write_bytes(b"123")
    path.with_name(f"{FILE}-wal").write_bytes(b"4567")
    assert 7 == size(path)


def test_a_database_that_cannot_be_made_leaves_the_one_before(tmp_path: Path) -> None:
    """Its name is taken only at the end. A directory stands for a disk that refuses."""
    path = tmp_path / FILE
    path.write_bytes(b"before")
    (tmp_path / f"{FILE}.new").mkdir()
    with pytest.raises(OSError, match="directory"):
        make_database(path, tmp_path / f"{FILE}-wal", "c", State())
    assert b"before" == path.read_bytes()


def test_a_log_is_written_over_itself_and_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a log there is nothing to do."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    log = tmp_path / "log"
    assert rewrite_log(log)
    assert [] == synced
    log.write_bytes(b"frames" * 1000)
    assert rewrite_log(log)
    assert (b"frames" * 1000, 1) == (log.read_bytes(), len(synced))
    sync(tmp_path)
    assert 2 == len(synced)
