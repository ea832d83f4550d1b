"""`gossipd simulate` as a whole: what a person types, and what comes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from gossipd.protocol.reconcile import Reconciler
from gossipd.sim.command import Output, list_scenarios, run_scenario
from gossipd.sim.scenario import ScenarioError, make_scenario, read_words, shipped_scenarios
from gossipd.sim.simulate import Simulation

QUICK = {"nodes": "8", "duration": "10"}


def run(
    capsys: pytest.CaptureFixture[str], name: str | None = None, **words: Any
) -> dict[str, Any]:
    """The JSON that a run prints."""
    assert 0 == run_scenario(name, {**QUICK, **words} if name is None else words, Output(json=True))
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_crash_is_detected_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    """With its times, and without anybody else being declared dead."""
    found = run(capsys, duration="20", crash=["1@2"])
    assert 1 == found["detected"]["everywhere"]["number"]
    assert 0 < found["detected"]["first"]["max"] <= found["detected"]["everywhere"]["max"] < 15
    assert 0 == found["false_deaths"]["all"]


def test_every_acknowledged_increment_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Also on a lossy network."""
    found = run(capsys, writes="5/s", loss="5", duration="15")
    counted = found["counted"]
    assert counted["acknowledged"] > 20
    assert counted["acknowledged"] == counted["counted_min"] == counted["counted_max"]


@pytest.mark.parametrize("start", ["joined", "together"])
def test_both_starts_run(start: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A cluster that is up already, and one that has to come up."""
    assert 0 == run(capsys, start=start)["false_deaths"]["all"]


def test_equal_seeds_give_equal_runs_under_any_hash_seed() -> None:
    """The run's hash is the same, and another seed's is another."""
    command = [sys.executable, "-m", "gossipd", "simulate", "--nodes", "6", "--duration", "8"]
    command += ["--loss", "10", "--writes", "3/s", "--pause", "1@2+3", "-o", "json"]
    hashes = []
    for hash_seed, seed in (("1", "1"), ("2", "1"), ("1", "2")):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [*command, "--seed", seed], capture_output=True, env=environment, check=True, text=True
        )
        hashes.append(json.loads(done.stdout)["hash"])
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize("name", list(shipped_scenarios()))
def test_every_shipped_scenario_is_right(name: str) -> None:
    """Its words are known, and its faults fit its nodes and its duration."""
    assert make_scenario(read_words(name)).nodes > 0
    assert any(line.startswith(name) for line in list_scenarios())


def test_a_trace_has_a_line_for_each_change(capsys: pytest.CaptureFixture[str]) -> None:
    """On stdout, before the table."""
    run_scenario(None, {**QUICK, "crash": ["1@1"]}, Output(trace=True))
    out = capsys.readouterr().out
    assert "MemberSuspect" in out
    assert "detection" in out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ({"nodes": "0"}, "nodes"),
        ({"loss": "101"}, "loss"),
        ({"crash": ["9@1"]}, "crash"),
        ({"crash": ["1@99"]}, "crash"),
        ({"latency": "soon"}, "latency"),
        ({"set": {"nosuch": "1"}}, "set"),
    ],
)
def test_impossible_options_are_named(words: dict[str, Any], named: str) -> None:
    """In one line, with the reason."""
    with pytest.raises(ScenarioError) as caught:
        run_scenario(None, {**QUICK, **words}, Output())
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    """With the word at fault."""
    file = tmp_path / "bad.toml"
    file.write_text("nodes = 5\nnosuch = 1\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="nosuch"):
        run_scenario(str(file), {}, Output())


def test_a_run_that_ends_without_agreement_says_so() -> None:
    """On members and on counts, where anti-entropy does not work; else from when on all agreed."""
    words = {"nodes": 3, "duration": 12, "owners": 1000, "dead-rows": 2000}
    with (
        patch.object(Reconciler, "compare", lambda *arguments: None),
        patch.object(Reconciler, "begin", lambda *arguments: None),
    ):
        text = "\n".join(Simulation(make_scenario(words)).run().report.lines())
    assert "the tables never agreed" in text
    assert "the counts never agreed" in text
    text = "\n".join(Simulation(make_scenario(words)).run().report.lines())
    assert 2 == text.count("equal at all running nodes from ")
