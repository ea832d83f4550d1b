"""The file of `gossipd run --config`: precedence, and what is said of mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gossipd.cli.config_file import unknown_variables
from gossipd.cli.run import run
from gossipd.daemon.config import DaemonConfig
from tests.cli.invoking import invoke

_FILE = """
profile = "wan"
discovery-port = 7001
no-discovery = true
join = ["a", "b:1"]
"""


@pytest.mark.parametrize(
    ("flags", "environment", "expected"),
    [
        ([], {}, {"profile": "wan", "discovery_port": 7001, "discovery": False}),
        ([], {}, {"join": ("a:8088", "b:1"), "cluster": "gossipd"}),
        ([], {"GOSSIPD_PROFILE": "local"}, {"profile": "local"}),
        (["--profile", "lan"], {"GOSSIPD_PROFILE": "local"}, {"profile": "lan"}),
        (["--join", "c:1"], {}, {"join": ("c:1",)}),
    ],
)
def test_flags_then_variables_then_the_file(
    flags: list[str],
    environment: dict[str, str],
    expected: dict[str, Any],
    started: list[DaemonConfig],
    tmp_path: Path,
) -> None:
    """Then the defaults."""
    path = tmp_path / "gossipd.toml"
    path.write_text(_FILE)
    assert 0 == invoke("run", *flags, "--config", str(path), **environment).exit_code
    assert 0 == invoke("run", *flags, GOSSIPD_CONFIG=str(path), **environment).exit_code
    for config in started:
        assert expected == {name: getattr(config, name) for name in expected}
    assert 2 == len(started)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('\njion = ["a"]', "line 2: there is no option 'jion'; did you mean join?"),
        ("# \n[bind]\nx = 1", "line 2: 'bind' is to be a string or a whole number"),
        ("config = 'x'", "line 1: there is no option 'config'"),
        ("accept-open = 1", "line 1: 'accept-open' is to be true or false"),
        ("join = [1]", "line 1: 'join' is to be a string, or a list of strings"),
        ("\n\nprofile = 'wam'", "line 3: profile): 'wam' is not one of"),
        ("bind = 'a:0'", "line 1: bind): 'a:0': port 0"),
        ("a = = 1", "Invalid value (at line 1, column 5)"),
    ],
)
def test_mistakes_are_named_with_their_line(text: str, said: str, tmp_path: Path) -> None:
    """In one line, with exit code 2."""
    path = tmp_path / "gossipd.toml"
    path.write_text(text)
    result = invoke("run", "--config", str(path))
    assert 2 == result.exit_code
    assert said in result.stderr
    assert 1 == len(result.stderr.splitlines())


def test_no_such_file() -> None:
    """It is named."""
    assert "cannot read /no/such: No such file" in invoke("run", "--config", "/no/such").stderr


def test_variables_that_mean_nothing_are_named() -> None:
    """With the nearest that means something; those that Kubernetes makes are left alone."""
    environment = dict.fromkeys(["GOSSIPD_JION", "GOSSIPD_JOIN", "GOSSIPD_PORT_1_TCP", "HOME"], "")
    said = ["GOSSIPD_JION means nothing; did you mean GOSSIPD_JOIN?"]
    assert said == unknown_variables(run, environment)
    assert [] == unknown_variables(run, {"GOSSIPD_MEMBERS_STATE": "dead"}, ["members"])
