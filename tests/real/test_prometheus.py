"""Prometheus scrapes three nodes with the configuration of the examples."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from shutil import which
from urllib.parse import quote
from urllib.request import ProxyHandler, build_opener

import pytest
import yaml

from lab.processes import cluster, eventually
from lab.processes.addresses import free_addresses
from tests.real.namespace import network_of_its_own

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        which("prometheus") is None, reason="prometheus is in Debian's package of that name"
    ),
]

ROOT = Path(__file__).parent.parent.parent


def ask(address: str, path: str) -> object:
    """Returns the data of an answer of Prometheus, None as long as it does not answer."""
    try:
        with build_opener(ProxyHandler({})).open(f"http://{address}{path}", timeout=5) as answer:
            return json.load(answer)["data"]
    except OSError:
        return None


@network_of_its_own()
def test_three_nodes_are_scraped(tmp_path: Path) -> None:
    """All are up and ready, agree on the counter, and one that is killed is down."""
    config = yaml.safe_load((ROOT / "examples" / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(ROOT / "deploy" / "prometheus" / "alerts.yaml")]
    [(host, port)] = free_addresses(1)
    address, file = f"{host}:{port}", tmp_path / "prometheus.yml"
    with cluster(3, tmp_path, kept=True) as nodes:
        config["scrape_configs"][0]["static_configs"] = [
            {"targets": [one.id for one in nodes.nodes]}
        ]
        file.write_text(yaml.safe_dump(config), encoding="utf-8")
        nodes[0].ask("POST", "/increment")
        nodes.agree(1)
        program = [
            "prometheus",
            f"--config.file={file}",
            f"--web.listen-address={address}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        ]
        with (tmp_path / "prometheus.log").open("wb") as log:
            scraping = subprocess.Popen(program, stdout=log, stderr=log)
        try:

            def shows(query: str, value: str) -> bool:
                found = ask(address, f"/api/v1/query?query={quote(query)}")
                result = found["result"] if isinstance(found, dict) else []
                return [value] == [each["value"][1] for each in result]

            for query, value in (
                ("sum(up)", "3"),
                ("sum(gossipd_ready)", "3"),
                ("sum(gossipd_store_failing)", "0"),
                ('sum(gossipd_count{name="default"})', "3"),
                ("sum(gossipd_write_seconds_count)", "1"),
            ):
                eventually(f"{query} is {value}", lambda q=query, v=value: shows(q, v), 30.0)
            nodes[2].kill()
            eventually("one is down", lambda: shows("sum(up)", "2"), 30.0)
            down = 'ALERTS{alertname="GossipdNodeDown", alertstate="pending"}'
            eventually("an alert waits", lambda: shows(down, "1"), 30.0)
        finally:
            scraping.terminate()
            scraping.wait(30)
