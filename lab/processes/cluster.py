"""Real nodes on loopback: starts processes, waits with deadlines, reads their logs, cleans up.

Every process that is started here is ended here, by its own id. Clusters have random names.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parent.parent.parent
POLL = 0.02
SEEDS = 3
_OURS = ("GOSSIPD_", "PORT", "PEERS")

_Value = TypeVar("_Value")
Line = dict[str, Any]


def eventually(what: str, condition: Callable[[], _Value], within: float) -> _Value:
    """The first true value of `condition`, asked again and again for at most `within` seconds."""
    end = time.monotonic() + within
    pause = threading.Event()
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {within} s: {what}"
        pause.wait(POLL)
    return value


def environment() -> dict[str, str]:
    """This process's environment without what would configure a node."""
    return {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}


class Node:
    """One `gossipd run`, which may be started several times.

    Attributes:
        id: its address, which is its node id.
        bind: the host that it is bound to.
        discovery: whether it looks for others by broadcast: strangers on this machine may answer.
        flags: of its next start.
        variables: of the environment of its next start, beside this process's.
        directory: where it keeps its state, in a cluster whose nodes do.
        process: of its last start.
        log_path: where that writes its lines.
    """

    process: subprocess.Popen[bytes]
    log_path: Path

    def __init__(self, host: str, port: int, folder: Path, flags: Sequence[str]) -> None:
        self.host, self.port = host, port
        self.id = f"{host}:{port}"
        self.bind = host
        self.discovery = False
        self.variables: dict[str, str] = {}
        self.directory = folder / f"{host}-{port}"
        self._folder = folder
        kept = any(flag.startswith("--data-dir") for flag in flags)
        self.flags = list(flags) if kept else [*flags, "--ephemeral"]
        self._starts = 0

    def start(self) -> None:
        """Starts a process; it is not there yet when this returns."""
        self._starts += 1
        self.log_path = self._folder / f"{self.host}-{self.port}-{self._starts}.log"
        command = [sys.executable, "-m", "gossipd", "run", "--bind", f"{self.bind}:{self.port}"]
        if not self.discovery:
            command.append("--no-discovery")
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--log-format", "json", *self.flags],
                cwd=ROOT,
                env=environment() | self.variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the process, if it is still there."""
        self.process.send_signal(number)

    def kill(self) -> float:
        """Ends the process at once, and returns the wall clock of that."""
        at = time.time()
        self.process.kill()
        self.process.wait(5)
        return at

    def end(self) -> None:
        """Ends the process if it is there, stopped or not."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(5)

    # What it says

    def lines(self) -> list[Line]:
        """Its log lines so far, each with `at`, seconds of the wall clock."""
        text = self.log_path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        found: list[Line] = [json.loads(line) for line in whole.splitlines()]
        for line in found:
            line["at"] = datetime.fromisoformat(line["timestamp"]).timestamp()
        return found

    def events(self, name: str, member: str | None = None, since: float = 0.0) -> list[Line]:
        """Its log lines of one event, about one member or any."""
        return [
            line
            for line in self.lines()
            if line["event"] == name
            and line["at"] >= since
            and (member is None or line.get("member") == member)
        ]

    def ask(
        self, method: str, path: str, body: str | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in lower case and body of one request on a connection of its own."""
        with self.client() as client:
            return client.ask(method, path, body)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A connection for several requests."""
        client = Client(self.host, self.port)
        try:
            yield client
        finally:
            client.close()

    def get(self, path: str) -> Any:
        """The JSON of a GET request."""
        status, _, body = self.ask("GET", path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def answers(self) -> bool:
        """Whether it serves requests."""
        try:
            return bool(self.get("/health"))
        except OSError:
            assert self.process.poll() is None, self.log_path.read_text(encoding="utf-8")
            return False

    def peers(self) -> set[str]:
        """The ids that it lists."""
        return set(self.get("/peers"))

    def count(self) -> int:
        """Its value of the counter."""
        value: int = self.get("/count")["count"]
        return value

    def comes_to_list(self, ids: set[str], within: float) -> None:
        """Waits until it lists these and no others."""
        eventually(f"{self.id} lists {len(ids)}", lambda: self.peers() == ids, within)

    def comes_to_show(self, count: int, within: float) -> None:
        """Waits until its counter has this value."""
        eventually(f"{self.id} shows {count}", lambda: self.count() == count, within)

    def comes_to_log(self, name: str, member: str, within: float, since: float = 0.0) -> Line:
        """Waits for a line of that event about that member, and returns the first."""
        return eventually(
            f"{self.id} logs {name} of {member}",
            lambda: self.events(name, member, since),
            within,
        )[0]

    def metric(self, name: str, **labels: str) -> float:
        """The sum of all samples of that name with these labels on its metrics page."""
        page = self.ask("GET", "/metrics")[2].decode()
        return sum(
            sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


class Client:
    """A keep-alive connection to a node."""

    def __init__(self, host: str, port: int, timeout: float = 10.0) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=timeout)

    def connect(self) -> None:
        """Connects now, and not only with the first request."""
        self._connection.connect()

    def ask(
        self, method: str, path: str, body: str | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in lower case, and body."""
        self._connection.request(method, path, body)
        answer = self._connection.getresponse()
        headers = {key.lower(): value for key, value in answer.getheaders()}
        return answer.status, headers, answer.read()

    def increment(self) -> str:
        """Counts one, and returns how many nodes hold it of how many."""
        status, headers, body = self.ask("POST", "/increment")
        assert status == 200, (status, body)
        return headers["gossipd-acks"]

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()


class Cluster:
    """Nodes of one cluster name, on addresses of their own."""

    def __init__(self, nodes: list[Node], name: str) -> None:
        self.nodes = nodes
        self.name = name

    def __getitem__(self, index: int) -> Node:
        return self.nodes[index]

    def others(self, *nodes: Node) -> list[Node]:
        """All but these."""
        return [node for node in self.nodes if node not in nodes]

    def start(self, within: float = 30.0) -> None:
        """Starts all nodes, and waits until everybody lists everybody."""
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            eventually(f"{node.id} answers", node.answers, within)
        self.know_each_other(self.nodes, within)

    def know_each_other(self, nodes: Sequence[Node], within: float) -> None:
        """Waits until each of these lists the others and nobody else."""
        ids = {node.id for node in nodes}
        for node in nodes:
            node.comes_to_list(ids - {node.id}, within)

    def agree(self, count: int, within: float = 10.0, nodes: Sequence[Node] = ()) -> None:
        """Waits until each of these, or all, shows this count."""
        for node in nodes or self.nodes:
            node.comes_to_show(count, within)

    def end(self) -> None:
        """Ends whatever is left of it."""
        for node in self.nodes:
            if hasattr(node, "process"):
                node.end()


def free_addresses(count: int) -> list[tuple[str, int]]:
    """Addresses of loopback, free for TCP and UDP: one port of several hosts if there are such."""
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.1.1", 0))
        hosts = [f"127.0.{1 + index // 250}.{1 + index % 250}" for index in range(count)]
    except OSError:
        ports: set[int] = set()
        while len(ports) < count:
            ports.add(_port(["127.0.0.1"]))
        return [("127.0.0.1", port) for port in sorted(ports)]
    port = _port(hosts)
    return [(host, port) for host in hosts]


def _port(hosts: Sequence[str]) -> int:
    """A port that is free on all these hosts."""
    for _ in range(200):
        # Below the range from which outgoing connections take theirs.
        port = 10_000 + secrets.randbelow(20_000)
        with ExitStack() as stack:
            try:
                for host in hosts:
                    for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
                        stack.enter_context(socket.socket(type=kind)).bind((host, port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free on all hosts")


@contextmanager
def cluster(
    count: int,
    folder: Path,
    *flags: str,
    join: Sequence[str] = (),
    start: bool = True,
    kept: bool = False,
) -> Iterator[Cluster]:
    """Nodes that join the first three of them, for the length of the block.

    With `kept` each keeps its state in a directory of its own.
    """
    addresses = free_addresses(count)
    name = f"test-{secrets.token_hex(8)}"
    seeds = [f"{host}:{port}" for host, port in addresses[:SEEDS]] if count > 1 else []
    joins = [part for seed in (*seeds, *join) for part in ("--join", seed)]
    arguments = ["--cluster", name, *joins, *flags]
    nodes = []
    for host, port in addresses:
        data = ["--data-dir", str(folder / f"{host}-{port}")] if kept else []
        nodes.append(Node(host, port, folder, [*arguments, *data]))
    made = Cluster(nodes, name)
    try:
        if start:
            made.start()
        yield made
    finally:
        made.end()
