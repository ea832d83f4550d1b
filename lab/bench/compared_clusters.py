"""Clusters of gossipd, serf and kinship behind one interface: which node declares which dead."""

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

from lab.processes import SEEDS, Cluster, cluster, eventually, free_addresses

from .agent import Agent, parse_kinship, parse_serf
from .benchmark import Options
from .rivals import KINSHIP_PYTHON, installed

_COMPLETE_WITHIN = 120.0


@attrs.frozen
class Verdict:
    """Node `by` declared node `member` dead at Unix time `at`."""

    by: int
    member: int
    at: float


class ComparedCluster(Protocol):
    """A cluster of any of the programs; its nodes are numbered from 0.

    Attributes:
        name: the program's name.
        hosts: the address of each node.
        port: the port of all nodes.
    """

    name: str
    hosts: list[str]
    port: int

    def pid(self, index: int) -> int:
        """Returns the id of a node's process."""

    def kill(self, index: int) -> float:
        """Kills a node, and returns the Unix time at which that happened."""

    def restart(self, index: int) -> None:
        """Starts a node that was killed; it has not joined again when this returns."""

    def complete(self) -> bool:
        """Returns whether every node takes every other one for alive."""

    def verdicts(self, since: float) -> list[Verdict]:
        """Returns every declaration of a death since that Unix time."""


def send(system: ComparedCluster, indexes: Sequence[int], number: signal.Signals) -> float:
    """Sends a signal to these nodes, and returns the Unix time at which that happened."""
    at = time.time()
    for index in indexes:
        os.kill(system.pid(index), number)
    return at


class GossipdCluster:
    """A cluster of `gossipd run`."""

    name = "gossipd"

    def __init__(self, nodes: Cluster) -> None:
        self.nodes = nodes
        self.hosts = [node.host for node in nodes.nodes]
        self.port = nodes[0].port
        self._index = {node.id: index for index, node in enumerate(nodes.nodes)}

    def pid(self, index: int) -> int:
        """Returns the id of a node's process."""
        return self.nodes[index].process.pid

    def kill(self, index: int) -> float:
        """Kills a node, and returns the Unix time at which that happened."""
        return self.nodes[index].kill()

    def restart(self, index: int) -> None:
        """Starts a node that was killed."""
        self.nodes[index].start()

    def complete(self) -> bool:
        """Returns whether every node answers and lists every other one."""
        wanted = len(self.nodes.nodes) - 1
        return all(node.answers() and wanted == len(node.peers()) for node in self.nodes.nodes)

    def verdicts(self, since: float) -> list[Verdict]:
        """Returns every declaration of a death since that Unix time, from the nodes' logs."""
        return [
            Verdict(by, self._index[line["member"]], line["at"])
            for by, node in enumerate(self.nodes.nodes)
            for line in node.events("member_dead", since=since)
        ]


class AgentCluster:
    """A cluster of serf or kinship, each node an `Agent`."""

    def __init__(self, name: str, port: int, agents: Sequence[Agent]) -> None:
        self.name = name
        self.port = port
        self.agents = agents
        self.hosts = [agent.host for agent in agents]
        self._index = {host: index for index, host in enumerate(self.hosts)}

    def pid(self, index: int) -> int:
        """Returns the id of a node's process."""
        return self.agents[index].process.pid

    def kill(self, index: int) -> float:
        """Kills a node, and returns the Unix time at which that happened."""
        at = time.time()
        self.agents[index].end()
        return at

    def restart(self, index: int) -> None:
        """Starts a node that was killed."""
        self.agents[index].start()

    def complete(self) -> bool:
        """Returns whether the lines of every node name every other one as alive."""
        everybody = set(self._index)
        return all(everybody <= agent.alive() | {agent.host} for agent in self.agents)

    def verdicts(self, since: float) -> list[Verdict]:
        """Returns every declaration of a death since that Unix time, from the nodes' lines."""
        return [
            Verdict(by, self._index[report.member], report.at)
            for by, agent in enumerate(self.agents)
            for report in agent.reports
            if report.kind == "dead" and report.at >= since
        ]

    def end(self) -> None:
        """Ends the processes that are left."""
        for agent in self.agents:
            agent.end()


@contextmanager
def gossipd(count: int, folder: Path) -> Iterator[GossipdCluster]:
    """Runs gossipd nodes without a data directory; they know each other when the block begins."""
    home = folder / f"gossipd-{count}-{secrets.token_hex(4)}"
    home.mkdir()
    with cluster(count, home, start=False) as nodes:
        for node in nodes.nodes:
            node.start()
        made = GossipdCluster(nodes)
        eventually("gossipd is complete", made.complete, _COMPLETE_WITHIN)
        yield made


@contextmanager
def serf(count: int) -> Iterator[AgentCluster]:
    """Runs agents with serf's profile `lan`; they know each other when the block begins."""
    with _agents("serf", count, _serf_command, parse_serf) as made:
        yield made


@contextmanager
def kinship(count: int) -> Iterator[AgentCluster]:
    """Runs kinship nodes with `Config.lan()`; they know each other when the block begins."""
    with _agents("kinship", count, _kinship_command, parse_kinship) as made:
        yield made


_Command = Callable[[str, int, Sequence[str]], list[str]]


@contextmanager
def _agents(
    name: str, count: int, command: _Command, parse: Callable[[str], tuple[str, str] | None]
) -> Iterator[AgentCluster]:
    addresses = free_addresses(count)
    seeds = [host for host, _ in addresses[:SEEDS]]
    agents = [Agent(host, command(host, port, seeds), parse) for host, port in addresses]
    made = AgentCluster(name, addresses[0][1], agents)
    try:
        for agent in agents:
            agent.start()
        eventually(f"{name} is complete", made.complete, _COMPLETE_WITHIN)
        yield made
    finally:
        made.end()


def rpc_address(host: str, port: int) -> str:
    """Returns the address at which serf's own command line reaches an agent."""
    return f"{host}:{port + 1}"


def _serf_command(host: str, port: int, seeds: Sequence[str]) -> list[str]:
    command = ["serf", "agent", f"-node={host}", f"-bind={host}:{port}"]
    command += [f"-rpc-addr={rpc_address(host, port)}", "-retry-interval=1s"]
    return command + [f"-retry-join={seed}:{port}" for seed in seeds]


def _kinship_command(host: str, port: int, seeds: Sequence[str]) -> list[str]:
    script = str(Path(__file__).with_name("kinship_node.py"))
    return [str(KINSHIP_PYTHON), script, host, str(port), *seeds]


@contextmanager
def all_clusters(count: int, options: Options) -> Iterator[list[ComparedCluster]]:
    """Runs one cluster of gossipd and of each rival that is installed, all at the same time."""
    with ExitStack() as stack:
        made: list[ComparedCluster] = [stack.enter_context(gossipd(count, options.folder))]
        if installed("serf", options):
            made.append(stack.enter_context(serf(count)))
        if installed("kinship", options):
            made.append(stack.enter_context(kinship(count)))
        yield made
