"""Which rivals are installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lab.bench import rivals
from lab.bench.benchmark import Options


@pytest.mark.parametrize("name", ["wrk", "redis", "serf", "kinship", "py-spy", "iptables"])
def test_what_is_not_installed_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line names a program that is missing; none tells of one that is there."""
    lines: list[str] = []
    options = Options(Path(), False, None, lines.append)
    for tool in "KINSHIP_PYTHON", "PY_SPY":
        monkeypatch.setattr(rivals, tool, Path("nowhere"))
    monkeypatch.setattr(shutil, "which", lambda command: None)
    assert not rivals.installed(name, options)
    (line,) = lines
    assert name in line.lower()
    for tool in "KINSHIP_PYTHON", "PY_SPY":
        monkeypatch.setattr(rivals, tool, Path(__file__))
    monkeypatch.setattr(shutil, "which", lambda command: "/there")
    assert rivals.installed(name, options)
    assert [line] == lines


def test_half_of_redis_is_not_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both the server and redis-benchmark are needed."""
    there = {"redis-server": "/there"}
    monkeypatch.setattr(shutil, "which", there.get)
    assert not rivals.installed("redis", Options(Path(), False, None, print))
