"""Nodes in containers on a network of their own: started, disturbed, asked, and removed.

All containers and networks carry a label that no other run has, by which they are removed. The
network is on this machine; the tests ask the nodes at their addresses in it and publish no port.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from lab.processes import Client, eventually

PORT = 8088
LABEL = "gossipd-test"
ALIAS = "gossipd"
"""The name by which the network's resolver knows all nodes of a cluster."""
HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")

_INSIDE = """
import http.client, sys
method, path, times, port = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
for _ in range(times):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    body = answer.read().decode()
print(body)
"""


def docker(*arguments: str, timeout: float = 60) -> str:
    """Runs a docker command, which must succeed, and returns what it prints."""
    result = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=timeout, check=False
    )
    assert result.returncode == 0, (arguments, result.stdout, result.stderr)
    return result.stdout.strip()


def missing_engine() -> str | None:
    """Returns in one line why no container can be run here, or None if one can."""
    try:
        result = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except OSError:
        return "docker is not installed"
    except subprocess.TimeoutExpired:
        return "the container engine does not answer"
    return None if result.returncode == 0 else f"no container engine: {result.stderr.strip()}"


def inspect(name: str) -> dict[str, Any]:
    """Returns what the engine knows about a container or an image."""
    found: dict[str, Any] = json.loads(docker("inspect", name))[0]
    return found


class Node:
    """A container that runs a node.

    Attributes:
        name: the container's name.
        host: its address since its last start or connection; empty before.
        port: the node's port.
    """

    def __init__(self, name: str, network: str) -> None:
        self.name = name
        self.host = ""
        self.port = PORT
        self._network = network

    @property
    def id(self) -> str:
        """The node's id."""
        return f"{self.host}:{self.port}"

    def look(self) -> None:
        """Reads the container's address."""
        networks = inspect(self.name)["NetworkSettings"]["Networks"]
        self.host = networks[self._network]["IPAddress"] if self._network in networks else ""

    def pid(self) -> int:
        """Returns the id of its process on this machine."""
        pid: int = inspect(self.name)["State"]["Pid"]
        return pid

    def start(self) -> None:
        """Starts the container, for the first time or again."""
        docker("start", self.name)
        self.look()

    def stop(self) -> None:
        """Stops the container; the node must exit with code 0 within the grace period."""
        docker("stop", self.name)
        assert inspect(self.name)["State"]["ExitCode"] == 0

    def disconnect(self) -> None:
        """Takes the container off its network."""
        docker("network", "disconnect", self._network, self.name)

    def connect(self) -> None:
        """Puts the container on its network again, perhaps with another address."""
        docker("network", "connect", "--alias", ALIAS, self._network, self.name)
        self.look()

    def ask(self, method: str, path: str, body: str | None = None) -> Any:
        """Returns the JSON of an answer, which must have status 200; None if its body is empty."""
        client = Client(self.host, self.port, timeout=5)
        try:
            status, _, answer = client.ask(method, path, body)
        finally:
            client.close()
        assert status == 200, (path, status, answer)
        return json.loads(answer) if answer else None

    def inside(self, method: str, path: str, times: int = 1) -> Any:
        """Sends so many requests inside the container, and returns the JSON of the last answer."""
        code = ("python", "-c", _INSIDE, method, path, str(times), str(self.port))
        return json.loads(docker("exec", self.name, *code))

    def healthy(self) -> bool:
        """Returns whether the container's own health check succeeds."""
        command = ["docker", "exec", self.name, "gossipd", "health"]
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0

    def log(self, lines: str = "all") -> str:
        """Returns what the node wrote on stdout and stderr, or the last lines of that."""
        return subprocess.run(
            ["docker", "logs", "--tail", lines, self.name],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20, check=False,
        ).stdout  # fmt: skip

    def count(self) -> int:
        """Returns the count that it shows."""
        count: int = self.ask("GET", "/count")["count"]
        return count

    def peers(self) -> set[str]:
        """Returns the ids of the peers that it lists."""
        return set(self.ask("GET", "/peers"))

    def answers(self) -> bool:
        """Returns whether it answers, with an id that is its present address."""
        try:
            answer: dict[str, str] = self.ask("GET", "/health")
        except (OSError, AssertionError):
            return False
        return answer["node_id"] == self.id

    def comes_to_answer(self, within: float = 20) -> None:
        """Waits until it answers, with an id that is its present address."""
        eventually(f"{self.name} answers as {self.id}", self.answers, within)

    def comes_to_list(self, ids: set[str], within: float) -> None:
        """Waits until it lists exactly these peers."""
        eventually(f"{self.name} lists {ids}", lambda: self.peers() == ids, within)

    def comes_to_drop(self, id: str, within: float = 20) -> None:
        """Waits until it no longer lists that peer."""
        eventually(f"{self.name} drops {id}", lambda: id not in self.peers(), within)

    def comes_to_show(self, count: int, within: float = 5) -> None:
        """Waits until it shows this count."""
        eventually(f"{self.name} shows {count}", lambda: self.count() == count, within)


class Cluster:
    """Nodes on a network of their own, each with its data in a volume of its own."""

    def __init__(self, name: str, image: str) -> None:
        self.name = name
        self.image = image
        self.nodes: list[Node] = []
        docker("network", "create", "--label", f"{LABEL}={name}", name)

    def run(self) -> Node:
        """Starts one more node, which joins by the name that all nodes share; returns it."""
        node = Node(f"{self.name}-{len(self.nodes) + 1}", self.name)
        self.nodes.append(node)
        joining = ("--env", f"GOSSIPD_JOIN={ALIAS}:{PORT}")
        docker(
            *("run", "--detach", "--name", node.name, "--label", f"{LABEL}={self.name}"),
            *("--network", self.name, "--network-alias", ALIAS, *HARDENED),
            *("--env", f"GOSSIPD_CLUSTER={self.name}", *joining, self.image),
        )
        node.look()
        return node

    @contextmanager
    def taken(self, host: str) -> Iterator[None]:
        """Gives this free address to a container without a node, for the length of the block."""
        waiting = ("--entrypoint", "python", self.image, "-c", "import signal; signal.pause()")
        label = ("--label", f"{LABEL}={self.name}")
        with ExitStack() as stack:
            # The engine gives out addresses in its own order: start containers until one has it.
            for _ in range(len(self.nodes) + 2):
                name = docker("run", "--detach", *label, "--network", self.name, *waiting)
                stack.callback(docker, "rm", "--force", "--volumes", name)
                if inspect(name)["NetworkSettings"]["Networks"][self.name]["IPAddress"] == host:
                    break
            else:
                raise AssertionError(f"nobody could take {host}")
            yield

    def others(self, *nodes: Node) -> list[Node]:
        """Returns all nodes but these."""
        return [node for node in self.nodes if node not in nodes]

    def know_each_other(self, nodes: Sequence[Node] = (), within: float = 30) -> None:
        """Waits until each of these nodes, or every node, answers and lists exactly the others."""
        nodes = nodes or self.nodes
        ids = {node.id for node in nodes}
        for node in nodes:
            node.comes_to_answer(within)
        for node in nodes:
            node.comes_to_list(ids - {node.id}, within)


@contextmanager
def cluster(count: int, image: str) -> Iterator[Cluster]:
    """Runs so many nodes that know each other, for the length of the block."""
    name = f"{LABEL}-{secrets.token_hex(4)}"
    made = Cluster(name, image)
    try:
        for _ in range(count):
            made.run()
        made.know_each_other()
        yield made
    except BaseException:
        for node in made.nodes:
            print(f"-- {node.name}\n{node.log('40')}")
        raise
    finally:
        remove(name)


@contextmanager
def one(image: str, *options: str, arguments: Sequence[str] = ()) -> Iterator[Node]:
    """Runs a container of the image without any network, for the length of the block."""
    node = Node(f"{LABEL}-{secrets.token_hex(4)}", "none")
    label = ("--name", node.name, "--label", f"{LABEL}={node.name}", "--network", "none")
    try:
        docker("run", "--detach", *label, *HARDENED, *options, image, *arguments)
        yield node
    except BaseException:
        print(node.log("40"))
        raise
    finally:
        remove(node.name)


def remove(name: str) -> None:
    """Removes every container and network that carries this name as its label."""
    label = f"label={LABEL}={name}"
    containers = docker("ps", "--all", "--quiet", "--filter", label).split()
    if containers:
        docker("rm", "--force", "--volumes", *containers)
    for network in docker("network", "ls", "--quiet", "--filter", label).split():
        docker("network", "rm", network)


def insisted() -> bool:
    """Returns whether a missing engine is a failure: GOSSIPD_REQUIRE_CONTAINERS is set."""
    return bool(os.environ.get("GOSSIPD_REQUIRE_CONTAINERS"))
