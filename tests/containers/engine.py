"""Nodes in containers of their own network: started, disturbed, asked, and removed at the end.

Everything made here carries a label that no other run has, and is removed by it. The network is
this machine's own; the tests ask the nodes at their addresses in it, and publish no port.
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
    """What the command prints; it must succeed."""
    result = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=timeout, check=False
    )
    assert result.returncode == 0, (arguments, result.stdout, result.stderr)
    return result.stdout.strip()


def missing_engine() -> str | None:
    """Why no container can be run here, in one line; None if one can."""
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
    """What the engine knows of a container or an image."""
    found: dict[str, Any] = json.loads(docker("inspect", name))[0]
    return found


class Node:
    """A container with a node, known by its name.

    Attributes:
        host: its address, as of its last start or connection; empty before.
        port: of its node.
    """

    def __init__(self, name: str, network: str) -> None:
        self.name = name
        self.host = ""
        self.port = PORT
        self._network = network

    @property
    def id(self) -> str:
        """Its node id."""
        return f"{self.host}:{self.port}"

    def look(self) -> None:
        """Reads its address."""
        networks = inspect(self.name)["NetworkSettings"]["Networks"]
        self.host = networks[self._network]["IPAddress"] if self._network in networks else ""

    def pid(self) -> int:
        """The process on this machine."""
        pid: int = inspect(self.name)["State"]["Pid"]
        return pid

    def start(self) -> None:
        """Starts it, or starts it again."""
        docker("start", self.name)
        self.look()

    def stop(self) -> None:
        """Stops it; it must leave in good order within the engine's grace period."""
        docker("stop", self.name)
        assert inspect(self.name)["State"]["ExitCode"] == 0

    def disconnect(self) -> None:
        """Takes its network away."""
        docker("network", "disconnect", self._network, self.name)

    def connect(self) -> None:
        """Gives it the network again, perhaps with another address."""
        docker("network", "connect", "--alias", ALIAS, self._network, self.name)
        self.look()

    def ask(self, method: str, path: str, body: str | None = None) -> Any:
        """The JSON of an answer with status 200, None if it has none."""
        client = Client(self.host, self.port, timeout=5)
        try:
            status, _, answer = client.ask(method, path, body)
        finally:
            client.close()
        assert status == 200, (path, status, answer)
        return json.loads(answer) if answer else None

    def inside(self, method: str, path: str, times: int = 1) -> Any:
        """The JSON of the last of so many answers, asked within the container itself."""
        code = ("python", "-c", _INSIDE, method, path, str(times), str(self.port))
        return json.loads(docker("exec", self.name, *code))

    def healthy(self) -> bool:
        """Whether its own health check says so."""
        command = ["docker", "exec", self.name, "gossipd", "health"]
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0

    def log(self, lines: str = "all") -> str:
        """What it wrote on stdout and stderr, or the last lines of it."""
        return subprocess.run(
            ["docker", "logs", "--tail", lines, self.name],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20, check=False,
        ).stdout  # fmt: skip

    def count(self) -> int:
        """The count it shows."""
        count: int = self.ask("GET", "/count")["count"]
        return count

    def peers(self) -> set[str]:
        """The ids it lists."""
        return set(self.ask("GET", "/peers"))

    def answers(self) -> bool:
        """Whether it is ready and answers under the id that its address makes."""
        try:
            answer: dict[str, str] = self.ask("GET", "/health")
        except (OSError, AssertionError):
            return False
        return answer["node_id"] == self.id

    def comes_to_answer(self, within: float = 20) -> None:
        """Waits until it answers under the id that its address makes."""
        eventually(f"{self.name} answers as {self.id}", self.answers, within)

    def comes_to_list(self, ids: set[str], within: float) -> None:
        """Waits until it lists exactly these."""
        eventually(f"{self.name} lists {ids}", lambda: self.peers() == ids, within)

    def comes_to_drop(self, id: str, within: float = 20) -> None:
        """Waits until it no longer lists that one."""
        eventually(f"{self.name} drops {id}", lambda: id not in self.peers(), within)

    def comes_to_show(self, count: int, within: float = 5) -> None:
        """Waits until it shows this count."""
        eventually(f"{self.name} shows {count}", lambda: self.count() == count, within)


class Cluster:
    """Nodes on a network of their own, each with its data in a volume."""

    def __init__(self, name: str, image: str) -> None:
        self.name = name
        self.image = image
        self.nodes: list[Node] = []
        docker("network", "create", "--label", f"{LABEL}={name}", name)

    def run(self) -> Node:
        """Starts one more node, which joins by the name that all of them share."""
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
        """A container without a node has this free address, for the length of the block."""
        waiting = ("--entrypoint", "python", self.image, "-c", "import signal; signal.pause()")
        label = ("--label", f"{LABEL}={self.name}")
        with ExitStack() as stack:
            # The engine gives out addresses in an order of its own.
            for _ in range(len(self.nodes) + 2):
                name = docker("run", "--detach", *label, "--network", self.name, *waiting)
                stack.callback(docker, "rm", "--force", "--volumes", name)
                if inspect(name)["NetworkSettings"]["Networks"][self.name]["IPAddress"] == host:
                    break
            else:
                raise AssertionError(f"nobody could take {host}")
            yield

    def others(self, *nodes: Node) -> list[Node]:
        """All but these."""
        return [node for node in self.nodes if node not in nodes]

    def know_each_other(self, nodes: Sequence[Node] = (), within: float = 30) -> None:
        """Waits until each of these, or all, answers and lists exactly the others."""
        nodes = nodes or self.nodes
        ids = {node.id for node in nodes}
        for node in nodes:
            node.comes_to_answer(within)
        for node in nodes:
            node.comes_to_list(ids - {node.id}, within)


@contextmanager
def cluster(count: int, image: str) -> Iterator[Cluster]:
    """So many nodes that know each other, for the length of the block."""
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
    """A container of the image without any network, for the length of the block."""
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
    """Whether a missing engine is a failure here."""
    return bool(os.environ.get("GOSSIPD_REQUIRE_CONTAINERS"))
