"""Words to scenarios."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from gossipd.sim.scenario.scenario import (
    Scenario,
    ScenarioError,
    make_scenario,
    read_words,
    shipped_scenarios,
)
from gossipd.sim.world import FixedDelay


def test_words_become_a_scenario() -> None:
    """Numbers and texts, as TOML and the command line have them; settings by their type."""
    scenario = make_scenario(
        {
            "nodes": 20,
            "duration": "1m",
            "loss": 2.5,
            "latency": "fixed:3ms",
            "writes": "5/s",
            "profile": "wan",
            "set": {"fanout": "5", "nacks": "false", "gossip_interval": 0.3, "ack": "one"},
        }
    )
    assert (20, 60.0, 0.025, 5.0) == (
        scenario.nodes,
        scenario.duration,
        scenario.loss,
        scenario.writes,
    )
    assert FixedDelay(0.003) == scenario.latency
    config = scenario.config
    assert (5, False, 0.3, "one", 5.0) == (
        config.fanout,
        config.nacks,
        config.gossip_interval,
        config.ack,
        config.probe_interval,
    )


def test_nothing_means_the_defaults() -> None:
    """An empty scenario is one as well."""
    assert Scenario() == make_scenario({})


@pytest.mark.parametrize(
    ("words", "word", "reason"),
    [
        ({"node": 3}, "node", "did you mean nodes?"),
        ({"zzz": 3}, "zzz", "none of about, nodes"),
        ({"nodes": 0}, "nodes", "0 is not from 1 to 5000"),
        ({"nodes": True}, "nodes", "True is neither text nor a number"),
        ({"nodes": [1]}, "nodes", r"\[1\] is neither text nor a number"),
        ({"duration": 0}, "duration", "is not above 0"),
        ({"start": "now"}, "start", "is none of joined, together"),
        ({"profile": "man"}, "profile", "'man' is none of lan, wan, local"),
        ({"set": "fanout=3"}, "set", "is not a table"),
        ({"set": {"fan_out": 3}}, "set", "did you mean fanout?"),
        ({"set": {"fanout": "x"}}, "set", "fanout: 'x' is not a whole number"),
        ({"set": {"fanout": 0}}, "set", "'fanout' must be >= 1"),
        ({"set": {"nacks": "maybe"}}, "set", "neither true nor false"),
        ({"set": {"member_limit": 5}, "nodes": 6}, "nodes", "6 is above the setting member_limit"),
        ({"crash": "7@3", "nodes": 5}, "crash", "there are only 5 nodes"),
        ({"crash": ["3@3", "3@4"], "nodes": 5}, "crash", "only 2 of 5 nodes are not taken"),
        ({"crash": "n5@3", "nodes": 5}, "crash", "the last of 5 nodes is n4"),
        ({"crash": "1@61"}, "crash", "ends at 61 s, the run at 60 s"),
        ({"pause": "1@50+20"}, "pause", "ends at 70 s"),
        ({"partition": "100%@3"}, "partition", "no node is left"),
        ({"pause": "1"}, "pause", "is not WHO@START"),
        ({"seeds": -1}, "seeds", "-1 is not from 0"),
        ({"owners": -1}, "owners", "-1 is not from 0"),
        ({"seeds": 0, "start": "together"}, "seeds", "need one, or discovery"),
        ({"remove": "n1@3,peer=n5", "nodes": 5}, "remove", "the last of 5 nodes is n4"),
        ({"restart": "n1@3,copy=n5", "nodes": 5}, "restart", "the last of 5 nodes is n4"),
        ({"sync": "n1@3,of=n5", "nodes": 5}, "sync", "the last of 5 nodes is n4"),
        ({"increment": "n1@61"}, "increment", "ends at 61 s"),
    ],
)
def test_what_cannot_be_is_refused(words: dict[str, Any], word: str, reason: str) -> None:
    """The error names the word and the reason, in one line."""
    with pytest.raises(ScenarioError, match=reason) as caught:
        make_scenario(words)
    assert word == caught.value.word
    assert str(caught.value) == f"{word}: {caught.value.reason}"
    assert "\n" not in str(caught.value)


def test_faults_hit_different_nodes() -> None:
    """Drawn nodes are drawn once and are not those that are named; the seed decides."""
    words = {"nodes": 10, "crash": ["3@1", "n0-1@2"], "pause": "50%@3"}
    numbers = [number for _, chosen in make_scenario(words).faults for number in chosen]
    assert list(range(10)) == sorted(numbers)
    assert make_scenario(words).faults == make_scenario(words).faults
    assert make_scenario(words).faults != make_scenario(words | {"seed": 2}).faults


def test_nodes_that_are_asked_may_still_be_drawn() -> None:
    """A command is no fault."""
    words = {"nodes": 2, "increment": ["n0@1", "n1@1"], "crash": "2@3"}
    assert [(0,), (1,), (0, 1)] == [chosen for _, chosen in make_scenario(words).faults]


def test_faults_are_in_order_of_time() -> None:
    """Whatever their kind."""
    found = make_scenario({"crash": ["1@9", "1@3"], "pause": "1@5"}).faults
    assert [3.0, 5.0, 9.0] == [fault.at for fault, _ in found]


def test_the_command_says_the_same_again() -> None:
    """As a shell would take it apart."""
    words = {"crash": ["n1@3", "2@4"], "nodes": 9, "set": {"fanout": 2}}
    assert [
        "gossipd",
        "simulate",
        *("--nodes", "9", "--set", "fanout=2", "--crash", "n1@3", "--crash", "2@4"),
    ] == shlex.split(make_scenario(words).command_line(), comments=True)


def test_shipped_scenarios_say_what_they_are() -> None:
    """In one line each, which fits a terminal."""
    found = shipped_scenarios()
    assert len(found) >= 8
    assert all(0 < len(about) < 100 for about in found.values())


def test_files_are_read_or_refused(tmp_path: Path) -> None:
    """A file that is not there, not readable, not text or not TOML is named."""
    good, bad, latin = tmp_path / "good.toml", tmp_path / "bad.toml", tmp_path / "latin.toml"
    good.write_text('nodes = 3\ncrash = ["1@3"]\n', encoding="utf-8")
    bad.write_text("nodes == 3\n", encoding="utf-8")
    latin.write_bytes(b'about = "\xff"\n')
    assert {"nodes": 3, "crash": ["1@3"]} == read_words(str(good))
    for path, reason in (
        (bad, "is not TOML"),
        (latin, "is not UTF-8"),
        (tmp_path, "Is a directory"),
        (tmp_path / "none", "no such file"),
    ):
        with pytest.raises(ScenarioError, match=reason) as caught:
            read_words(str(path))
        assert str(path) == caught.value.word
