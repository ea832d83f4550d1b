"""The file of a node: what it keeps, what it refuses, and what a failed write leaves."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from gossipd.daemon.storage.log import incomplete
from gossipd.daemon.storage.schema import FILE
from gossipd.daemon.storage.store import Store, StoreError, WriteError
from gossipd.protocol import Changes, Claim, Entry, Group, State, Write
from tests.daemon.storage.contents import merged, whole

A, B = b"a" * 16, b"b" * 16


def write(number: int, count: int | None = None) -> Write:
    """The first, second … own increment."""
    entry = Entry(number, "default", 0, number if count is None else count)
    return Write(number, (Group(A, number - 1, number, [entry]),))


def opened(directory: Path, cluster: str = "c") -> tuple[Store, State]:
    """A store that was opened, and what it held."""
    store = Store(directory, cluster)
    return store, whole(store.open())


def crash(store: Store) -> None:
    """The process ends without closing anything."""
    store._disconnect()


def test_a_new_directory_holds_nothing(tmp_path: Path) -> None:
    """And its file appears whole, or not at all."""
    store, state = opened(tmp_path)
    assert (State(), None) == (state, store.trouble)
    assert (tmp_path / FILE).exists()
    assert not (tmp_path / f"{FILE}.new").exists()


def test_what_is_committed_is_there_after_a_crash(tmp_path: Path) -> None:
    """Writes in order, several in a transaction, and the generation."""
    store, _ = opened(tmp_path)
    store.begin(7)
    store.commit([write(1), write(2)])
    store.commit([write(3)])
    assert (2, 3) == (store.commits, store.writes)
    crash(store)
    _, state = opened(tmp_path)
    assert State(7, groups=(Group(A, 0, 3, [Entry(3, "default", 0, 3)]),)) == state


def test_a_sync_writes_what_was_recorded_and_which_members_changed(tmp_path: Path) -> None:
    """And the generation. Nothing is written twice."""
    store, _ = opened(tmp_path)
    store.begin(7)
    store.commit([write(1)])
    group = Group(B, 0, 4, [Entry(4, "default", 0, 9)])
    members, removed = (Claim("10.0.0.1:1", 2, 1, 0),), ("10.0.0.1:1",)
    store.record(group)
    assert store.begin_sync()
    store.commit([], Changes(8, members, removed))
    assert not store.begin_sync()
    crash(store)
    own = Group(A, 0, 1, [Entry(1, "default", 0, 1)])
    assert State(8, members, removed, (own, group)) == opened(tmp_path)[1]


def test_two_histories_of_one_owner_are_kept_as_they_are_merged(tmp_path: Path) -> None:
    """The newest version with the largest count, whichever comes first."""
    store, _ = opened(tmp_path)
    groups = [Group(A, 0, n, [Entry(n, "default", 0, 12 - n)]) for n in (5, 3)]
    store.commit([Write(n, (group,)) for n, group in enumerate(groups)])
    crash(store)
    assert (Group(A, 0, 5, [Entry(5, "default", 0, 9)]),) == opened(tmp_path)[1].groups


def test_members_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    """With the next changes."""
    store, _ = opened(tmp_path)
    store.commit([], Changes(members=(Claim("10.0.0.1:1", 2, 1, 0),)))
    store.commit([], Changes(forgotten=("10.0.0.1:1", "10.0.0.2:1")))
    assert () == store.reopen().members


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    """It may hold what this version does not understand."""
    crash(opened(tmp_path)[0])
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    store = Store(tmp_path, "c")
    with pytest.raises(StoreError, match="newer gossipd"):
        store.open()
    assert store._connection is None, "a refused file is left open"


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_a_damaged_file_is_never_taken_for_an_empty_one(tmp_path: Path, size: int) -> None:
    """Cut off, or with its beginning overwritten: one line with the path and what to do."""
    store, _ = opened(tmp_path)
    store.begin(1)
    store.close(Changes(1), ())
    with (tmp_path / FILE).open("r+b") as file:
        if size:
            file.write(b"x" * size)
        else:
            file.truncate(0)
    with pytest.raises(StoreError) as caught:
        opened(tmp_path)
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / FILE} is damaged (")
    assert "backup" in text
    assert "\n" not in text


def test_damage_within_is_found_after_a_crash(tmp_path: Path) -> None:
    """A whole check is made if the last process did not end in good order."""
    store, _ = opened(tmp_path)
    store.begin(1)
    for n in range(1, 200):
        store.commit([Write(n, (Group(bytes([n]) * 16, 0, n, [Entry(n, "n" * n, 0, 1)]),))])
    crash(store)
    path = tmp_path / FILE
    data = bytearray(path.read_bytes())
    data[2 * 4096 : 2 * 4096 + 2000] = b"\xff" * 2000
    path.write_bytes(data)
    with pytest.raises(StoreError, match="is damaged"):
        opened(tmp_path)


def test_a_failed_write_is_trouble_until_the_file_is_opened_anew(tmp_path: Path) -> None:
    """Here another process holds the file's lock; nothing of the transaction is there."""
    store, _ = opened(tmp_path)
    store.begin(1)
    store.commit([write(1)])
    assert store._connection is not None
    store._connection.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(WriteError, match="locked"):
        store.commit([write(2)])
    assert "database is locked" == store.trouble
    other.close()
    assert [1] == [group.upto for group in merged(store.reopen().groups)]
    assert store.trouble is None
    store.commit([write(2)])
    assert [2] == [group.upto for group in merged(store.reopen().groups)]


def test_a_closed_store_takes_no_write(tmp_path: Path) -> None:
    """It says so."""
    store, _ = opened(tmp_path)
    store.close(Changes(3), ())
    with pytest.raises(WriteError, match="not open"):
        store.commit([write(1)])


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is read-only for root")
def test_a_directory_that_cannot_be_written_can_still_be_read(tmp_path: Path) -> None:
    """The node serves what it knows, and the store says why it takes nothing."""
    store, _ = opened(tmp_path)
    store.commit([write(1)])
    store.close(Changes(1), ())
    tmp_path.chmod(0o500)
    (tmp_path / FILE).chmod(0o400)
    try:
        store, state = opened(tmp_path)
        assert [1] == [group.upto for group in state.groups]
        assert store.trouble is not None
    finally:
        tmp_path.chmod(0o700)


def test_a_copy_made_while_it_is_open_is_whole(tmp_path: Path) -> None:
    """The file with its log beside it, as a crash leaves them."""
    store, _ = opened(tmp_path)
    store.begin(1)
    store.commit([write(1)])
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in FILE, f"{FILE}-wal":
        shutil.copy(tmp_path / name, copy / name)
    assert [1] == [group.upto for group in opened(copy)[1].groups]


def test_a_log_of_a_file_that_was_moved_away_is_not_played_into_a_new_one(tmp_path: Path) -> None:
    """It would bring back what was moved away, or damage the new file."""
    store, _ = opened(tmp_path)
    store.commit([write(1)])
    log = (tmp_path / f"{FILE}-wal").read_bytes()
    crash(store)
    (tmp_path / FILE).unlink()
    (tmp_path / f"{FILE}-wal").write_bytes(log)
    store, state = opened(tmp_path)
    assert (State(), None) == (state, store.trouble)
    store.commit([write(2)])
    crash(store)
    assert [1] == [len(group.entries) for group in opened(tmp_path)[1].groups]


def test_a_log_whose_index_cannot_be_made_is_read_all_the_same(tmp_path: Path) -> None:
    """A directory of that name stands for a full disk or one that can only be read."""
    store, _ = opened(tmp_path)
    store.commit([write(1)])
    names = FILE, f"{FILE}-wal"
    contents = [(tmp_path / name).read_bytes() for name in names]
    crash(store)
    for name, content in zip(names, contents, strict=True):
        (tmp_path / name).write_bytes(content)
    (tmp_path / f"{FILE}-shm").mkdir()
    store, state = opened(tmp_path)
    assert [1] == [group.upto for group in state.groups]
    assert store.trouble is not None
    assert contents == [(tmp_path / name).read_bytes() for name in names]


def test_without_a_log_no_write_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite does not fail where it cannot have one, and then syncs less."""
    crash(opened(tmp_path)[0])
    real = sqlite3.connect

    class Connection(sqlite3.Connection):
        def execute(self, query: str, *arguments: Any) -> sqlite3.Cursor:
            query = query.replace("journal_mode = WAL", "journal_mode = DELETE")
            return super().execute(query, *arguments)

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return real(*arguments, factory=Connection, **options)

    monkeypatch.setattr(sqlite3, "connect", connect)
    store, _ = opened(tmp_path)
    assert "its log cannot be used" == store.trouble
    with pytest.raises(WriteError):
        store.commit([write(1)])


def test_values_of_the_wrong_kind_are_damage(tmp_path: Path) -> None:
    """A file that was closed in good order is not checked as a whole."""
    store, _ = opened(tmp_path)
    store.close(Changes(1, (Claim("10.0.0.1:1", 2, 1, 0),)), ())
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute(
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE log (number INTEGER PRIMARY KEY, groups)'"
        " WHERE name = 'log'"
    )
    connection.commit()
    connection.close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("INSERT INTO log VALUES (1, 'text')")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="is damaged"):
        opened(tmp_path)


def test_what_was_recorded_is_read_until_it_is_stored(tmp_path: Path) -> None:
    """After a kill; a clean end stores it and leaves nothing beside the file."""
    store, _ = opened(tmp_path)
    group = Group(B, 0, 1, [Entry(1, "default", 0, 5)])
    store.record(group)
    assert store.begin_sync()
    store.commit([])
    assert [0] == [path.stat().st_size for path in tmp_path.glob("*recent*")]
    crash(store)
    store, state = opened(tmp_path)
    assert (group,) == state.groups
    later = Group(B, 1, 2, [Entry(2, "default", 0, 6)])
    store.record(later)
    store.close(None, ())
    assert [] == list(tmp_path.glob("*recent*"))
    assert (Group(B, 0, 2, later.entries),) == opened(tmp_path)[1].groups


def test_what_was_recorded_is_in_the_file_from_the_next_start_on(tmp_path: Path) -> None:
    """The node takes it for kept. It is in the file once, however often that is opened."""
    store, _ = opened(tmp_path)
    group = Group(B, 0, 1, [Entry(1, "default", 0, 5)])
    store.record(group)
    crash(store)
    for _ in range(3):
        store, state = opened(tmp_path)
        assert (incomplete(group),) == state.groups
        store.begin(2)
        assert [incomplete(group)] == list(store.reopen().groups)
        crash(store)
    assert [] == list(tmp_path.glob("*recent*"))


def test_what_was_recorded_before_a_failure_stays_until_a_checkpoint_ends(tmp_path: Path) -> None:
    """The transaction that was to have it failed, and a later one lacks it."""
    store, _ = opened(tmp_path)
    store.begin(1)
    store.record(Group(B, 0, 1, [Entry(1, "default", 0, 5)]))
    assert store._connection is not None
    store._connection.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.begin_sync()
    with pytest.raises(WriteError):
        store.commit([])
    other.close()
    assert () == merged(store.reopen().groups)
    [log] = tmp_path.glob("*recent*")
    assert store.wants_checkpoint()
    store.begin_checkpoint()
    for piece in [Group(B, 0, 1, [Entry(1, "default", 0, 5)])], []:
        store.begin_sync()
        assert log.stat().st_size
        store.commit([], piece=piece)
    assert not log.stat().st_size
    assert not store._growing.lacking
    assert [1] == [group.upto for group in store.reopen().groups]


def test_a_close_writes_all_that_the_file_may_lack(tmp_path: Path) -> None:
    """Nothing but the last changes where it lacks nothing: a checkpoint is not even begun then."""
    store, _ = opened(tmp_path)
    store.begin(1)
    store.commit([write(1)])
    store.close(Changes(1), iter([[Group(B, 0, 1, [])]]))
    store, state = opened(tmp_path)
    assert [A] == [group.owner for group in state.groups]
    store._growing.lacks()
    store.close(None, iter([[Group(B, 0, 1, [Entry(1, "n", 0, 1)])]]))
    assert [B] == [group.owner for group in opened(tmp_path)[1].groups]


def test_what_was_recorded_beside_a_file_that_is_gone_is_not_read(tmp_path: Path) -> None:
    """It belongs to what was moved away."""
    store, _ = opened(tmp_path)
    store.record(Group(B, 0, 1, [Entry(1, "default", 0, 5)]))
    crash(store)
    for path in tmp_path.glob(f"{FILE}*"):
        if "recent" not in path.name:
            path.unlink()
    assert () == opened(tmp_path)[1].groups


def test_who_is_gone_and_who_is_forgotten_is_kept(tmp_path: Path) -> None:
    """Since when members are gone, and the addresses of the forgotten."""
    store, _ = opened(tmp_path)
    dead = Claim("10.0.0.1:1", 2, 1, 2)
    gone = {dead.id: 1_700_000_000}
    others = ("10.0.0.2:1", "10.0.0.3:1")
    store.commit([], Changes(8, (dead,), forgotten=others, gone_since=gone, apart=others))
    crash(store)
    store, state = opened(tmp_path)
    assert State(8, (dead,), gone_since=gone, apart=others) == state
    store.commit([], Changes(8, forgotten=(dead.id, others[1]), apart=(dead.id,)))
    crash(store)
    assert State(8, apart=(dead.id, others[0])) == opened(tmp_path)[1]


@pytest.mark.parametrize("number", [0, 1, 128])
def test_which_cluster_the_node_is_of_is_kept(number: int, tmp_path: Path) -> None:
    """With as many ids as a cluster may have."""
    ids = tuple(range(2**32 - number, 2**32))
    store, _ = opened(tmp_path)
    store.commit([], Changes(8, cluster_ids=ids, strayed=True))
    crash(store)
    assert State(8, cluster_ids=ids, strayed=True) == opened(tmp_path)[1]


@pytest.mark.parametrize("ids", ["1", "0000000g", "123456789", "00000002 00000001x", "' '"])
def test_ids_that_are_none_are_damage(ids: str, tmp_path: Path) -> None:
    """Each is a number of eight hexadecimal digits, which a datagram has room for."""
    store, _ = opened(tmp_path)
    crash(store)
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("INSERT INTO meta VALUES ('cluster ids', ?)", (ids,))
    connection.close()
    with pytest.raises(StoreError):
        opened(tmp_path)
