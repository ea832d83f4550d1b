"""The command line of the black box, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lab.blackbox import command_line
from lab.blackbox.ledger import Finding
from lab.blackbox.rest import Effort
from lab.blackbox.run import Played
from lab.blackbox.schedule import Plan


class Puppet:
    """A run whose third cycle fails."""

    first = Effort(1.0, 1.0, 0.0)
    total = 0

    def __init__(self, starts: bool) -> None:
        self.played: list[Plan] = []
        self._starts = starts

    def start(self) -> list[Finding]:
        """Starts, or not."""
        return [] if self._starts else [Finding("no", "way")]

    def play(self, plan: Plan, seconds: float) -> Played:
        """Takes no time."""
        self.played.append(plan)
        findings = [Finding("it is lost", "by all")] if len(self.played) == 3 else []
        return Played(findings, 1.0, 2.0, 14.0, "nothing acknowledged")


@pytest.fixture
def puppet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest
) -> Puppet:
    """What the command line plays."""
    made = Puppet(getattr(request, "param", True))

    @contextmanager
    def run(*_: object, **__: object) -> Iterator[Puppet]:
        yield made

    monkeypatch.setattr(command_line, "run", run)
    monkeypatch.setattr(command_line, "_KEPT", tmp_path / "kept")
    monkeypatch.setattr(command_line, "_STOPS", ())
    monkeypatch.setattr(command_line, "obstacle", lambda: None)
    return made


def called(*arguments: str) -> Result:
    """What comes of a call."""
    return CliRunner().invoke(command_line.main, arguments)


def test_a_cycle_that_fails_ends_it_and_its_report_is_kept(puppet: Puppet, tmp_path: Path) -> None:
    """With exit code 1, and with how it is played again."""
    result = called("600", "--seed", "7", "--clocks", "0")
    assert 1 == result.exit_code
    assert [0, 1, 2] == [plan.number for plan in puppet.played]
    [report] = (tmp_path / "kept").glob("seed-7-*/report.txt")
    assert "scripts/blackbox 600 --seed 7 --only 2 --clocks 0" in report.read_text()
    assert str(report.parent) in result.output


def test_one_cycle_is_played_again_and_again(puppet: Puppet) -> None:
    """The same each time."""
    called("600", "--seed", "7", "--only", "5", "--clocks", "0")
    assert [5, 5, 5] == [plan.number for plan in puppet.played]


@pytest.mark.parametrize("puppet", [False], indirect=True)
def test_a_cluster_that_does_not_start_is_a_failure(puppet: Puppet) -> None:
    """No cycle is played."""
    result = called("600", "--seed", "7", "--clocks", "0")
    assert 1 == result.exit_code
    assert "the cluster does not start: no: way" in result.output
    assert [] == puppet.played


def test_where_it_cannot_run_it_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """And makes nothing."""
    monkeypatch.setattr(command_line, "obstacle", lambda: "there is no program `ip`")
    result = called("600")
    assert (1, "Error: there is no program `ip`\n") == (result.exit_code, result.output)
