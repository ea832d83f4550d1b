"""The key file is read again when it changes, or when the daemon is told to."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from gossipd.daemon.sealing import Key, KeyWatch
from tests.daemon.conftest import Lines

ONE, TWO = Key.of(b"1" * 32), Key.of(b"2" * 32)


class Gate:
    """Remembers the keys that it is to use."""

    def __init__(self, *, accepts_open: bool = False) -> None:
        self.used: list[tuple[Key, ...]] = []
        self.open_taken = 0
        self.accepts_open = accepts_open

    def use(self, keys: tuple[Key, ...]) -> None:
        self.used.append(keys)


def written(path: Path, *keys: Key) -> Path:
    """Puts a key file in its place, as a person's editor does."""
    other = path.with_suffix(".new")
    other.write_text("".join(f"{key.line}\n" for key in keys), encoding="ascii")
    other.chmod(0o600)
    os.replace(other, path)
    return path


@asynccontextmanager
async def watching(path: Path, gate: Gate, clock: trio.testing.MockClock) -> AsyncIterator[None]:
    """Watches a file that had one key, while time jumps on by itself."""
    clock.autojump_threshold = 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(KeyWatch(path, (ONE,), gate).run)
        await trio.testing.wait_all_tasks_blocked()
        yield
        nursery.cancel_scope.cancel()


async def test_a_file_that_changes_is_read(
    tmp_path: Path, mock_clock: trio.testing.MockClock, lines: Lines
) -> None:
    """Within two seconds, once for each change."""
    path, gate = written(tmp_path / "keys", ONE), Gate()
    async with watching(path, gate, mock_clock):
        await trio.sleep(7)
        assert [] == gate.used
        written(path, ONE, TWO)
        await trio.sleep(7)
        written(path, TWO)
        await trio.sleep(7)
    assert [(ONE, TWO), (TWO,)] == gate.used
    assert [("keys_read", ONE.id), ("keys_read", TWO.id)] == [
        (line["event"], line["seals"]) for line in lines()
    ]


@pytest.mark.parametrize("missing", [True, False])
async def test_a_file_that_is_wrong_changes_nothing(
    missing: bool, tmp_path: Path, mock_clock: trio.testing.MockClock, lines: Lines
) -> None:
    """It is said once, and once it is right again it counts."""
    path, gate = written(tmp_path / "keys", ONE), Gate()
    async with watching(path, gate, mock_clock):
        if missing:
            path.unlink()
        else:
            path.write_text("nonsense", encoding="ascii")
        await trio.sleep(7)
        assert [] == gate.used
        written(path, TWO)
        await trio.sleep(3)
    assert [(TWO,)] == gate.used
    assert ["keys_not_read", "keys_read"] == [line["event"] for line in lines()]
    assert "error" == lines()[0]["level"]


def test_it_is_read_when_somebody_asks(tmp_path: Path, lines: Lines) -> None:
    """And says so, though nothing has changed."""
    path, gate = written(tmp_path / "keys", ONE), Gate()
    watch = KeyWatch(path, (ONE,), gate)
    watch.read()
    assert [] == gate.used
    written(path, TWO, ONE)
    watch.read()
    assert [(TWO, ONE)] == gate.used
    assert [[ONE.id], [TWO.id, ONE.id]] == [line["opens"] for line in lines()]


async def test_that_open_gossip_is_taken_is_said_once_a_minute(
    tmp_path: Path, mock_clock: trio.testing.MockClock, lines: Lines
) -> None:
    """With how many datagrams came so since the last time."""
    path, gate = written(tmp_path / "keys", ONE), Gate(accepts_open=True)
    async with watching(path, gate, mock_clock):
        gate.open_taken = 7
        await trio.sleep(61)
        gate.open_taken = 9
        await trio.sleep(60)
    assert [("open_accepted", 0), ("open_accepted", 7), ("open_accepted", 2)] == [
        (line["event"], line["datagrams"]) for line in lines()
    ]
