"""The documented commands of the Makefile, from the first `make` to `make clean`."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.processes import ROOT, Client, environment, eventually
from tests.containers.engine import LABEL, docker, insisted, inspect

pytestmark = [pytest.mark.containers, pytest.mark.timeout(240)]

NAMES = ("node1", "node2", "node3", "node4")
PORTS = (9088, 9089, 9090, 9091)
CHECKS = ("health", "all-peers", "increment", "count", "sync", "peers", "remove-existing-peer")


class Workflow:
    """Runs `make` under a project name of its own, with one of the two compose commands.

    Attributes:
        project: the name under which the engine knows this cluster.
        compose: the words of the compose command.
    """

    def __init__(self, compose: list[str], folder: Path) -> None:
        self.project = f"{LABEL}-{secrets.token_hex(4)}"
        self.compose = compose
        self.environment = environment() | {"COMPOSE_PROJECT_NAME": self.project}
        for name in ("COMPOSE_FILE", "COMPOSE_PROFILES", "MAKEFLAGS"):
            self.environment.pop(name, None)
        if compose == ["docker-compose"]:
            self.environment["COMPOSE"] = "docker-compose"
        else:
            # A configuration of docker with the plugin, and nothing else in it.
            plugins = folder / "cli-plugins"
            plugins.mkdir()
            (plugins / "docker-compose").symlink_to(_plugin())
            self.environment["DOCKER_CONFIG"] = str(folder)

    def make(self, *target: str, code: int = 0, **more: str) -> str:
        """Runs make, whose exit code must be this one; returns what it prints, stderr included."""
        result = self._run(["make", "--no-print-directory", *target], more)
        assert result.returncode == code, result.stdout
        return result.stdout

    def up(self, *arguments: str) -> None:
        """Runs `compose up` directly, with the profile that can be scaled."""
        command = [*self.compose, "--profile", "scale", "up", "--detach", "--no-build"]
        result = self._run([*command, *arguments], {})
        assert result.returncode == 0, result.stdout

    def _run(self, command: list[str], more: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=ROOT, env=self.environment | more, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=120, check=False,
        )  # fmt: skip

    def left(self) -> list[str]:
        """Returns the containers, networks and volumes that are still there."""
        label = ("--quiet", "--filter", f"label=com.docker.compose.project={self.project}")
        kinds = (["ps", "--all"], ["network", "ls"], ["volume", "ls"])
        return [line for kind in kinds for line in docker(*kind, *label).split()]


def _plugin() -> Path:
    return Path(sys.executable).parent / "docker-compose"


def _occupied() -> str | None:
    """Returns which names and ports that this cluster needs are taken, or None."""
    names = docker("ps", "--all", "--format", "{{.Names}}").split()
    names += docker("network", "ls", "--format", "{{.Name}}").split()
    taken = sorted({*NAMES, "mynetwork"} & set(names))
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                taken.append(f"port {port}")
    return f"in use already: {', '.join(taken)}" if taken else None


@pytest.fixture(params=["docker-compose", "docker compose"])
def workflow(tag: None, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workflow]:
    """Yields a workflow that has started nothing; removes at the end what it started."""
    compose: list[str] = request.param.split()
    there = shutil.which("docker-compose") if len(compose) == 1 else _plugin().exists()
    reason = _occupied() if there else f"{request.param} is not installed"
    if reason is not None:
        (pytest.fail if insisted() else pytest.skip)(reason)
    made = Workflow(compose, tmp_path)
    try:
        yield made
    finally:
        made.make("clean")


def _count() -> int:
    client = Client("127.0.0.1", PORTS[0], timeout=5)
    try:
        body = client.ask("GET", "/count")[2]
    finally:
        client.close()
    return int(body.split(b'"count":')[1].split(b",")[0])


def _shows_all(output: str) -> None:
    assert [] == [name for name in NAMES[:3] if f"\n{name} " not in f"\n{output}"]


def test_from_make_to_clean(workflow: Workflow) -> None:
    """All commands work in the documented order; only `make clean` removes the count."""
    _shows_all(workflow.make())
    for name in NAMES[:3]:
        host = inspect(name)["HostConfig"]
        assert (True, ["ALL"]) == (host["ReadonlyRootfs"], host["CapDrop"])
        health = ("inspect", "--format", "{{.State.Health.Status}}", name)
        eventually(f"{name} is healthy", lambda check=health: docker(*check) == "healthy", 20)
    output = workflow.make("test-full")
    for check in (*CHECKS, "discovery"):
        assert f"== test-{check}\n" in output
    assert "All hold" in output
    count = _count()
    assert count > 0
    for steps in (("restart",), ("stop", "start"), ("remove-containers", "start")):
        for step in steps:
            workflow.make(step)
        _shows_all(workflow.make("test-count"))
        assert count == _count()
    workflow.make("clean")
    assert [] == workflow.left()
    assert "'make' starts the cluster" in workflow.make("test-health", code=2)


def test_scaled(workflow: Workflow) -> None:
    """Any number of further nodes join by a name, and are removed with the rest."""
    workflow.up("--scale", "gossipd=3")
    client = Client("127.0.0.1", PORTS[0], timeout=5)

    def peers() -> int:
        try:
            return client.ask("GET", "/peers")[2].count(b":")
        except OSError:
            client.close()
            return 0

    eventually("node1 lists five others", lambda: peers() == 5, 30)
    client.close()
    workflow.make("clean")
    assert [] == workflow.left()


@pytest.mark.parametrize("workflow", ["docker-compose"], indirect=True)
def test_checks_fail_when_something_is_wrong(workflow: Workflow) -> None:
    """Each check fails and says so while a node is stopped; a removed peer is found, too."""
    workflow.make("start")
    node3 = workflow.make("test-health").split("node3 ")[1].split('"node_id":"')[1].split('"')[0]
    docker("stop", "node3")
    for check in CHECKS:
        assert "Error: node3 " in workflow.make(f"test-{check}", code=2)
    docker("start", "node3")
    workflow.make("start")
    client = Client("127.0.0.1", PORTS[0], timeout=5)
    assert 200 == client.ask("POST", "/remove-peer", f'{{"id": "{node3}"}}')[0]
    client.close()
    assert "in vain until all three know" in workflow.make("test-all-peers", code=2)


@pytest.mark.parametrize("workflow", ["docker-compose"], indirect=True)
def test_logs_are_followed(workflow: Workflow) -> None:
    """`make logs` shows what the nodes write until it is interrupted."""
    workflow.make("start")
    with subprocess.Popen(
        ["make", "logs"],
        cwd=ROOT, env=workflow.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            assert any("member_joined" in line for line in process.stdout)
            assert process.poll() is None
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def test_without_an_engine_one_line_says_so(tmp_path: Path) -> None:
    """Without an engine a command fails with one clear line."""
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed")
    workflow = Workflow(["docker-compose"], tmp_path)
    nowhere = f"unix://{tmp_path}/none.sock"
    output = workflow.make("start", code=2, DOCKER_HOST=nowhere)
    assert "Error: no container engine answers" in output
    assert 2 == len(output.splitlines())


def test_help_lists_every_command(tmp_path: Path) -> None:
    """Each script is a command of the Makefile, and says what it does."""
    output = Workflow(["docker-compose"], tmp_path).make("help")
    listed = {line.split("  ")[0].removeprefix("make").strip() for line in output.splitlines()}
    scripts = {path.name for path in Path(ROOT, "scripts", "compose").iterdir()}
    assert scripts - {"help"} | {"test"} == listed - {""}
