"""Looking into, checking and copying a node's file, also while the node has it open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gossipd.daemon.storage import inspection
from gossipd.daemon.storage.inspection import (
    InspectionError,
    back_up,
    check_directory,
    read_directory,
)
from gossipd.daemon.storage.schema import FILE
from gossipd.daemon.storage.store import Store
from gossipd.protocol import Changes, Claim, Entry, Group, State, Write
from tests.daemon.storage.contents import whole

A, B = b"a" * 16, b"b" * 16
MEMBERS = (Claim("10.0.0.1:1", 2, 1, 2), Claim("10.0.0.2:1", 3, 0, 0))
GROUPS = (
    Group(A, 0, 2, [Entry(1, "default", 0, 5), Entry(2, "default", 9, 0)]),
    Group(B, 0, 1, [Entry(1, "default", 9, 4)]),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """One that is open, with two owners and two members."""
    made = Store(tmp_path / "node", "prod")
    (tmp_path / "node").mkdir()
    made.open()
    made.begin(7)
    made.commit([Write(1, GROUPS)], Changes(7, MEMBERS, ("10.0.0.2:1",)))
    yield made
    made._disconnect()


def test_a_whole_file_is_fine(store: Store) -> None:
    """With what it holds, in one line."""
    assert (
        check_directory(store.path.parent) == f"{store.path}: owners 2, their entries 3, members 2"
    )


def test_everything_is_shown_as_plain_values(store: Store) -> None:
    """Counters by their value: 5, raised to 9, and 4 more."""
    assert read_directory(store.path.parent) == {
        "path": str(store.path),
        "cluster": "prod",
        "cluster_ids": [],
        "generation": 7,
        "ended_in_good_order": False,
        "counters": {"default": 13},
        "owners": [
            {"owner": A.hex(), "complete_up_to": 2, "entries": 2},
            {"owner": B.hex(), "complete_up_to": 1, "entries": 1},
        ],
        "members": [
            {"id": "10.0.0.1:1", "state": "dead", "generation": 2, "removed": False},
            {"id": "10.0.0.2:1", "state": "alive", "generation": 3, "removed": True},
        ],
    }
    store.record(Group(B, 1, 2, [Entry(2, "default", 9, 6)]))
    assert {"default": 15} == read_directory(store.path.parent)["counters"]
    store.close(Changes(7, MEMBERS, ("10.0.0.2:1",)), ())
    assert {"default": 15} == read_directory(store.path.parent)["counters"]
    assert read_directory(store.path.parent)["ended_in_good_order"]


def test_a_backup_is_a_file_like_the_node_has(store: Store, tmp_path: Path) -> None:
    """Also of what the log beside the file holds; the node can be started from it."""
    back_up(store.path.parent, tmp_path / "copy")
    (tmp_path / "other").mkdir()
    (tmp_path / "copy").rename(tmp_path / "other" / FILE)
    restored = Store(tmp_path / "other", "prod")
    assert State(7, MEMBERS, ("10.0.0.2:1",), GROUPS) == whole(restored.open())
    restored._disconnect()


def test_a_backup_is_of_one_moment(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the node goes on writing between the steps, which it is told of, up to the last one."""
    monkeypatch.setattr(inspection, "_PAGES_A_STEP", 1)
    shares: list[float | None] = []

    def write(share: float | None) -> None:
        shares.append(share)
        assert len(shares) < 100
        store.commit([Write(1, (Group(B, 1, 2, [Entry(2, "more", 0, 6)]),))])

    back_up(store.path.parent, tmp_path / FILE, write)
    assert {"default": 13} == read_directory(tmp_path)["counters"]
    assert (sorted(shares, key=lambda each: each or 0), 1.0) == (shares, shares[-1])
    assert {"default": 13, "more": 6} == read_directory(store.path.parent)["counters"]


def test_a_long_check_tells_that_it_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """How far it is cannot be known."""
    monkeypatch.setattr(inspection, "_INSTRUCTIONS_A_STEP", 1)
    shares: list[float | None] = []
    check_directory(store.path.parent, shares.append)
    assert {None} == {*shares}


def test_a_backup_replaces_nothing(store: Store, tmp_path: Path) -> None:
    """And leaves nothing where it cannot be written."""
    (tmp_path / "there").write_text("x")
    for target in "there", "no/folder":
        with pytest.raises(InspectionError, match=str(tmp_path / target)):
            back_up(store.path.parent, tmp_path / target)
    assert ["node", "there"] == sorted(os.listdir(tmp_path))
    assert "x" == (tmp_path / "there").read_text()


def test_what_is_no_node_is_named(tmp_path: Path) -> None:
    """No directory, or none of a node."""
    for name in ".", "none":
        with pytest.raises(InspectionError, match=f"holds no {FILE}"):
            check_directory(tmp_path / name)


@pytest.mark.parametrize("damage", [b"x" * 5000, b""])
def test_damage_is_named(store: Store, damage: bytes) -> None:
    """By every command, in one line with the path."""
    store.close(Changes(7, MEMBERS), ())
    store.path.write_bytes(damage)
    for call in (check_directory, read_directory):
        with pytest.raises(InspectionError) as caught:
            call(store.path.parent)
        assert str(store.path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_damage_within_is_found_by_a_check(store: Store) -> None:
    """Where reading a few rows would not."""
    for n in range(1, 200):
        store.commit([Write(n, (Group(bytes([n]) * 16, 0, n, [Entry(n, "n" * n, 0, 1)]),))])
    store.close(Changes(7, MEMBERS), ())
    data = bytearray(store.path.read_bytes())
    data[-2000:] = b"\xff" * 2000
    store.path.write_bytes(data)
    with pytest.raises(InspectionError, match=r"is damaged|malformed"):
        check_directory(store.path.parent)
