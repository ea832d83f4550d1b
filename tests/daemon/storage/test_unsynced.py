"""What is recorded for the next process: read as far as it is whole, and forgotten in turns."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from gossipd.daemon.storage.unsynced import Recent
from gossipd.protocol import Entry, Group


def group(number: int) -> Group:
    """The first, second … change of some other owner."""
    return Group(b"o" * 16, number - 1, number, [Entry(number, "default", 0, number)])


def upto(recent: Recent) -> list[int]:
    """What is read, by version."""
    return [each.upto for each in recent.read()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of the file that the two others are beside."""
    return tmp_path / "node.db"


def files(path: Path) -> list[Path]:
    """Those that there are, with something in them."""
    found = sorted(path.parent.glob("node.db-recent-*"))
    return [each for each in found if each.stat().st_size]


def test_all_of_it_is_read_by_the_next_process(path: Path) -> None:
    """With what each group says of the versions before it."""
    recent = Recent(path, "prod")
    for number in 1, 2, 3:
        recent.add(group(number))
    assert [group(1), group(2), group(3)] == Recent(path, "prod").read()


def test_what_is_stored_is_forgotten(path: Path) -> None:
    """But not what came after the snapshot was taken."""
    recent = Recent(path, "prod")
    recent.add(group(1))
    recent.turn()
    recent.add(group(2))
    assert [1, 2] == upto(Recent(path, "prod"))
    recent.forget()
    assert [2] == upto(Recent(path, "prod"))
    recent.turn()
    recent.forget()
    assert ([], []) == (upto(Recent(path, "prod")), files(path))


def test_what_could_not_be_stored_stays(path: Path) -> None:
    """The next snapshot has it too, and only that one's success forgets it."""
    recent = Recent(path, "prod")
    recent.add(group(1))
    recent.turn()
    recent.add(group(2))
    recent.turn()
    recent.add(group(3))
    assert [2, 3, 1] == [*upto(Recent(path, "prod"))[1:], upto(Recent(path, "prod"))[0]]
    recent.forget()
    assert [2, 3] == upto(Recent(path, "prod"))


def test_what_an_earlier_process_left_is_forgotten_once_it_is_stored(path: Path) -> None:
    """And stays until then, whatever is added."""
    earlier = Recent(path, "prod")
    earlier.add(group(1))
    earlier.turn()
    earlier.add(group(2))
    recent = Recent(path, "prod")
    assert [1, 2] == upto(recent)
    recent.add(group(3))
    assert [1, 2, 3] == sorted(upto(Recent(path, "prod")))
    for _ in range(2):
        recent.turn()
        recent.forget()
    assert [] == files(path)


def test_reading_ends_where_the_damage_begins(path: Path) -> None:
    """A record that was cut short, altered, or never written."""
    recent = Recent(path, "prod")
    for number in 1, 2:
        recent.add(group(number))
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
        assert [1] == upto(Recent(path, "prod"))
    file.write_bytes(whole + bytes(4096))
    after = Recent(path, "prod")
    assert [1, 2] == upto(after)
    after.add(group(3))
    assert [1, 2, 3] == upto(Recent(path, "prod"))


def test_a_directory_that_takes_nothing_ends_nothing(tmp_path: Path) -> None:
    """What cannot be noted is not noted."""
    recent = Recent(tmp_path / "missing" / "node.db", "prod")
    recent.add(group(1))
    recent.turn()
    recent.forget()
    assert [] == recent.read()


def test_a_store_that_takes_nothing_for_long_is_no_reason_to_fill_the_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit nothing is noted."""
    monkeypatch.setattr("gossipd.daemon.storage.unsynced._LIMIT", 100)
    recent = Recent(path, "prod")
    for number in range(1, 10):
        recent.add(group(number))
    [file] = files(path)
    assert 50 < file.stat().st_size <= 100


def test_both_files_can_be_removed(path: Path) -> None:
    """Even if there are none."""
    recent = Recent(path, "prod")
    recent.clear()
    recent.add(group(1))
    recent.turn()
    recent.add(group(2))
    recent.clear()
    assert [] == list(path.parent.iterdir())
    recent.add(group(3))
    assert [3] == upto(Recent(path, "prod"))


def test_what_another_cluster_noted_is_not_read(path: Path) -> None:
    """A file put beside these two may be of another cluster, whose counts are not ours."""
    Recent(path, "prod").add(group(1))
    other = Recent(path, "staging")
    assert [] == other.read()
    other.add(group(2))
    assert ([2], []) == (upto(Recent(path, "staging")), upto(Recent(path, "prod")))


def test_no_more_is_read_than_is_ever_noted(path: Path) -> None:
    """A file may have any length, also one that no memory holds."""
    Recent(path, "prod").add(group(1))
    [file] = files(path)
    os.truncate(file, 2**42)
    assert [1] == upto(Recent(path, "prod"))


def test_a_file_that_complains_when_it_is_closed_ends_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a network file system that is full."""
    recent = Recent(path, "prod")
    recent.add(group(1))
    close = os.close

    def full(descriptor: int) -> None:
        close(descriptor)
        raise OSError("no space")

    monkeypatch.setattr(os, "close", full)
    recent.turn()
    monkeypatch.undo()
    recent.add(group(2))
    assert [1, 2] == upto(Recent(path, "prod"))


def test_what_comes_while_another_thread_removes_the_files_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in a new file, not in one that is about to go."""
    recent = Recent(path, "prod")
    recent.add(group(1))
    unlink = Path.unlink
    adding = threading.Thread(target=recent.add, args=[group(2)])

    def slowly(file: Path, missing_ok: bool = False) -> None:
        if adding.ident is None:
            adding.start()
            adding.join(0.2)
        unlink(file, missing_ok)

    monkeypatch.setattr(Path, "unlink", slowly)
    recent.clear()
    adding.join()
    assert [2] == upto(Recent(path, "prod"))
