"""`gossipd config check`."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from gossipd import cli
from tests.cli.invoking import NO_ENVIRONMENT, invoke


def _check(text: str, **environment: str) -> tuple[int, str]:
    result = CliRunner().invoke(
        cli.main, ["config", "check", "-"], input=text, env=NO_ENVIRONMENT | environment
    )
    return result.exit_code, result.output


def test_a_file_from_standard_input() -> None:
    """It is right, or wrong in itself or together with what it leaves out."""
    assert (0, "-: ok\n") == _check("profile = 'wan'")
    assert (2, "Error: '--accept-open' needs '--key-file'\n") == _check("accept-open = true")


def test_variables_hide_no_mistake() -> None:
    """The file is checked by itself."""
    code, said = _check("profile = 'wam'", GOSSIPD_PROFILE="wan")
    assert (2, True) == (code, "standard input line 1: profile" in said)


def test_the_command_run_is_as_before() -> None:
    """Checking takes the variables from copies of its options."""
    _check("")
    assert "GOSSIPD_PROFILE" in invoke("run", "--help").stdout


def test_show_writes_values_as_options_take_them() -> None:
    """A time with its unit, and words, not what becomes of them."""
    shown = json.loads(invoke("config", "show", "-o", "json", "--fold-after", "5m").stdout)
    values = [shown[key]["value"] for key in ("forget-after", "fold-after", "ack", "tag")]
    assert ["72h", "5m", "auto", "-"] == values
    tagged = json.loads(invoke("config", "show", "-o", "json", "--tag", "role=web").stdout)
    assert "role=web" == tagged["tag"]["value"]


def test_show_tells_where_each_value_comes_from(tmp_path: Path) -> None:
    """A flag, a variable, a line of the file, or nothing."""
    path = tmp_path / "gossipd.toml"
    path.write_text("\nprofile = 'wan'\nno-discovery = true")
    args = ("config", "show", "--config", str(path), "--join", "a:1,b:1")
    found = json.loads(invoke(*args, "-o", "json", GOSSIPD_CLUSTER="mine").stdout)
    assert {"value": "a:1,b:1", "from": "flag"} == found["join"]
    assert {"value": "mine", "from": "GOSSIPD_CLUSTER"} == found["cluster"]
    assert {"value": "wan", "from": f"{path} line 2: profile"} == found["profile"]
    assert {"value": "true", "from": f"{path} line 3: no-discovery"} == found["no-discovery"]
    assert {"value": "127.0.0.1:8088", "from": "default"} == found["bind"]
    assert ["bind", "127.0.0.1:8088", "default"] in [
        line.split(None, 2) for line in invoke(*args).stdout.splitlines()
    ]
    assert 2 == invoke("config", "show", "--jion", "a").exit_code
