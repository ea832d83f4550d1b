"""Nodes that begin as members of one cluster, in which every node knows every other one.

This gives a cluster that has been up for a while, without the cost of simulating its start.
"""

from __future__ import annotations

from random import Random

from gossipd.protocol import ALIVE, Claim, Identity, Node, ProtocolConfig, State

from .clock import WALL_CLOCK_MS
from .naming import node_id_of


class JoinedNodes:
    """A node factory: at its first start each node knows all `nodes` nodes to be alive.

    Later starts of a node are as usual: the node knows what its machine kept.
    """

    def __init__(self, nodes: int) -> None:
        self._claims = [
            Claim(node_id_of(number), WALL_CLOCK_MS, 0, ALIVE) for number in range(nodes)
        ]
        self._started: set[str] = set()

    def __call__(
        self,
        config: ProtocolConfig,
        identity: Identity,
        *,
        state: State | None,
        rng: Random,
        now: float,
    ) -> Node:
        node = Node(config, identity, state=state, rng=rng, now=now)
        if identity.node_id not in self._started:
            self._started.add(identity.node_id)
            node.assume(self._claims)
        return node
