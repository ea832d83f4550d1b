"""A cluster under a virtual clock: machines with nodes, a network, a resolver and a log.

A run follows from its seed and its script alone: every generator is seeded with text, and nothing
depends on the order of a set or on the machine's time. `Faults` and `Commands` do something to the
nodes of a world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import Any

from gossipd.protocol import Address, Identity, Node, ProtocolConfig

from .carrier import Carrier
from .clock import Clock
from .disk import Disk
from .host import Host
from .interface import DrivenNode, NodeFactory
from .log import Log
from .naming import Reference, id_of
from .network import Network
from .process import Surroundings
from .request import Request
from .resolver import Resolver


class World:
    """Machines on a network, under one clock.

    Observers add themselves to the lists `on_…` here and in `log`.

    Args:
        seed: the run follows from it.
        config: of every node that `add` is given none for.
        factory: makes the nodes.
        names: addresses by host name, for the resolver.
        broadcasts: whether all machines are on one segment, which a broadcast reaches.

    Attributes:
        clock, network, carrier, resolver, log: shared by all machines.
        hosts: by node id, in the order in which they were added.
        on_reading: called with (time, source, target, data) as a node is handed a datagram.
        on_step: called with a host after each input of its node.
        on_ask: called with a request as its node is about to be given it.
        on_tell: called with (host, "register" or "remove", peer) as its node is about to be told.
    """

    def __init__(
        self,
        seed: int | str,
        *,
        config: Any = None,
        network: Network | None = None,
        log: Log | None = None,
        factory: NodeFactory = Node,
        names: Mapping[str, Sequence[str]] | None = None,
        broadcasts: bool = False,
    ) -> None:
        self.seed = seed
        self.clock = clock = Clock()
        self.network = network or Network(Random(f"{seed}/network"))
        self.log = log or Log()
        self.carrier = Carrier(clock, self.network, broadcasts=broadcasts)
        self.hosts: dict[str, Host] = {}
        self.on_reading: list[Callable[[float, Address, Address, bytes], None]] = []
        self.on_step: list[Callable[[Host], None]] = []
        self.on_ask: list[Callable[[Request], None]] = []
        self.on_tell: list[Callable[[Host, str, str], None]] = []
        self._config = ProtocolConfig() if config is None else config
        self._factory = factory
        self._rng = Random(f"{seed}/world")
        self.resolver = Resolver(clock, self._rng, names)
        self._around = Surroundings(clock, self.carrier, self.resolver, self.log, self.on_reading)

    # Machines

    def add(
        self,
        node: Reference | None = None,
        *,
        seeds: Iterable[Reference] = (),
        start: bool | float = True,
        config: Any = None,
        kept: Any = None,
        sync_interval: float | None = None,
    ) -> Host:
        """Adds a machine and returns it.

        Args:
            node: its id or index; None takes the next index.
            seeds: given to `join` at every start of its node.
            start: when to start the node: now, at a time, or (False) not yet.
            config: for this node instead of the world's.
            kept: the state that the first process starts from; None: an empty disk.
            sync_interval: see `Disk`.

        Raises ValueError if there is a node with this id.
        """
        node_id = id_of(len(self.hosts) if node is None else node)
        if node_id in self.hosts:
            raise ValueError(f"{node_id} exists")
        self.hosts[node_id] = host = Host(
            node_id,
            self._around,
            Disk(sync_interval),
            Random(f"{self.seed}/{node_id}/host"),
            config=self._config if config is None else config,
            seeds=[id_of(seed) for seed in seeds],
            kept=kept,
            on_step=self.on_step,
        )
        if start is True:
            self.start(node_id)
        elif start is not False:
            self.clock.at(start, self.start, node_id)
        return host

    def host(self, node: Reference) -> Host:
        """Returns the machine of a node. Raises KeyError if there is none."""
        return self.hosts[id_of(node)]

    def node(self, node: Reference) -> DrivenNode:
        """Returns a running node, for its getters. Raises ValueError if it does not run."""
        return self.host(node).running()

    def live(self) -> list[Host]:
        """Returns the machines whose process runs, without those whose process is paused."""
        return [host for host in self.hosts.values() if host.node is not None and not host.paused]

    def unanswered(self) -> list[Request]:
        """Returns the requests that have no answer although their process still runs."""
        return [
            request
            for request in self.log.requests
            if request.answer is None
            and request.refused is None
            and request.boot == self.hosts[request.node].boots
            and self.hosts[request.node].node is not None
        ]

    def addresses(self, nodes: Iterable[Reference]) -> list[Address]:
        """Returns the addresses of these nodes, as `Network` takes them."""
        return [self.host(node).address for node in nodes]

    def start(self, node: Reference, state: Any = None) -> None:
        """Starts a node from `state`, or without that from what its machine kept.

        Raises ValueError if the node runs.
        """
        host = self.host(node)
        if host.node is not None:
            raise ValueError(f"{host.id} is running")
        identity = Identity(host.id, self._rng.getrandbits(32), host.wall_ms)
        rng = Random(f"{self.seed}/{host.id}/{host.boots + 1}")
        state = host.kept if state is None else state
        made = self._factory(host.config, identity, state=state, rng=rng, now=self.now)
        host.boot(made, rng)

    def move(self, node: Reference, to: Reference) -> None:
        """Gives a machine the address of another id, which its node goes on under.

        Nobody has the old address any more. Raises ValueError if there is a node with the new id.
        """
        host, node_id = self.host(node), id_of(to)
        if node_id in self.hosts:
            raise ValueError(f"{node_id} exists")
        self.hosts[node_id] = self.hosts.pop(host.id)
        host.move(node_id)

    # Time

    @property
    def now(self) -> float:
        """Virtual time in seconds."""
        return self.clock.now

    def at(self, time: float, call: Callable[..., Any], *arguments: Any) -> None:
        """Schedules `call(*arguments)` at a time."""
        self.clock.at(time, call, *arguments)

    def run(self, seconds: float) -> None:
        """Lets time pass."""
        self.clock.advance(self.clock.now + seconds)

    def run_until(self, predicate: Callable[[], bool], within: float, every: float = 0.05) -> bool:
        """Lets time pass until `predicate()`, which is asked each `every` seconds, holds.

        Returns whether it held in time.
        """
        end = self.clock.now + within
        while not predicate():
            if self.clock.now >= end:
                return False
            self.clock.advance(min(end, self.clock.now + every))
        return True
