"""The note of the last synced write: a lost end of SQLite's log is named, and nothing else is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gossipd.daemon.storage.inspection import InspectionError, check_directory
from gossipd.daemon.storage.schema import FILE
from gossipd.daemon.storage.store import Store
from gossipd.daemon.storage.synced import LastSynced, Mark
from gossipd.protocol import Changes, Entry, Group, Write

A, B = b"a" * 16, b"b" * 16
LOG = f"{FILE}-wal"
NOTE = f"{FILE}-synced"
WRITES = 9


def write(number: int, owner: bytes = A) -> Write:
    """The first, second … own increment."""
    entry = Entry(number, "default", 0, number)
    return Write(number, (Group(owner, number - 1, number, [entry]),))


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """What a killed process leaves, whose log has all its increments."""
    data = tmp_path / "data"
    data.mkdir()
    store = Store(data, "c")
    store.open()
    store.begin(1)
    for number in range(1, WRITES + 1):
        store.commit([write(number)])
    copy = tmp_path / "copy"
    shutil.copytree(data, copy)
    store._disconnect()
    return copy


def opened(directory: Path) -> tuple[Store, int]:
    """A store that was opened, and how many of the increments it holds."""
    store = Store(directory, "c")
    state = store.open()
    assert store.trouble is None
    return store, max([0, *(group.upto for group in state.groups if group.owner == A)])


def cut(log: Path) -> None:
    """Takes the second half away."""
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size // 2)


def flip(log: Path) -> None:
    """Changes a byte in the middle."""
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 0xFF
    log.write_bytes(content)


def empty(log: Path) -> None:
    """Leaves nothing but the name."""
    log.write_bytes(b"")


def test_a_whole_log_is_no_alarm(killed: Path) -> None:
    """Nor is an end in good order, a start without increments, or another owner."""
    store, found = opened(killed)
    assert (WRITES, None) == (found, store.shortfall)
    store.begin(2)
    store.commit([write(1, B)])
    store.close(Changes(2), ())
    for _ in range(2):
        store, found = opened(killed)
        assert (WRITES, None) == (found, store.shortfall)
        store.close(Changes(3), ())
    assert "owners 2" in check_directory(killed)


@pytest.mark.parametrize("damage", [cut, flip, empty, Path.unlink])
def test_a_lost_end_of_the_log_is_named(killed: Path, damage: Callable[[Path], None]) -> None:
    """How far the file reaches, and how far it should; `store check` says the same."""
    damage(killed / LOG)
    copy = killed.with_name("checked")
    shutil.copytree(killed, copy)
    store, found = opened(killed)
    assert found < WRITES
    expected = f"it ends at write {found} of owner {A.hex()}, and write {WRITES} was acknowledged"
    assert store.shortfall is not None
    assert store.shortfall.startswith(expected)
    with pytest.raises(InspectionError, match=f"incomplete: {expected}"):
        check_directory(copy)


def test_it_is_named_once(killed: Path) -> None:
    """What the next process counts is noted anew."""
    cut(killed / LOG)
    store, _ = opened(killed)
    assert store.shortfall is not None
    store._disconnect()
    store, _ = opened(killed)
    assert store.shortfall is None
    store.begin(2)
    store.commit([write(1, B)])
    assert Mark(B, 1) == LastSynced(killed / FILE).read()
    store._disconnect()
    assert opened(killed)[0].shortfall is None


def test_an_older_file_in_its_place_is_named(killed: Path) -> None:
    """It lacks what was acknowledged since."""
    shutil.copy(killed / FILE, killed.with_name("backup"))
    store, _ = opened(killed)
    store._disconnect()
    shutil.copy(killed.with_name("backup"), killed / FILE)
    store, found = opened(killed)
    assert found < WRITES
    assert store.shortfall is not None


def test_half_a_note_is_none(killed: Path) -> None:
    """A power cut may leave any part of it, and zeros."""
    content = (killed / NOTE).read_bytes()
    for size in range(len(content)):
        for rest in b"", bytes(len(content) - size):
            (killed / NOTE).write_bytes(content[:size] + rest)
            assert LastSynced(killed / FILE).read() is None


def test_a_note_that_cannot_be_written_harms_nothing(killed: Path) -> None:
    """An older note promises less."""
    store, _ = opened(killed)
    (killed / NOTE).unlink()
    (killed / NOTE).mkdir()
    store.begin(2)
    store.commit([write(1, B)])
    store._disconnect()
    assert opened(killed)[0].shortfall is None


def test_a_note_whose_name_was_taken_away_comes_back(killed: Path) -> None:
    """With the first write after the names were compared."""
    store, _ = opened(killed)
    store.begin(2)
    store.commit([write(1, B)])
    (killed / NOTE).unlink()
    assert store.lost() is None
    store.commit([write(2, B)])
    assert Mark(B, 2) == LastSynced(killed / FILE).read()


def test_writes_without_entries_are_not_noted(tmp_path: Path) -> None:
    """They say nothing of how far the file must reach."""
    note = LastSynced(tmp_path / FILE)
    note.note([])
    note.note([Write(1, (Group(A, 0, 3, []),))])
    assert note.read() is None
