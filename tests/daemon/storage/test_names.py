"""Files that are taken away while they are open: what is written anew, and what cannot be."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from gossipd.daemon.storage.schema import FILE
from gossipd.daemon.storage.store import Store, WriteError
from gossipd.protocol import Changes, Claim, Entry, Group, State, Write
from tests.daemon.storage.contents import merged, whole

A, B = b"a" * 16, b"b" * 16
LOG = f"{FILE}-wal"
MEMORY = State(
    7,
    (Claim("10.0.0.1:1", 2, 1, 0),),
    ("10.0.0.1:1",),
    (
        Group(A, 0, 2, [Entry(2, "default", 0, 2)]),
        Group(B, 0, 4, [Entry(4, "default", 0, 9)]),
    ),
)
CHANGES = Changes(7, MEMORY.members, MEMORY.removed)


def write(number: int) -> Write:
    """The first, second … own increment."""
    return Write(number, (Group(A, number - 1, number, [Entry(number, "default", 0, number)]),))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The store's directory, beside which there is room."""
    path = tmp_path / "data"
    path.mkdir()
    return path


@pytest.fixture
def store(data: Path) -> Store:
    """A store at work, with two increments."""
    made = Store(data, "c")
    made.open()
    made.begin(7)
    made.commit([write(1)])
    made.commit([write(2)])
    return made


def kill(store: Store, data: Path) -> State:
    """The process ends; what the next one finds under the names, which is no older log's work."""
    copy = data.with_name("copy")
    shutil.copytree(data, copy)
    store._disconnect()
    next_one = Store(copy, "c")
    found = next_one.open()
    assert (None, None) == (next_one.trouble, next_one.shortfall)
    next_one._disconnect()
    return whole(found)


def test_nothing_is_lost_while_all_is_in_place(store: Store, data: Path) -> None:
    """Not after another process has read, nor after the file was opened anew."""
    assert store.lost() is None
    with sqlite3.connect(data / FILE) as reader:
        assert (2,) == reader.execute("SELECT count(*) FROM log").fetchone()
    reader.close()
    assert store.lost() is None
    store.reopen()
    assert store.lost() is None


@pytest.mark.parametrize("names", [[FILE], [LOG], [FILE, LOG], [FILE, LOG, f"{FILE}-shm"]])
def test_files_that_were_unlinked_are_written_anew(
    store: Store, data: Path, names: list[str]
) -> None:
    """All that is in memory, and what is committed from then on."""
    for name in names:
        (data / name).unlink()
    assert ", ".join(name for name in names if name in (FILE, LOG)) == store.lost()
    store.renew(MEMORY)
    assert store.lost() is None
    store.commit([write(3)])
    third = Group(A, 0, 3, [Entry(3, "default", 0, 3)])
    expected = State(7, MEMORY.members, MEMORY.removed, (third, MEMORY.groups[1]))
    assert expected == kill(store, data)


def test_a_file_that_was_moved_away_is_left_as_it_is(store: Store, data: Path) -> None:
    """The node goes on in a new one; its log is not played into the old one, nor the reverse."""
    away = data.with_name("away.db")
    (data / FILE).rename(away)
    before = away.read_bytes()
    assert FILE == store.lost()
    store.renew(MEMORY)
    assert before == away.read_bytes()
    assert MEMORY == kill(store, data)


def test_what_is_recorded_while_a_new_file_is_made_is_kept(store: Store, data: Path) -> None:
    """It is in neither file, and has been shown."""
    (data / FILE).unlink()
    store.record(Group(B, 0, 4, [Entry(4, "default", 0, 9)]))
    store.begin_sync()
    late = Group(B, 4, 5, [Entry(5, "default", 0, 10)])
    store.record(late)
    store.renew(MEMORY)
    assert 5 == kill(store, data).groups[-1].newest


def test_a_new_file_ends_in_good_order(store: Store, data: Path) -> None:
    """A node that is stopped after it wrote one leaves all of it behind."""
    (data / FILE).unlink()
    store.renew(MEMORY)
    store.close(None, ())
    assert MEMORY == whole(Store(data, "c").open())


def test_a_directory_that_is_gone_is_trouble_until_it_is_back(store: Store, data: Path) -> None:
    """Moved away, and back."""
    away = data.with_name("away")
    data.rename(away)
    assert f"{FILE}, {LOG}" == store.lost()
    for _ in range(2):
        with pytest.raises(WriteError, match=f"the directory {data} was taken away"):
            store.renew(MEMORY)
        with pytest.raises(WriteError, match="was taken away"):
            store.reopen()
    assert "was taken away" in str(store.trouble)
    away.rename(data)
    assert [2] == [group.upto for group in merged(store.reopen().groups)]
    assert (None, None) == (store.trouble, store.lost())


def test_another_directory_of_that_name_is_not_written_to(store: Store, data: Path) -> None:
    """Nobody has locked it."""
    shutil.rmtree(data)
    data.mkdir()
    for call in (lambda: store.renew(MEMORY), store.reopen):
        with pytest.raises(WriteError, match="was taken away"):
            call()
    assert [] == list(data.iterdir())


def test_another_file_of_that_name_is_left_alone(store: Store, data: Path) -> None:
    """Somebody put a backup there. It is not overwritten, and this node's log not played into it.

    When it is moved away the node writes its own anew.
    """
    (data / FILE).rename(data.with_name("away.db"))
    backup = data / FILE
    backup.write_bytes(b"a backup")
    assert FILE == store.lost()
    for call in (lambda: store.renew(MEMORY), store.reopen):
        with pytest.raises(WriteError, match=f"another file was put at {backup}: move it away"):
            call()
    assert b"a backup" == backup.read_bytes()
    backup.unlink()
    store.reopen()
    store.commit([write(3)], CHANGES)
    assert MEMORY.members == kill(store, data).members


def test_what_cannot_be_told_is_no_loss(
    store: Store, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory that may not be searched, for instance: the open files can still be written."""

    def stat(path: Path, **_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "stat", stat)
    assert store.lost() is None
    assert store._names.obstacle() is None


def test_the_file_of_what_is_recorded_finds_its_name_again(store: Store, data: Path) -> None:
    """With the next sync, which has what was in it."""
    store.record(MEMORY.groups[1])
    [recent] = data.glob("*recent*")
    recent.unlink()
    store.begin_sync()
    store.commit([], CHANGES)
    late = Group(B, 4, 5, [Entry(5, "default", 0, 10)])
    store.record(late)
    assert 5 == kill(store, data).groups[-1].newest
