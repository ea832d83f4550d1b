"""What is recorded for the next process: read as far as it is whole, and forgotten in turns."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from gossipd.daemon.storage.unsynced import UnsyncedLog
from gossipd.protocol import Entry, Group


def group(number: int) -> Group:
    """The first, second … change of some other owner."""
    return Group(b"o" * 16, number - 1, number, [Entry(number, "default", 0, number)])


def upto(log: UnsyncedLog) -> list[int]:
    """What is read, by version."""
    return [each.newest for each in log.read()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of the file that the two others are beside."""
    return tmp_path / "node.db"


def files(path: Path) -> list[Path]:
    """Those that there are, with something in them."""
    found = sorted(path.parent.glob("node.db-recent-*"))
    return [each for each in found if each.stat().st_size]


def test_all_of_it_is_read_by_the_next_process(path: Path) -> None:
    """But a group completes nothing: one that it goes on from may be missing."""
    log = UnsyncedLog(path, "prod")
    for number in 1, 2, 3:
        log.add(group(number))
    expected = [replace(group(number), since=0, upto=0) for number in (1, 2, 3)]
    assert expected == UnsyncedLog(path, "prod").read()


def test_what_is_stored_is_forgotten(path: Path) -> None:
    """But not what was added after `take`."""
    log = UnsyncedLog(path, "prod")
    log.add(group(1))
    log.take()
    log.add(group(2))
    assert [1, 2] == upto(UnsyncedLog(path, "prod"))
    log.forget()
    assert [2] == upto(UnsyncedLog(path, "prod"))
    log.take()
    log.forget()
    assert ([], []) == (upto(UnsyncedLog(path, "prod")), files(path))


def test_what_could_not_be_stored_stays(path: Path) -> None:
    """The next transaction has it too, and only its success forgets it."""
    log = UnsyncedLog(path, "prod")
    log.add(group(1))
    log.take()
    log.add(group(2))
    log.take()
    log.add(group(3))
    assert [1, 2, 3] == sorted(upto(UnsyncedLog(path, "prod")))
    log.forget()
    assert [2, 3] == upto(UnsyncedLog(path, "prod"))


def test_what_an_earlier_process_left_is_forgotten_once_it_is_stored(path: Path) -> None:
    """And stays until then, whatever is added."""
    earlier = UnsyncedLog(path, "prod")
    earlier.add(group(1))
    earlier.take()
    earlier.add(group(2))
    log = UnsyncedLog(path, "prod")
    assert [1, 2] == upto(log)
    log.add(group(3))
    assert [1, 2, 3] == sorted(upto(UnsyncedLog(path, "prod")))
    for _ in range(2):
        log.take()
        log.forget()
    assert [] == files(path)


def test_reading_ends_where_the_damage_begins(path: Path) -> None:
    """A record that was cut short, altered, or never written."""
    log = UnsyncedLog(path, "prod")
    for number in 1, 2:
        log.add(group(number))
    [file] = files(path)
    whole = file.read_bytes()
    first = len(whole) // 2
    for damaged in (
        whole[:-1],
        whole[: first + 3],
        whole[:-3] + b"xyz",
        whole[:first] + bytes(first),
        whole[:first] + b"\xff" * first,
    ):
        file.write_bytes(damaged)
        assert [1] == upto(UnsyncedLog(path, "prod"))
    file.write_bytes(whole + bytes(4096))
    after = UnsyncedLog(path, "prod")
    assert [1, 2] == upto(after)
    after.add(group(3))
    assert [1, 2, 3] == upto(UnsyncedLog(path, "prod"))


def test_a_directory_that_takes_nothing_ends_nothing(tmp_path: Path) -> None:
    """What cannot be noted is not noted."""
    log = UnsyncedLog(tmp_path / "missing" / "node.db", "prod")
    log.add(group(1))
    log.take()
    log.forget()
    assert [] == log.read()


def test_a_store_that_takes_nothing_for_long_is_no_reason_to_fill_the_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit nothing is noted."""
    monkeypatch.setattr("gossipd.daemon.storage.unsynced._LIMIT", 100)
    log = UnsyncedLog(path, "prod")
    for number in range(1, 10):
        log.add(group(number))
    [file] = files(path)
    assert 50 < file.stat().st_size <= 100


def test_what_was_added_is_taken_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoded as it is, in order; also what no file takes. It is told if it is not all."""
    log = UnsyncedLog(path.parent / "missing" / "node.db", "prod")
    for number in 1, 2:
        log.add(group(number))
    taken, is_all = log.take()
    assert [group(1), group(2)] == [msgspec.msgpack.decode(each, type=Group) for each in taken]
    assert is_all
    assert ([], True) == log.take()
    monkeypatch.setattr("gossipd.daemon.storage.unsynced._LIMIT", 100)
    for number in range(1, 10):
        log.add(group(number))
    taken, is_all = log.take()
    assert 1 < len(taken) < 9
    assert not is_all
    assert ([], True) == log.take()


def test_both_files_can_be_removed(path: Path) -> None:
    """Even if there are none."""
    log = UnsyncedLog(path, "prod")
    log.clear()
    log.add(group(1))
    log.take()
    log.add(group(2))
    log.clear()
    assert [] == list(path.parent.iterdir())
    log.add(group(3))
    assert [3] == upto(UnsyncedLog(path, "prod"))


def test_what_another_cluster_noted_is_not_read(path: Path) -> None:
    """A file put beside these two may be of another cluster, whose counts are not ours."""
    UnsyncedLog(path, "prod").add(group(1))
    other = UnsyncedLog(path, "staging")
    assert [] == other.read()
    other.add(group(2))
    assert ([2], []) == (upto(UnsyncedLog(path, "staging")), upto(UnsyncedLog(path, "prod")))


def test_no_more_is_read_than_is_ever_noted(path: Path) -> None:
    """A file may have any length, also one that no memory holds."""
    UnsyncedLog(path, "prod").add(group(1))
    [file] = files(path)
    os.truncate(file, 2**42)
    assert [1] == upto(UnsyncedLog(path, "prod"))


def test_a_file_that_complains_when_it_is_closed_ends_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a network file system that is full."""
    log = UnsyncedLog(path, "prod")
    log.add(group(1))
    close = os.close

    def full(descriptor: int) -> None:
        close(descriptor)
        raise OSError("no space")

    monkeypatch.setattr(os, "close", full)
    log.take()
    monkeypatch.undo()
    log.add(group(2))
    assert [1, 2] == upto(UnsyncedLog(path, "prod"))


def test_what_comes_while_another_thread_removes_the_files_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in a new file, not in one that is about to go."""
    log = UnsyncedLog(path, "prod")
    log.add(group(1))
    unlink = Path.unlink
    adding = threading.Thread(target=log.add, args=[group(2)])

    def slowly(file: Path, missing_ok: bool = False) -> None:
        if adding.ident is None:
            adding.start()
            adding.join(0.2)
        unlink(file, missing_ok)

    monkeypatch.setattr(Path, "unlink", slowly)
    log.clear()
    adding.join()
    assert [2] == upto(UnsyncedLog(path, "prod"))
