"""Each example does what it says, against real nodes on loopback."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from lab.processes import Cluster, cluster

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two nodes that know each other; each test counts on the first one."""
    with cluster(2, tmp_path_factory.mktemp("two")) as nodes:
        yield nodes


def run(*command: str | Path) -> str:
    """Runs a command from the root, and returns what it printed. It must succeed."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_listed_and_tested() -> None:
    """A new file in the folder gets a row in its README, and a test here."""
    listed = re.findall(r"^\| \[([\w.]+)\]", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    files = {path.name for path in EXAMPLES.iterdir() if path.is_file()} - {"README.md"}
    clients = {"redis.sh", "redis_client.py", "redis_client.mjs"}
    others = {"count.sh", "count.py", "embedded.py", "simulate.toml", "prometheus.yml"}
    assert files == set(listed) == clients | others


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_count_sh(two: Cluster) -> None:
    """It shows the peers, counts two, and shows how many nodes hold each write."""
    first, second = two.nodes
    before = first.count()
    printed = run(EXAMPLES / "count.sh", f"http://{first.id}")
    assert f'["{second.id}"]' in printed
    assert re.findall(r'"count":(\d+)', printed) == [str(before + n) for n in (1, 2, 2)]
    assert "gossipd-acks: 1/1" in printed.lower()
    two.agree(before + 2)


def test_count_py(two: Cluster) -> None:
    """It counts three jobs, each of which both nodes hold when it is answered."""
    before = two[0].count()
    printed = run(sys.executable, EXAMPLES / "count.py", f"http://{two[0].id}")
    assert printed.splitlines() == [
        f"before: {before}",
        f"fetch is job number {before + 1}, as 2 nodes know",
        f"parse is job number {before + 2}, as 2 nodes know",
        f"store is job number {before + 3}, as 2 nodes know",
    ]
    two.agree(before + 3)


def test_count_py_says_that_no_node_is_there() -> None:
    """One line on stderr, and exit code 1."""
    command = [sys.executable, EXAMPLES / "count.py", "http://127.0.0.1:1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("http://127.0.0.1:1 cannot be reached: ")
    assert len(done.stderr.splitlines()) == 1


def test_simulate_toml() -> None:
    """The scenario plays to its end, and no increment is lost."""
    command = [sys.executable, "-m", "gossipd", "simulate", "examples/simulate.toml", "-o", "json"]
    report = json.loads(run(*command))
    counted = report["counted"]
    assert counted["acknowledged"] > 0
    assert (counted["lost"], counted["invented"]) == (0, 0)


def test_prometheus_yml(two: Cluster) -> None:
    """It names the targets that scripts/cluster starts, and metrics that a node has."""
    text = (EXAMPLES / "prometheus.yml").read_text()
    [job] = yaml.safe_load(text)["scrape_configs"]
    [static] = job["static_configs"]
    assert static["targets"] == ["127.0.0.1:8088", "127.0.0.1:8089", "127.0.0.1:8090"]
    page = two[0].ask("GET", "/metrics")[2].decode()
    families = {family.name for family in text_string_to_metric_families(page)}
    named = {name.removesuffix("_total") for name in re.findall(r"gossipd_\w+", text)}
    assert len(named) == 7
    assert named <= families
