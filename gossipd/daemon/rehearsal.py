"""Clusters in memory, for tests of programs that run a node inside themselves.

Nodes are the same as elsewhere, but for their sockets: datagrams go from node to node in memory.
So all of a cluster's time is trio's, and with trio's mock clock an hour of it takes a moment. Real
sockets and a mock clock that jumps do not go together: the clock does not wait for the system.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import trio

from gossipd.protocol import split_node_id

from .config import DaemonConfig
from .inside import Node, run_inside
from .net import MemoryNetwork
from .open import Surroundings

_SUBNET = "10.0.0"
_PORT = 8088
_LOOK_SECONDS = 0.1
_ALL = 1 << 30


class Cluster:
    """Nodes of one process.

    `cluster` makes them.

    Attributes:
        nodes: the nodes, in the order of their start. Those that have left stay listed.
    """

    def __init__(self, network: MemoryNetwork, options: dict[str, Any]) -> None:
        """Takes the network of the nodes, and fields of `DaemonConfig` for each of them."""
        self.nodes: list[Node] = []
        self._network = network
        self._options = options
        began = time.time_ns() // 1_000_000 - round(trio.current_time() * 1000)
        self._wall_ms: Callable[[], int] = lambda: began + round(trio.current_time() * 1000)
        self._cut_off: set[str] = set()

    async def run(self, ending: AsyncExitStack) -> Node:
        """Starts one more node, which joins the others, and returns it.

        It leaves when `ending` is closed.
        """
        number = len(self.nodes) + 1
        config = DaemonConfig(
            bind=(f"{_SUBNET}.{number}", _PORT),
            join=tuple(node.id for node in self.nodes[:1]),
            discovery=False,
            **self._options,
        )
        node = await ending.enter_async_context(
            run_inside(config, Surroundings(self._network.bound, self._wall_ms, serves=False))
        )
        self.nodes.append(node)
        return node

    def cut_off(self, node: Node) -> None:
        """Loses all datagrams to and from a node, as a broken network or a crash does.

        The node itself runs on, and counts.
        """
        self._cut_off.add(node.id)
        self._network.cut_off(split_node_id(node.id))

    def heal(self) -> None:
        """Lets all nodes hear each other again."""
        self._cut_off.clear()
        self._network.heal()

    async def until(self, condition: Callable[[], object]) -> None:
        """Waits until `condition()` is true. It is asked every tenth of a second."""
        while not condition():
            await trio.sleep(_LOOK_SECONDS)

    async def settled(self) -> None:
        """Waits until all nodes that are not cut off hold each other for alive, and agree."""
        await self.until(self._is_settled)

    def _is_settled(self) -> bool:
        nodes = [node for node in self.nodes if node.id not in self._cut_off]
        expected = {(node.id, "alive") for node in nodes}
        gone = ("dead", "left")
        members = [
            {(each.id, each.state) for each in node.members() if each.state not in gone}
            for node in nodes
        ]
        counters = [node.counters(limit=_ALL) for node in nodes]
        return all(each == expected for each in members) and all(
            each == counters[0] for each in counters
        )


@asynccontextmanager
async def cluster(size: int, **options: Any) -> AsyncIterator[Cluster]:
    """Runs a cluster of nodes in memory for the length of the block, which know each other.

    It needs no port, leaves no file, and takes no time but trio's: with trio's mock clock, tests
    take a moment. Each node is closed at the end of the block. `options` are fields of
    `DaemonConfig` for all nodes, `profile="local"` for instance.
    """
    options = {"cluster": secrets.token_hex(8), **options}
    made = Cluster(MemoryNetwork(), options)
    async with AsyncExitStack() as ending:
        for _ in range(size):
            await made.run(ending)
        await made.settled()
        yield made
        made.heal()
