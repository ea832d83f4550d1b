"""A cluster under a virtual clock: machines with nodes, a network, a resolver and a record.

A run follows from its seed and its script alone: every generator is seeded with text, nothing
depends on the order of a set or on the machine's time. Nodes are named by their id or by an index
from 0, which stands for the address 10.x.y.z with that number plus one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import ip_address
from random import Random
from typing import Any

from gossipd.protocol import Address, Answer, Identity, LeaveDone, Node, ProtocolConfig, Resolve

from .clock import Clock
from .host import Host
from .interface import DrivenNode, NodeFactory
from .network import Delay, FixedDelay, Network
from .record import Befell, Observed, Record, Request

WALL_CLOCK_MS = 1_700_000_000_000
"""What a wall clock without offset shows when virtual time begins, in milliseconds since 1970."""

RESOLVE_DELAY = FixedDelay(0.005)
"""What a resolver near by takes."""

DISCOVERY_PORT = 7000
"""Where broadcasts come from."""

Reference = str | int


def node_id_of(index: int) -> str:
    """The id of the node with this index, from 0: 10.0.0.1:8088 and so on."""
    number = index + 1
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:8088"


def address_of(node_id: str) -> Address:
    """The address that a canonical node id names."""
    host, _, port = node_id.rpartition(":")
    return host.strip("[]"), int(port)


class Cluster(Record):
    """Nodes on a network, under one clock.

    Attributes:
        clock, network: shared by all.
        hosts: by node id, in the order of their adding.
        names: addresses by host name, for `Resolve`; changed at will.
        resolve_delay: from a `Resolve` to its answer.
        broadcasts: whether all machines are on one segment, which a broadcast reaches; else it
            reaches nobody.
        on_reading: called with (time, source, target, data) as a node is handed a datagram.
        on_ask: called with a request as its node is about to be given it.
        on_tell: called with (host, "register" or "remove", peer) as its node is about to be told.
        on_answered: called with a request as its node answers it.
        on_step: called with a host after each of its inputs.
    """

    def __init__(
        self,
        seed: int | str,
        *,
        config: Any = None,
        network: Network | None = None,
        factory: NodeFactory = Node,
        names: Mapping[str, Sequence[str]] | None = None,
        resolve_delay: Delay = RESOLVE_DELAY,
        broadcasts: bool = False,
    ) -> None:
        super().__init__()
        self.seed = seed
        self.clock = Clock()
        self.network = network or Network(Random(f"{seed}/network"))
        self.hosts: dict[str, Host] = {}
        self.names: dict[str, Sequence[str]] = dict(names or {})
        self.resolve_delay = resolve_delay
        self.broadcasts = broadcasts
        self.on_reading: list[Callable[[float, Address, Address, bytes], None]] = []
        self.on_ask: list[Callable[[Request], None]] = []
        self.on_tell: list[Callable[[Host, str, str], None]] = []
        self.on_answered: list[Callable[[Request], None]] = []
        self.on_step: list[Callable[[Host], None]] = []
        self._config = ProtocolConfig() if config is None else config
        self._factory = factory
        self._rng = Random(f"{seed}/world")
        self._by_address: dict[Address, Host] = {}

    # Nodes

    def add(
        self,
        node: Reference | None = None,
        *,
        seeds: Iterable[Reference] = (),
        start: bool | float = True,
        config: Any = None,
    ) -> Host:
        """Add a machine; start its node now, at a time, or (False) not yet.

        Args:
            node: id or index; None takes the next index.
            seeds: given to `join` at every start; indices stand for ids.
            config: for this node instead of the world's.
        """
        node_id = self.id_of(len(self.hosts) if node is None else node)
        if node_id in self.hosts:
            raise ValueError(f"{node_id} exists")
        host = Host(self, node_id, address_of(node_id), Random(f"{self.seed}/{node_id}/host"))
        host.config = self._config if config is None else config
        host.seeds = [self.id_of(seed) for seed in seeds]
        self.hosts[node_id] = host
        self._by_address[host.address] = host
        if start is True:
            self.start(node_id)
        elif start is not False:
            self.clock.at(start, self.start, node_id)
        return host

    def id_of(self, node: Reference) -> str:
        """The id of the node with this index; ids stay as they are."""
        return node if isinstance(node, str) else node_id_of(node)

    def host(self, node: Reference) -> Host:
        """The machine of a node; KeyError if there is none."""
        return self.hosts[self.id_of(node)]

    def node(self, node: Reference) -> DrivenNode:
        """The running node itself, for its getters; ValueError if it does not run."""
        return self.host(node).running()

    def rename(self, host: Host, node_id: str) -> None:
        """From now on the machine has that id and its address."""
        del self.hosts[host.id], self._by_address[host.address]
        host.id, host.address = node_id, address_of(node_id)
        self.hosts[node_id] = self._by_address[host.address] = host

    def live(self) -> list[Host]:
        """The machines whose process runs, paused ones left out."""
        return [host for host in self.hosts.values() if host.node is not None and not host.paused]

    def addresses(self, nodes: Iterable[Reference]) -> list[Address]:
        """The addresses of these nodes, as `Network` takes them."""
        return [self.host(node).address for node in nodes]

    def start(self, node: Reference, state: Any = None) -> None:
        """Start a node that does not run, from `state` or else from what its machine kept."""
        host = self.host(node)
        if host.node is not None:
            raise ValueError(f"{host.id} is running")
        boot = host.boots + 1
        wall_ms = WALL_CLOCK_MS + int((self.now + host.clock_offset) * 1000)
        identity = Identity(host.id, self._rng.getrandbits(32), wall_ms)
        host.rng = Random(f"{self.seed}/{host.id}/{boot}")
        made = self._factory(
            host.config,
            identity,
            state=host.kept if state is None else state,
            rng=host.rng,
            now=self.now,
        )
        self.note(Observed(self.now, host.id, boot, Befell("started")))
        host.boot(made)

    # Time

    @property
    def now(self) -> float:
        """Virtual time in seconds."""
        return self.clock.now

    def at(self, time: float, call: Callable[..., Any], *arguments: Any) -> None:
        """Call `call(*arguments)` at a time."""
        self.clock.at(time, call, *arguments)

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(self.clock.now + seconds)

    def run_until(self, predicate: Callable[[], bool], within: float, every: float = 0.05) -> bool:
        """Let time pass until `predicate()`, asked each `every` seconds; False if it never is."""
        end = self.clock.now + within
        while not predicate():
            if self.clock.now >= end:
                return False
            self.clock.advance(min(end, self.clock.now + every))
        return True

    # What hosts ask of their surroundings

    def transmit(self, host: Host, data: bytes, to: Address) -> None:
        """Send one datagram."""
        clock = self.clock
        for delay in self.network.send(data, host.address, to, clock.now):
            clock.at(clock.now + delay, self.deliver, data, host.address, to)

    def broadcast(self, host: Host, data: bytes) -> None:
        """Send a datagram to every machine, the sender's own as well, if broadcasts reach anybody.

        Each copy is lost or late by itself. It comes from the discovery port, as a daemon's does.
        """
        if self.broadcasts:
            clock, source = self.clock, (host.address[0], DISCOVERY_PORT)
            for target in [other.address for other in self.hosts.values()]:
                for delay in self.network.send(data, host.address, target, clock.now):
                    clock.at(clock.now + delay, self.deliver, data, source, target)

    def resolve(self, host: Host, resolve: Resolve) -> None:
        """Answer with every address of the name, after a delay; an IP address is its own."""
        try:
            found: Sequence[str] = [str(ip_address(resolve.host.strip("[]")))]
        except ValueError:
            found = self.names.get(resolve.host, ())
        addresses = [(address, resolve.port) for address in found]
        time = self.now + self.resolve_delay.draw(self._rng)
        self.clock.at(time, host.resolved, resolve.ticket, addresses, host.boots)

    def note_event(self, host: Host, event: Any) -> None:
        """Log what a node reports."""
        self.note(Observed(self.now, host.id, host.boots, event))
        if isinstance(event, LeaveDone):
            self.clock.at(self.now, self.end, host, host.boots)

    def answer(self, host: Host, answer: Answer) -> None:
        """Record an answer and tell whoever asked."""
        if host.set_back and self.requests[answer.ticket - 1].boot < host.boots:
            return
        request = self.answered(answer, self.now)
        assert (request.node, request.boot) == (host.id, host.boots), f"not asked here: {answer}"
        for call in self.on_answered:
            call(request)
        if request.on_answer is not None:
            self.clock.at(self.now, request.on_answer, request)

    def reading(self, host: Host, data: bytes, source: Address) -> None:
        """A node is about to be handed a datagram."""
        for call in self.on_reading:
            call(self.now, source, host.address, data)

    def stepped(self, host: Host) -> None:
        """A node has handled one input."""
        for call in self.on_step:
            call(host)

    def deliver(self, data: bytes, source: Address, to: Address) -> None:
        """Let a datagram arrive now, sent by a node or by anybody else."""
        host = self._by_address.get(to)
        if host is None or host.node is None:
            self.network.vanished += 1
        elif host.arrive(data, source):
            self.network.receive(data, to)
        else:
            self.network.overflowed += 1

    def befall(self, host: Host, what: str) -> None:
        """Log what is done to a node."""
        self.note(Observed(self.now, host.id, host.boots, Befell(what)))

    def end(self, host: Host, boot: int) -> None:
        """End this process of a machine in good order, if it still runs."""
        if host.boots == boot and host.node is not None:
            host.kept = host.node.state()
            host.stop()
            self.befall(host, "left")
