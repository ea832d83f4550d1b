"""Clusters of gossipd, serf and kinship, behind one interface: who says when that whom is dead."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import attrs

from lab.processes.cluster import SEEDS, Cluster, cluster, eventually, free_addresses

from .agent import Agent, parse_kinship, parse_serf
from .measure import Options
from .rivals import KINSHIP_PYTHON, installed

_COMPLETE_WITHIN = 120.0


@attrs.frozen
class Verdict:
    """That node `by` declared node `member` dead, at `at` of the wall clock."""

    by: int
    member: int
    at: float


class System(Protocol):
    """A cluster, whose nodes are numbered from 0.

    Attributes:
        name: of the program.
        hosts: the address of each node.
        port: of all nodes.
    """

    name: str
    hosts: list[str]
    port: int

    def pid(self, index: int) -> int:
        """The process of a node."""

    def kill(self, index: int) -> float:
        """Ends a node at once, and returns the wall clock of that."""

    def restart(self, index: int) -> None:
        """Starts a node that was killed; it may not be there yet."""

    def complete(self) -> bool:
        """Whether every node holds every other for alive."""

    def verdicts(self, since: float) -> list[Verdict]:
        """All deaths that were declared."""


def send(system: System, indexes: Sequence[int], number: signal.Signals) -> float:
    """Sends a signal to these nodes, and returns the wall clock of that."""
    at = time.time()
    for index in indexes:
        os.kill(system.pid(index), number)
    return at


class Gossipd:
    """A cluster of `gossipd run`."""

    name = "gossipd"

    def __init__(self, nodes: Cluster) -> None:
        self.nodes = nodes
        self.hosts = [node.host for node in nodes.nodes]
        self.port = nodes[0].port
        self._index = {node.id: index for index, node in enumerate(nodes.nodes)}

    def pid(self, index: int) -> int:
        """The process of a node."""
        return self.nodes[index].process.pid

    def kill(self, index: int) -> float:
        """Ends a node at once, and returns the wall clock of that."""
        return self.nodes[index].kill()

    def restart(self, index: int) -> None:
        """Starts a node that was killed."""
        self.nodes[index].start()

    def complete(self) -> bool:
        """Whether every node lists every other."""
        wanted = len(self.nodes.nodes) - 1
        return all(node.answers() and wanted == len(node.peers()) for node in self.nodes.nodes)

    def verdicts(self, since: float) -> list[Verdict]:
        """All deaths that were declared, as the nodes' logs tell."""
        return [
            Verdict(by, self._index[line["member"]], line["at"])
            for by, node in enumerate(self.nodes.nodes)
            for line in node.events("member_dead", since=since)
        ]


class Agents:
    """A cluster of serf or kinship: one `Agent` a node."""

    def __init__(self, name: str, port: int, agents: Sequence[Agent]) -> None:
        self.name = name
        self.port = port
        self.agents = agents
        self.hosts = [agent.host for agent in agents]
        self._index = {host: index for index, host in enumerate(self.hosts)}

    def pid(self, index: int) -> int:
        """The process of a node."""
        return self.agents[index].process.pid

    def kill(self, index: int) -> float:
        """Ends a node at once, and returns the wall clock of that."""
        at = time.time()
        self.agents[index].end()
        return at

    def restart(self, index: int) -> None:
        """Starts a node that was killed."""
        self.agents[index].start()

    def complete(self) -> bool:
        """Whether every node's lines name every other as alive."""
        everybody = set(self._index)
        return all(everybody <= agent.alive() | {agent.host} for agent in self.agents)

    def verdicts(self, since: float) -> list[Verdict]:
        """All deaths that were declared, as the nodes' lines tell."""
        return [
            Verdict(by, self._index[said.member], said.at)
            for by, agent in enumerate(self.agents)
            for said in agent.said
            if said.kind == "dead" and said.at >= since
        ]

    def end(self) -> None:
        """Ends whatever is left of it."""
        for agent in self.agents:
            agent.end()


@contextmanager
def gossipd(count: int, folder: Path) -> Iterator[Gossipd]:
    """Nodes without a data directory; they know each other."""
    home = folder / f"gossipd-{count}-{secrets.token_hex(4)}"
    home.mkdir()
    with cluster(count, home, start=False) as nodes:
        for node in nodes.nodes:
            node.start()
        made = Gossipd(nodes)
        eventually("gossipd is complete", made.complete, _COMPLETE_WITHIN)
        yield made


@contextmanager
def serf(count: int) -> Iterator[Agents]:
    """Agents with serf's profile `lan`, which know each other."""
    with _agents("serf", count, _serf_command, parse_serf) as made:
        yield made


@contextmanager
def kinship(count: int) -> Iterator[Agents]:
    """Nodes with `Config.lan()`, which know each other."""
    with _agents("kinship", count, _kinship_command, parse_kinship) as made:
        yield made


_Command = Callable[[str, int, Sequence[str]], list[str]]


@contextmanager
def _agents(
    name: str, count: int, command: _Command, parse: Callable[[str], tuple[str, str] | None]
) -> Iterator[Agents]:
    addresses = free_addresses(count)
    seeds = [host for host, _ in addresses[:SEEDS]]
    agents = [Agent(host, command(host, port, seeds), parse) for host, port in addresses]
    made = Agents(name, addresses[0][1], agents)
    try:
        for agent in agents:
            agent.start()
        eventually(f"{name} is complete", made.complete, _COMPLETE_WITHIN)
        yield made
    finally:
        made.end()


def rpc_address(host: str, port: int) -> str:
    """Where the command line of serf reaches an agent."""
    return f"{host}:{port + 1}"


def _serf_command(host: str, port: int, seeds: Sequence[str]) -> list[str]:
    command = ["serf", "agent", f"-node={host}", f"-bind={host}:{port}"]
    command += [f"-rpc-addr={rpc_address(host, port)}", "-retry-interval=1s"]
    return command + [f"-retry-join={seed}:{port}" for seed in seeds]


def _kinship_command(host: str, port: int, seeds: Sequence[str]) -> list[str]:
    script = str(Path(__file__).with_name("kinship_node.py"))
    return [str(KINSHIP_PYTHON), script, host, str(port), *seeds]


@contextmanager
def all_systems(count: int, options: Options) -> Iterator[list[System]]:
    """A cluster of gossipd and of each other that is installed, all at once."""
    with ExitStack() as stack:
        made: list[System] = [stack.enter_context(gossipd(count, options.folder))]
        if installed("serf", options):
            made.append(stack.enter_context(serf(count)))
        if installed("kinship", options):
            made.append(stack.enter_context(kinship(count)))
        yield made
