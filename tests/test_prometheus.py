"""Alerts and the dashboard: they are right by Prometheus's own tool, and name what a node has."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import yaml

from gossipd.daemon.access import new_token
from gossipd.daemon.config import DaemonConfig
from gossipd.daemon.open import open_daemon
from gossipd.daemon.sealing import new_key, write_key
from gossipd.protocol import SEED_STATES
from gossipd.secret_files import write_secret
from tests.daemon.asking import QUIET, ask, free_port, get

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "deploy" / "prometheus"
ALERTS = FOLDER / "alerts.yaml"
TESTS = FOLDER / "alerts.test.yaml"
DASHBOARD = FOLDER / "grafana-dashboard.json"

with_promtool = pytest.mark.skipif(
    which("promtool") is None, reason="promtool is in Debian's package prometheus"
)


def alerts() -> list[dict[str, Any]]:
    """Returns the rules."""
    [group] = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def expressions() -> list[str]:
    """Returns every query of the alerts and of the dashboard."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    shown = [target["expr"] for panel in panels for target in panel["targets"]]
    return [rule["expr"] for rule in alerts()] + shown


@with_promtool
@pytest.mark.parametrize(
    "check",
    [("check", "rules", ALERTS), ("test", "rules", TESTS)],
    ids=["check", "test"],
)
def test_promtool_agrees(check: tuple[str | Path, ...]) -> None:
    """Rules are well formed, and each fires when it is to, and not before."""
    done = subprocess.run(["promtool", *check], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr


@with_promtool
def test_the_example_takes_the_alerts() -> None:
    """It finds their file."""
    example = ROOT / "examples" / "prometheus.yml"
    done = subprocess.run(
        ["promtool", "check", "config", example], capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    assert f"{len(alerts())} rules found" in done.stdout


def test_every_alert_is_tested_and_explained() -> None:
    """Each has a test of its own, and a line in the guide."""
    names = [rule["alert"] for rule in alerts()]
    tested = yaml.safe_load(TESTS.read_text(encoding="utf-8"))["tests"]
    assert names
    assert sorted(names) == sorted(one["name"] for one in tested)
    guide = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert names == re.findall(r"^\| `(Gossipd\w+)` \|", guide, re.MULTILINE)


async def test_a_node_has_every_metric_that_is_named(tmp_path: Path) -> None:
    """It is one with a store, keys, tokens and a door for Redis clients."""
    write_key(tmp_path / "keys", new_key())
    secret, token = new_token("read", "prometheus")
    write_secret(tmp_path / "tokens", "token file", f"{token.line}\n")
    port = free_port()
    config = DaemonConfig(
        **QUIET,
        bind=("127.0.0.1", port),
        redis=("127.0.0.1", free_port()),
        data_dir=tmp_path / "data",
        key_file=tmp_path / "keys",
        token_file=tmp_path / "tokens",
    )
    request = get("/metrics").removesuffix(b"\r\n")
    async with open_daemon(config):
        request += f"Authorization: Bearer {secret}\r\n\r\n".encode()
        page = (await ask(port, request))[1].decode()
    there = {"up"}
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", page, re.MULTILINE):
        ends = ("_bucket", "_count", "_sum") if kind == "histogram" else ("",)
        there |= {name + end for end in ends}
    assert "gossipd_write_seconds_bucket" in there
    named = set()
    for each in expressions():
        named |= set(re.findall(r"\b(?:gossipd|process)_\w+|\bup\b", each))
    assert len(named) > 20
    assert set() == named - there


def test_states_of_seeds_exist() -> None:
    """A state that is misspelt would never be seen."""
    named = [set(re.findall(r'seeds\{state=~"([^"]+)"', each)) for each in expressions()]
    states = {state for found in named for each in found for state in each.split("|")}
    assert states
    assert states <= set(SEED_STATES)
