"""`gossipd simulate`, from its options to what it prints."""

from __future__ import annotations

import json

import pytest

from gossipd.sim.scenario.notation import COMMANDS, FAULTS
from tests.cli.invoking import invoke


def test_simulate_prints_json() -> None:
    """Options reach the simulation, several of one kind as well."""
    result = invoke(
        *[
            "simulate",
            "--nodes",
            "4",
            "--duration",
            "3",
            "--crash",
            "n0@1",
            "--crash",
            "n1@2",
            "--set",
            "fanout=2",
        ],
        *["--flip-flop", "n2@1+1,paused=100ms", "-o", "json"],
    )
    assert 0 == result.exit_code
    found = json.loads(result.stdout)
    assert (4, 2) == (found["nodes"], found["detected"]["crashes"])
    assert "--set fanout=2 --crash n0@1 --crash n1@2 --flip-flop" in found["command"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--nodes 0", "--nodes: 0 is not from 1 to 5000"),
        ("--crash 1@99", "--crash: '1@99': ends at 99 s, the run at 60 s"),
        ("--set fanout", "--set: 'fanout' is not NAME=VALUE"),
        ("nosuch", "nosuch: no such file"),
        ("crash --scenario rough", "SCENARIO and '--scenario' name two scenarios"),
        ("-o yaml", "Invalid value for '-o' / '--output'"),
    ],
)
def test_simulate_refuses_in_one_line(flags: str, message: str) -> None:
    """With the option and the reason; exit code 2."""
    result = invoke("simulate", *flags.split())
    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert message in result.stderr


@pytest.mark.parametrize("word", [*FAULTS, *COMMANDS])
def test_every_fault_and_command_has_an_option(word: str) -> None:
    """By the name that it has in a file."""
    assert f"  --{word} " in invoke("simulate", "--help").stdout


def test_simulate_lists_scenarios() -> None:
    """A line each."""
    result = invoke("simulate", "--list")
    assert 0 == result.exit_code
    assert result.stdout.count("\n") >= 8
