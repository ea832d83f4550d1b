"""What `gossipd simulate` prints, and where."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from gossipd.sim import command
from gossipd.sim.command import INTERRUPTED, Output, run_scenario
from gossipd.sim.scenario import ScenarioError
from gossipd.sim.simulate import Simulation

QUICK = {"nodes": "4", "duration": "5"}


def test_json_on_stdout_and_the_rest_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """The trace as well."""
    assert 0 == run_scenario(None, QUICK | {"crash": ("1@1",)}, Output(json=True, trace=True))
    captured = capsys.readouterr()
    assert 4 == json.loads(captured.out)["nodes"]
    assert "crashed" in captured.err


def test_options_replace_words_and_add_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A word of the command line wins over the file's; options that are not given do nothing."""
    file = tmp_path / "a.toml"
    file.write_text("nodes = 9\nduration = 5\n[set]\nfanout = 2\nnacks = false\n", encoding="utf-8")
    options = {"nodes": "3", "seed": None, "crash": (), "set": ("fanout=4",)}
    assert 0 == run_scenario(str(file), options, Output())
    line = capsys.readouterr().out.splitlines()[0]
    assert "gossipd simulate --nodes 3 --duration 5 --set fanout=4 --set nacks=False" == line


@pytest.mark.parametrize(
    ("file", "options", "expected"),
    [
        ("nodes = 0", {}, "{file}: nodes: 0 is not"),
        ("nodes = 5", {"nodes": "0"}, "--nodes: 0 is not"),
        ("nodes = 5", {"set": ("fanout",)}, "--set: 'fanout' is not NAME=VALUE"),
        ("nodes = 5", {"set": ("fanout=0",)}, "--set: 'fanout' must be >= 1"),
        ("set = 3", {"set": ("fanout=5",)}, "{file}: set: is not a table"),
    ],
)
def test_errors_say_where_the_word_stands(
    file: str, options: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    """In the file, or on the command line."""
    path = tmp_path / "a.toml"
    path.write_text(file, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        run_scenario(str(path), options, Output())
    assert str(caught.value).startswith(expected.format(file=path))


def test_a_plot_that_cannot_be_drawn_is_refused_first(capsys: pytest.CaptureFixture[str]) -> None:
    """No run is made in vain."""
    with pytest.raises(ScenarioError, match="--plot"):
        run_scenario(None, QUICK, Output(plot="nowhere/a.png"))
    assert "" == capsys.readouterr().out


def test_ctrl_c_prints_what_there_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With exit code 130; a second one would end the program, for the handler is gone."""
    before = signal.getsignal(signal.SIGINT)
    run = Simulation.run

    def pressed(self: Simulation, progress: Any, interrupted: Any) -> Any:
        def press(now: float) -> None:
            if now > 2.0 and not interrupted():
                os.kill(os.getpid(), signal.SIGINT)
                assert signal.getsignal(signal.SIGINT) == before

        return run(self, press, interrupted)

    monkeypatch.setattr(Simulation, "run", pressed)
    assert INTERRUPTED == run_scenario(None, QUICK, Output())
    assert "interrupted after 2" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) == before


class Terminal(io.StringIO):
    """Where a bar is drawn."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar that is gone in the end; nothing if the trace is on the same screen."""
    monkeypatch.setattr(command, "_REDRAW", 0.0)
    for trace in (False, True):
        screen = Terminal()
        monkeypatch.setattr(sys, "stderr", screen)
        assert 0 == run_scenario(None, QUICK, Output(trace=trace))
        assert ("4.0 of 5 s" in screen.getvalue()) is not trace
        assert screen.getvalue().endswith("\033[K") is not trace


def test_the_list_has_a_line_each() -> None:
    """Aligned."""
    lines = command.list_scenarios()
    assert lines == sorted(lines)
    assert any(line.startswith("partition   A third") for line in lines)
