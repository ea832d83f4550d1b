"""The command line of the experiments."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from lab.experiments import command
from lab.experiments.trials import Findings, Progress


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the experiment `spread` was asked for; it takes no time."""
    seen: list[Any] = []

    def run(seeds: int | None, jobs: int, progress: Progress) -> Findings:
        seen.append((seeds, jobs))
        progress(1, 1)
        return Findings((("A table.", ["| 1 |"]),), {"rows": [1, 2]})

    monkeypatch.setitem(command.EXPERIMENTS, "spread", SimpleNamespace(run=run))
    return seen


def test_tables_go_to_stdout_and_progress_to_stderr(asked: list[Any]) -> None:
    """Without options it runs as its page says."""
    result = CliRunner().invoke(command.main, ["spread"])
    assert (0, "A table.\n\n| 1 |\n") == (result.exit_code, result.stdout)
    assert "1 of 1 runs" in result.stderr
    assert [(None, 1)] == asked


def test_json_holds_every_number(asked: list[Any]) -> None:
    """And nothing else is on stdout."""
    result = CliRunner().invoke(
        command.main, ["spread", "--seeds", "3", "--jobs", "2", "-o", "json"]
    )
    assert {"rows": [1, 2]} == json.loads(result.stdout)
    assert [(3, 2)] == asked


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["nosuch"], "'nosuch' is not one of"),
        (["spread", "--seeds", "0"], "--seeds"),
        (["spread", "--plot", "nowhere/a.png"], "--plot"),
        (["spread", "--only", "idle"], "for detection"),
    ],
)
def test_wrong_usage_is_told_before_anything_runs(
    flags: list[str], message: str, asked: list[Any]
) -> None:
    """With exit code 2."""
    result = CliRunner().invoke(command.main, flags)
    assert (2, []) == (result.exit_code, asked)
    assert message in result.stderr


def test_detection_runs_in_pieces(tmp_path: Path) -> None:
    """Only rows with a text in their title, and none for which there is no time."""
    flags = ["--only", "idle", "--within", "0", "--keep", str(tmp_path / "kept")]
    result = CliRunner().invoke(command.main, ["detection", *flags])
    assert (0, "\n") == (result.exit_code, result.stdout)
