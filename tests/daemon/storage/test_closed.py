"""Closed ids take little room in the file, and come back as the rows that they were."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from random import Random

import pytest

from gossipd.daemon.storage import schema
from gossipd.daemon.storage.closed import put_closed, read_closed
from gossipd.daemon.storage.files import make_database
from gossipd.daemon.storage.store import Store
from gossipd.protocol import CLOSED, Changes, Group, Said, State

HEIR = b"h" * 16
REST = b"rest of it"


def rows(first: int, ids: list[bytes]) -> list[Said]:
    """Returns the rows in which an heir lists ids, from a version on."""
    parts = [ids[at : at + 4] for at in range(0, len(ids), 4)]
    return [
        Said(first + number, "default", CLOSED + b"".join(part), 1, 0)
        for number, part in enumerate(parts)
    ]


def ids(count: int, seed: int = 1, rest: bytes = REST) -> list[bytes]:
    """Returns ids of processes that followed each other on one directory."""
    rng = Random(seed)
    return [rng.randbytes(6) + rest for _ in range(count)]


def kept(tmp_path: Path, *groups: Group) -> State:
    """Returns what a store holds that was given groups of rows, one after the other."""
    path = tmp_path / schema.FILE
    if not path.exists():
        make_database(path, tmp_path / "log", "c", State())
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for group in groups:
            schema.put_group(connection, group)
        return schema.read_state(connection)


def test_an_id_takes_little_more_than_what_was_drawn_of_it(tmp_path: Path) -> None:
    """Of 10,000 processes on one directory the file grows by less than 8 bytes each."""
    listed = rows(7, ids(10_000))
    size = [0, 0]
    for number, said in enumerate(([], listed)):
        folder = tmp_path / str(number)
        folder.mkdir()
        state = kept(folder, Group(HEIR, 0, 10_000, [], said))
        size[number] = (folder / schema.FILE).stat().st_size
        assert [said] == [group.said for group in state.groups]
    assert size[1] - size[0] < 80_000


@pytest.mark.parametrize("count", [1, 3, 4, 5, 8, 9, 41])
def test_rows_come_back_in_whichever_pieces_they_were_put(tmp_path: Path, count: int) -> None:
    """Pieces overlap, come again and in any order; ids of two directories are among them."""
    rng = Random(count)
    listed = rows(3, [*ids(count), *ids(count, 2, b"other rest")])
    some = [listed]
    for _ in range(6):
        first, last = sorted(rng.choices(range(len(listed) + 1), k=2))
        some.insert(rng.randint(0, len(some)), listed[first:last])
    state = kept(tmp_path, *[Group(HEIR, 0, 99, [], said) for said in some])
    [group] = state.groups
    assert {row.source: row for row in listed} == {row.source: row for row in group.said}


@pytest.mark.parametrize("other", [ids(8, 2), ids(8)[:6], ids(9)[:1]])
def test_both_histories_of_a_version_are_kept(tmp_path: Path, other: list[bytes]) -> None:
    """Two copies of a process may list other ids at one version, or some of the same."""
    one, two = rows(3, ids(8)), rows(3, other)
    state = kept(tmp_path, Group(HEIR, 0, 9, [], one), Group(HEIR, 0, 9, [], two))
    assert {row.source for row in (*one, *two)} == {row.source for row in state.groups[0].said}


def test_other_rows_are_put_as_they_are(tmp_path: Path) -> None:
    """Ids that were drawn whole, and rows that nobody writes, come back as well."""
    rng = Random(4)
    drawn = rows(2, [rng.randbytes(16) for _ in range(6)])
    odd = Said(9, "default", CLOSED + ids(1)[0], 2, 5)
    short = Said(10, "default", CLOSED + b"short", 1, 0)
    said = [*drawn, odd, short, Said(11, "a", CLOSED + ids(1)[0], 1, 0)]
    [group] = kept(tmp_path, Group(HEIR, 0, 11, [], said)).groups
    assert said == group.said


def test_the_list_of_a_closed_heir_is_dropped(tmp_path: Path) -> None:
    """The next heir repeats it."""
    kept(tmp_path, Group(HEIR, 0, 9, [], rows(3, ids(9))))
    with contextlib.closing(sqlite3.connect(tmp_path / schema.FILE)) as connection:
        schema.drop_rows(connection, Changes(1, (), (), (), (), closed=(HEIR,)))
        assert {} == read_closed(connection)


def test_a_row_that_is_damaged_is_an_error() -> None:
    """A list of which a byte is missing would close other ids."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(schema.LATER)
        assert [] == put_closed(connection, HEIR, rows(3, ids(9)))
        connection.execute("UPDATE closed SET ids = substr(ids, 2)")
        with pytest.raises(sqlite3.DatabaseError, match="closed"):
            read_closed(connection)


def test_a_file_of_the_version_before_opens(tmp_path: Path) -> None:
    """Its rows stay where they are, and later ones are kept in little room."""
    path = tmp_path / schema.FILE
    make_database(path, tmp_path / "log", "c", State())
    old = rows(3, ids(8))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE closed")
        connection.execute("PRAGMA user_version = 3")
        connection.executemany(
            "INSERT INTO said VALUES (?, ?, ?, ?, ?)",
            [(HEIR, row.name, row.source, row.version, schema._encode(row)) for row in old],
        )
        connection.execute("INSERT INTO owners VALUES (?, 9)", (HEIR,))
    store = Store(tmp_path, "c")
    assert [old] == [group.said for group in store.open().groups]
    store.begin(1)
    more = rows(5, ids(5, 2))
    store.commit([], Changes(1, (), (), (Group(HEIR, 9, 12, [], more),), ()))
    store.close(None)
    assert [sorted([*old, *more], key=lambda row: row.version)] == [
        group.said for group in Store(tmp_path, "c").open().groups
    ]
