"""The command line of the benchmarks."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from lab.bench import command_line
from lab.bench.benchmark import Options
from tests.lab.bench.made_up_findings import findings

Run = Callable[..., Result]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    """Replaces all benchmarks by a `udp` and a `sim` that take no time; returns their options."""
    seen: list[Options] = []

    def offer(name: str) -> SimpleNamespace:
        def run(options: Options) -> object:
            seen.append(options)
            options.tell(f"{name} 1")
            return findings()[name]

        return SimpleNamespace(run=run)

    monkeypatch.setattr(command_line, "BENCHMARKS", {name: offer(name) for name in ("udp", "sim")})
    monkeypatch.setattr(command_line, "isolated", lambda: True)
    monkeypatch.setattr(command_line.signal, "signal", lambda *_: None)
    return seen


def run(*arguments: str) -> Result:
    """Runs the command."""
    return CliRunner().invoke(command_line.main, list(arguments))


def test_tables_go_to_stdout_and_progress_to_stderr(asked: list[Options]) -> None:
    """The folder that the benchmark was given is removed at the end."""
    result = run("udp", "--short", "--repetitions", "2")
    assert 0 == result.exit_code
    assert "| gossipd | 52,500 (45,000 to 60,000) |" in result.stdout
    assert "udp 1\n" == result.stderr
    (options,) = asked
    assert (True, 2, False) == (options.short, options.repetitions, options.folder.exists())


def test_json_holds_every_number(asked: list[Options]) -> None:
    """Nothing but the JSON is on stdout."""
    result = run("udp", "-o", "json")
    assert [45_000.0, 60_000.0] == json.loads(result.stdout)["rows"][1]["rate"]


def test_all_of_them_are_judged(asked: list[Options]) -> None:
    """The table of targets follows the tables of the benchmarks."""
    result = run("all")
    assert 2 == len(asked)
    assert result.stdout.index("node-seconds") < result.stdout.index("| figure | measured |")
    assert {"udp", "sim"} == set(json.loads(run("all", "-o", "json").stdout))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("nosuch", "'nosuch' is not one of"),
        ("udp --repetitions 0", "--repetitions"),
        ("udp --plot nowhere/a.png", "--plot"),
        ("all --plot a.png", "--write draws all of them"),
        ("all --write --short", "--write keeps nothing of a --short run"),
    ],
)
def test_wrong_usage_is_told_before_anything_runs(
    arguments: str, message: str, asked: list[Options]
) -> None:
    """The exit code is 2, and no benchmark runs."""
    result = run(*arguments.split())
    assert (2, []) == (result.exit_code, asked)
    assert message in result.stderr


def test_nothing_runs_where_packets_could_leave(
    asked: list[Options], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error says so, and no benchmark runs."""
    monkeypatch.setattr(command_line, "isolated", lambda: False)
    result = run("udp")
    assert (1, []) == (result.exit_code, asked)
    assert "network namespace" in result.stderr
