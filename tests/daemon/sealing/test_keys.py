"""Key files: what they look like, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.daemon.sealing import Key, KeyFileError, new_key, parse_keys, read_keys, write_key

ONE, TWO = Key.of(b"1" * 32), Key.of(b"2" * 32)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """By its owner alone, and never over another file."""
    path, key = tmp_path / "keys", new_key()
    write_key(path, key)
    assert (key,) == read_keys(path)
    assert 0o600 == path.stat().st_mode & 0o777
    with pytest.raises(KeyFileError, match=r"cannot write the key file .*keys: File exists"):
        write_key(path, new_key())
    assert (key,) == read_keys(path)


def test_keys_stand_in_the_order_of_the_file() -> None:
    """Comments and empty lines count for nothing."""
    content = f"# ours\n\n{TWO.line}\n  \n{ONE.line}".encode()
    assert (TWO, ONE) == parse_keys(content)


def test_a_key_shows_its_id_and_nothing_else() -> None:
    """In a log line or an error, for instance."""
    assert ONE.secret.hex() not in repr(ONE)
    assert "1111" not in repr(ONE)
    assert ONE.id in repr(ONE)
    assert 1000 == len({new_key().id for _ in range(1000)})


SECRET = ONE.secret.hex()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it has no key"),
        (b"# nothing\n", "it has no key"),
        (b"\xff" + ONE.line.encode(), "no text of ASCII"),
        (SECRET.encode(), "line 1 is not an id and a key"),
        (f"{ONE.line} x".encode(), "line 1 is not an id and a key"),
        (f"{TWO.line}\n{ONE.id} {SECRET[:-2]}".encode(), "line 2: the key has 248 bits"),
        (f"{ONE.id} {SECRET}00".encode(), "line 1: the key has 264 bits"),
        (f"{ONE.id} {SECRET[:-1]}x".encode(), "other characters"),
        (f"{TWO.id} {SECRET}".encode(), "the id is not that of the key"),
        (f"{ONE.line}\n{ONE.line}".encode(), f"it has key {ONE.id} twice"),
        ("\n".join(new_key().line for _ in range(65)).encode(), "65 keys, more than 64"),
        (b"#" * 70_000, "more than 65536 bytes"),
    ],
)
def test_a_file_that_is_wrong_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    """In one line that has nothing of a key in it."""
    path = tmp_path / "keys"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=reason) as caught:
        read_keys(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert SECRET[:8] not in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o620, 0o602, 0o666])
def test_others_may_not_read_it(mode: int, tmp_path: Path) -> None:
    """Nor write it."""
    path = tmp_path / "keys"
    write_key(path, ONE)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match=f"by others .mode {mode:04o}"):
        read_keys(path)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440, 0o640])
def test_the_group_may_read_it(mode: int, tmp_path: Path) -> None:
    """A container's engine gives it to the group of the container's user."""
    path = tmp_path / "keys"
    write_key(path, ONE)
    path.chmod(mode)
    assert (ONE,) == read_keys(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """With its name, as is one that is no file."""
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(KeyFileError, match=f"cannot read the key file {path}: "):
            read_keys(path)
    assert os.listdir(tmp_path) == []


@given(st.binary(max_size=200))
def test_any_content_is_a_key_file_or_refused(content: bytes) -> None:
    """By ValueError and nothing else."""
    try:
        keys = parse_keys(content)
    except ValueError:
        return
    assert keys
