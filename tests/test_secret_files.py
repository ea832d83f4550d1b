"""Files with secrets: who may read them, and what is told of a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gossipd.secret_files import SecretFileError, read_secret, write_secret


def test_what_is_written_is_for_the_owner_alone(tmp_path: Path) -> None:
    """And read again; a file that exists is not touched."""
    path = tmp_path / "file"
    write_secret(path, "file", "text\n")
    assert (b"text\n", 0o600) == (read_secret(path, "file"), path.stat().st_mode & 0o777)
    with pytest.raises(SecretFileError, match=f"^cannot write the file {path}: File exists$"):
        write_secret(path, "file", "other")


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o620, 0o644])
def test_a_file_of_everybody_is_refused(tmp_path: Path, mode: int) -> None:
    """One that all may read, or others may write."""
    path = tmp_path / "file"
    write_secret(path, "file", "text\n")
    path.chmod(mode)
    with pytest.raises(SecretFileError, match=f"mode {mode:04o}.: use `chmod 600`, and a new one$"):
        read_secret(path, "file", "a new one")


def test_a_group_may_read(tmp_path: Path) -> None:
    """So a container's user comes to a mounted secret."""
    path = tmp_path / "file"
    write_secret(path, "file", "text\n")
    path.chmod(0o640)
    assert b"text\n" == read_secret(path, "file")


def test_a_file_is_bounded(tmp_path: Path) -> None:
    """A device that never ends is no secret."""
    path = tmp_path / "file"
    write_secret(path, "file", "x" * 65537)
    with pytest.raises(SecretFileError, match="it has more than 65536 bytes"):
        read_secret(path, "file")
    with pytest.raises(SecretFileError, match="cannot read the file"):
        read_secret(tmp_path / "none", "file")
