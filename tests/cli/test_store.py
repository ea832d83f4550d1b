"""`gossipd store`, from its arguments to what it prints."""

from __future__ import annotations

import io
import itertools
import json
import sys
import time
from pathlib import Path

import pytest

from gossipd.cli.store import _progress
from gossipd.daemon.storage.store import Store
from gossipd.protocol import Changes, Claim, Entry, Group, Write
from tests.cli.invoking import invoke

OWNER = b"a" * 16


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Of a node that counted to 1,234, and whose process crashed."""
    store = Store(tmp_path, "prod")
    store.open()
    store.begin(7)
    groups = (Group(OWNER, 0, 3, [Entry(3, "default", 0, 1234)]),)
    changes = Changes(7, (Claim("10.0.0.2:1", 3, 0, 0),), ("10.0.0.2:1",))
    store.commit([Write(1, groups)], changes)
    store._disconnect()
    return tmp_path


def test_check(directory: Path) -> None:
    """One line."""
    result = invoke("store", "check", str(directory))
    expected = f"ok: {directory}/gossipd.db: owners 1, their entries 1, members 1\n"
    assert (0, expected) == (result.exit_code, result.stdout)
    told = json.loads(invoke("store", "check", str(directory), "-o", "json").stdout)
    assert {"ok": True, "detail": expected.removeprefix("ok: ").strip()} == told


def test_show_for_people(directory: Path) -> None:
    """A line for each thing."""
    result = invoke("store", "show", str(directory))
    assert 0 == result.exit_code
    assert result.stdout.splitlines() == [
        f"file        {directory}/gossipd.db",
        "cluster     prod",
        "generation  7, running or not ended in good order",
        "counter     default = 1,234",
        f"owner       {OWNER.hex()}  complete up to 3, 1 entries",
        "member      10.0.0.2:1             alive, removed here",
    ]


def test_show_for_programs(directory: Path) -> None:
    """One object."""
    result = invoke("store", "show", str(directory), "-o", "json")
    assert {"default": 1234} == json.loads(result.stdout)["counters"]


def test_backup(directory: Path) -> None:
    """Once; a file that is there already is left alone."""
    target = str(directory / "copy")
    assert 0 == invoke("store", "backup", str(directory), target).exit_code
    result = invoke("store", "backup", str(directory), target)
    assert (1, f"Error: {target} exists already\n") == (result.exit_code, result.stderr)


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_for_terminals(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, which is empty in the end."""

    class Stderr(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    stderr = Stderr()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(time, "monotonic", itertools.count().__next__)
    with _progress("copying") as progress:
        progress(0.5)
        progress(None)
    shown = "\rcopying: 50% \rcopying: 2 s \r                    \r"
    assert (shown if terminal else "") == stderr.getvalue()


@pytest.mark.parametrize("arguments", [["check"], ["show"], ["backup"]])
def test_failures_are_one_line(arguments: list[str], tmp_path: Path) -> None:
    """Exit code 1 where there is no node, 2 where an argument is missing."""
    more = [str(tmp_path / "copy")] if arguments == ["backup"] else []
    result = invoke("store", *arguments, str(tmp_path), *more)
    assert (1, 1) == (result.exit_code, len(result.stderr.splitlines()))
    assert f"{tmp_path} holds no gossipd.db" in result.stderr
    assert 2 == invoke("store", *arguments).exit_code
