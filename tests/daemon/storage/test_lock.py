"""One process at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gossipd.daemon.storage.lock import LockError, lock_directory


def test_a_directory_is_made_for_its_user_alone(tmp_path: Path) -> None:
    """With whatever lies above it."""
    os.close(lock_directory(tmp_path / "a" / "b", "process 7"))
    assert 0o700 == (tmp_path / "a" / "b").stat().st_mode & 0o777


def test_a_second_process_is_told_who_has_it(tmp_path: Path) -> None:
    """Until the first one lets go, however it ends."""
    held = lock_directory(tmp_path, "process 7 (10.0.0.1:8088)")
    with pytest.raises(LockError, match=r"is in use by process 7 \(10\.0\.0\.1:8088\)$"):
        lock_directory(tmp_path, "process 8")
    (tmp_path / "holder").unlink()
    with pytest.raises(LockError, match=r"is in use by another process$"):
        lock_directory(tmp_path, "process 8")
    os.close(held)
    os.close(lock_directory(tmp_path, "process 8"))
    assert "process 8\n" == (tmp_path / "holder").read_text(encoding="utf-8")


def test_what_cannot_be_a_directory_is_named_with_the_ways_out(tmp_path: Path) -> None:
    """In one line."""
    (tmp_path / "file").touch()
    for name in "file", "file/below":
        with pytest.raises(LockError) as caught:
            lock_directory(tmp_path / name, "process 7")
        text = str(caught.value)
        assert str(tmp_path / name) in text
        assert "--data-dir" in text
        assert "--ephemeral" in text
        assert "\n" not in text
