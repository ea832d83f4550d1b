"""Pictures of a run, where matplotlib is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gossipd.sim import plot
from gossipd.sim.scenario import make_scenario
from gossipd.sim.simulate import Simulation


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without matplotlib: one line with the extra that brings it."""
    monkeypatch.setattr(plot, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"gossipd\[sim\]"):
        plot.check_plot("a.png")


@pytest.mark.parametrize(
    ("file", "reason"), [("a.gif", "ends in none of"), ("nowhere/a.png", "is no directory")]
)
def test_a_file_that_cannot_be_is_refused(
    file: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a run is made in vain."""
    monkeypatch.setattr(plot, "find_spec", lambda name: True)
    with pytest.raises(ValueError, match=reason):
        plot.check_plot(file)


@pytest.mark.parametrize(
    "words", [{"crash": "1@2", "writes": "5/s", "about": "A crash"}, {"start": "together"}]
)
def test_a_run_is_drawn(words: dict[str, str], tmp_path: Path) -> None:
    """With everything in it, and with nothing."""
    pytest.importorskip("matplotlib")
    file = tmp_path / "run.png"
    plot.check_plot(str(file))
    run = Simulation(make_scenario({"nodes": 5, "duration": 15} | words), timeline=True).run()
    plot.draw(run, str(file))
    assert file.read_bytes().startswith(b"\x89PNG")


def test_a_long_command_is_wrapped() -> None:
    """At its options, and nothing is lost."""
    command = "gossipd simulate" + " --crash 1@2" * 30
    lines = plot._wrapped(command).split("\n")
    assert command == "".join(lines)
    assert all(len(line) <= 130 for line in lines)
