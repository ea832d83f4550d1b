"""Files of earlier versions are read, and become files of this one."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import attrs
import pytest

from gossipd.daemon.storage.earlier import TABLES
from gossipd.daemon.storage.inspection import read_directory
from gossipd.daemon.storage.schema import FILE, VERSION
from gossipd.daemon.storage.store import Store, StoreError
from gossipd.protocol import CLOSED, Claim, Entry, Group, Said, State
from tests.daemon.storage.contents import whole

A, B, HEIR = b"a" * 16, b"b" * 16, b"h" * 16
IDS = [bytes([number]) * 6 + b"rest of it" for number in range(6)]
CLAIM = Claim("10.0.0.1:1", 2, 1, 2)
HELD = State(
    7,
    (CLAIM,),
    (CLAIM.id,),
    (
        Group(
            *(A, 0, 5),
            [Entry(1, "default", 0, 5), Entry(2, "default", 9, 0), Entry(5, "calls", 0, 4)],
            [Said(3, "seen", b"shost", 7, 531)],
        ),
        Group(B, 0, 1, [Entry(1, "default", 9, 2)]),
        Group(
            *(HEIR, 0, 3),
            [Entry(1, "calls", 0, 2)],
            [
                Said(2, "default", CLOSED + b"".join(IDS[:4]), 1, 0),
                Said(3, "default", CLOSED + b"".join(IDS[4:]), 1, 0),
            ],
        ),
    ),
    gone_since={CLAIM.id: 1_700_000_000},
    cluster_ids=(5, 6),
    line=B,
)
"""What a node of version 4 had, whose file is beside this test."""


def of_version_4(directory: Path, *statements: str) -> None:
    """Puts that file into a directory, changed by these statements."""
    script = Path(__file__).with_name("version_4.sql").read_text(encoding="ascii")
    with contextlib.closing(sqlite3.connect(directory / FILE)) as connection:
        connection.executescript(script)
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_a_file_of_version_4_opens_and_becomes_one_of_this_version(tmp_path: Path) -> None:
    """With all that it held, also what was written last and was not in the other tables yet."""
    of_version_4(tmp_path)
    for generation in 7, 8:
        store = Store(tmp_path, "c")
        assert whole(store.open()) == attrs.evolve(HELD, generation=generation)
        assert store._connection is not None
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        names = {name for (name,) in store._connection.execute(query)}
        assert "log" in names
        assert not names.intersection(TABLES)
        version = store._connection.execute("PRAGMA user_version").fetchone()
        assert version == (VERSION,)
        store.begin(8)
        store._disconnect()


def test_a_file_of_version_4_can_be_looked_into(tmp_path: Path) -> None:
    """That changes nothing in it."""
    of_version_4(tmp_path)
    before = (tmp_path / FILE).read_bytes()
    assert {"calls": 6, "default": 11, "seen": 531} == read_directory(tmp_path)["counters"]
    assert before == (tmp_path / FILE).read_bytes()


def test_a_file_of_version_1_has_fewer_tables(tmp_path: Path) -> None:
    """Of what these would have it has nothing. Nobody is known to be gone."""
    tables = ("closed", "gone", "said", "writes")
    of_version_4(tmp_path, *[f"DROP TABLE {name}" for name in tables], "PRAGMA user_version = 1")
    store = Store(tmp_path, "c")
    state = whole(store.open())
    assert [A, HEIR] == [group.owner for group in state.groups]
    assert {} == state.gone_since
    store._disconnect()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE closed SET ids = substr(ids, 2)",
        "UPDATE said SET row = substr(row, 2)",
        "UPDATE writes SET groups = substr(groups, 1, 9)",
        "UPDATE writes SET groups = x'7801'",
    ],
)
def test_what_cannot_be_read_is_damage(tmp_path: Path, damage: str) -> None:
    """A list of which a byte is missing would close other ids. The file is left as it is."""
    of_version_4(tmp_path, damage)
    for _ in range(2):
        with pytest.raises(StoreError, match="is damaged"):
            Store(tmp_path, "c").open()


def test_a_value_of_the_wrong_kind_is_damage(tmp_path: Path) -> None:
    """A file that was closed in good order is not checked as a whole, and is left as it is."""
    columns = "owner, name, slot, version, floor, count"
    of_version_4(
        tmp_path,
        "UPDATE meta SET value = 1 WHERE key = 'clean'",
        f"CREATE TABLE loose ({columns}, PRIMARY KEY (owner, name, slot)) WITHOUT ROWID",
        "INSERT INTO loose SELECT * FROM entries",
        "DROP TABLE entries",
        "ALTER TABLE loose RENAME TO entries",
        "UPDATE entries SET count = 'x'",
    )
    for _ in range(2):
        with pytest.raises(StoreError, match="wrong kind"):
            Store(tmp_path, "c").open()
