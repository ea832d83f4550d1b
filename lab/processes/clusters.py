"""A cluster of real nodes on loopback, for the length of a block.

Every process that is started here is ended here, by its own id. Clusters have random names, so that
two runs on one machine do not meet.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .addresses import free_addresses
from .node import Node
from .waiting import eventually

SEEDS = 3
"""How many nodes, the first ones, every node is told to join."""


class Cluster:
    """Nodes of one cluster name, each on an address of its own."""

    def __init__(self, nodes: list[Node], name: str) -> None:
        self.nodes = nodes
        self.name = name

    def __getitem__(self, index: int) -> Node:
        return self.nodes[index]

    def others(self, *nodes: Node) -> list[Node]:
        """Returns all nodes but these."""
        return [node for node in self.nodes if node not in nodes]

    def start(self, within: float = 30.0) -> None:
        """Starts all nodes, and waits until every node lists all others."""
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            eventually(f"{node.id} answers", node.answers, within)
        self.know_each_other(self.nodes, within)

    def know_each_other(self, nodes: Sequence[Node], within: float) -> None:
        """Waits until each of these nodes lists the others of them and no further node."""
        ids = {node.id for node in nodes}
        for node in nodes:
            node.comes_to_list(ids - {node.id}, within)

    def agree(self, count: int, within: float = 10.0, nodes: Sequence[Node] = ()) -> None:
        """Waits until each of these nodes, or every node, shows this count."""
        for node in nodes or self.nodes:
            node.comes_to_show(count, within)

    def end(self) -> None:
        """Ends the processes that are left."""
        for node in self.nodes:
            node.end()


@contextmanager
def cluster(
    count: int,
    folder: Path,
    *flags: str,
    join: Sequence[str] = (),
    start: bool = True,
    kept: bool = False,
) -> Iterator[Cluster]:
    """Runs so many nodes, which join the first three of them, for the length of the block.

    Args:
        count: number of nodes.
        folder: where their logs and data directories go.
        flags: further flags of `gossipd run`, for every node.
        join: further addresses that every node is told to join.
        start: whether they are started, and know each other, when the block begins.
        kept: whether each keeps its state in a data directory of its own.
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
