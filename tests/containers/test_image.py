"""The image: what it contains, and that a node in it needs nothing but the engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.processes import ROOT, eventually
from tests.containers.engine import docker, inspect, one

pytestmark = [pytest.mark.containers, pytest.mark.timeout(120)]

MAX_BYTES_OVER_BASE = 60_000_000


def _inside(image: str, command: str) -> str:
    return docker("run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", command)


def test_configuration(image: str) -> None:
    """A numeric user, the entry point, the health check, the signal, labels and the volume."""
    config = inspect(image)["Config"]
    assert "10001:10001" == config["User"]
    assert (["gossipd", "run"], None) == (config["Entrypoint"], config["Cmd"])
    assert ["CMD", "gossipd", "health"] == config["Healthcheck"]["Test"]
    assert "SIGTERM" == config["StopSignal"]
    assert {"/var/lib/gossipd": {}} == config["Volumes"]
    assert "gossipd" == config["Labels"]["org.opencontainers.image.title"]


def test_size(image: str) -> None:
    """It adds little to the base image that the Dockerfile names."""
    lines = Path(ROOT, "Dockerfile").read_text(encoding="utf-8").splitlines()
    base = [line.split()[1] for line in lines if line.startswith("FROM ")][-1]
    added = inspect(image)["Size"] - inspect(base)["Size"]
    print(f"{added} bytes over {base}")
    assert 0 < added < MAX_BYTES_OVER_BASE


def test_no_build_tools_and_no_trace_of_the_build(image: str) -> None:
    """No pip and no sources of the build are there, and the history names no host."""
    assert "" == _inside(image, "command -v gcc cc make; ls -d /source /wheels 2>/dev/null; true")
    tools = "-name 'pip*' -o -name 'setuptools*'"
    found = f"find /opt/gossipd -path '*/bin/pip*' -o -type d '(' {tools} ')'"
    assert "" == _inside(image, found)
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}} {{.Comment}}", image)
    assert "://" not in history


def test_every_module_is_compiled(image: str) -> None:
    """A read-only file system keeps nothing that was compiled at a start."""
    assert "" == _inside(
        image,
        "find /opt/gossipd -name '*.py' -path '*/gossipd/*' | while read -r file; do"
        ' name=$(basename "$file" .py); dir=$(dirname "$file");'
        ' ls "$dir/__pycache__/$name".*.pyc >/dev/null || echo "$file"; done',
    )


def test_alone(image: str) -> None:
    """Read-only, without rights and without a network: it serves, and leaves as process 1."""
    with one(image, "--env", "PORT=8091", arguments=("--discovery-port=7000",)) as node:
        node.port = 8091
        eventually("it is healthy", node.healthy, 20)
        assert 5 == node.inside("POST", "/increment", times=5)["count"]
        answer = node.inside("GET", "/health")
        assert {"node_id": "127.0.0.1:8091", "status": "ok"} == answer
        node.stop()
        assert " stopped " in node.log().splitlines()[-1]


def test_options_are_checked(image: str) -> None:
    """What follows the image's name are options of the node."""
    with one(image, arguments=("--moon",)) as node:
        state = eventually("it ends", lambda: _ended(node.name), 20)
        assert 2 == state["ExitCode"]
        assert "No such option" in node.log()


def _ended(name: str) -> dict[str, int] | None:
    state: dict[str, int] = json.loads(docker("inspect", "--format", "{{json .State}}", name))
    return None if state["Running"] else state
