"""The id of the daemon's node: as configured, or found before the start and again while it runs.

The evidence for an address is collected here; `OwnAddress` weighs it. Before the start, seeds that
are names are looked up, and if no seed decides, a scout asks all networks where nodes of the
cluster are. While the node runs, it hears beacons, its seeds are looked up again, and interfaces
and routes are read every 2 s.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import trio

from gossipd.protocol import (
    SCOUTING,
    Address,
    Event,
    Identity,
    MemberJoined,
    Scout,
    format_node_id,
    is_address,
    split_node_id,
)
from gossipd.version import __version__

from .config import DaemonConfig
from .driver import Endpoint, LookUp
from .errors import StartError
from .log import get_logger
from .net import Evidence, Hear, OwnAddress, Segments, is_wildcard

_LOOK_SECONDS = 2.0
_NAME_SECONDS = 2.0
_SCOUT_SECONDS = 3.0
# The node could start with the address of the default route, so it does not wait long for better.
_SCOUT_BRIEFLY = 0.5
_BATCH = 64


class Gate(Protocol):
    """Seals what goes to all networks, and opens what comes, as `sealing.Gate` does."""

    def broadcast(self, data: bytes) -> list[bytes]:
        """Returns the forms in which a datagram goes to a whole network."""

    def peek(self, data: bytes, source: Address) -> bytes | None:
        """Returns a datagram in its open form, or None if it is not to be taken."""


class OwnId:
    """The id of one node."""

    def __init__(
        self,
        config: DaemonConfig,
        bind_host: str,
        advertised: str | None,
        generation: int,
        look_up: LookUp,
        gate: Gate | None = None,
    ) -> None:
        """Makes the id of a node that is bound to `bind_host`.

        Args:
            advertised: the configured id, None if there is none.
            generation: the generation of the node's last run, 0 if there was none.
            look_up: the resolver.
            gate: seals and opens what goes to all networks; None leaves it open.
        """
        self._join = [split_node_id(contact) for contact in config.join]
        self._port = config.bind[1]
        self._configured = advertised or format_node_id(bind_host, self._port)
        self._nonce, self._wall_ms = secrets.randbits(32), time.time_ns() // 1_000_000
        self._scout = Scout(config.cluster, self._nonce, max(self._wall_ms, generation + 1))
        self._look_up = look_up
        self._gate = gate
        self._address: OwnAddress | None = None
        if advertised is None and is_wildcard(bind_host):
            self._address = OwnAddress(bind_host)
        self._move: Callable[[str], None] = _nowhere

    async def find(self, endpoint: Endpoint, segments: Segments | None) -> Identity:
        """Returns the identity with which the node is to start.

        The sockets are those of the node, which must not read them yet. Raises StartError if the
        machine has several addresses and nothing tells which of them it is.
        """
        node_id = self._configured
        if self._address is not None:
            await self._search(self._address, endpoint, segments)
            node_id = format_node_id(self._address.host, self._port)
        return Identity(node_id, self._nonce, self._wall_ms, __version__)

    def follow(self, move: Callable[[str], None]) -> None:
        """Has `move` called with another id whenever the node is to go on under that one."""
        self._move = move

    async def run(self) -> None:
        """Reads the interfaces and routes every two seconds, until it is cancelled."""
        while self._address is not None:
            await trio.sleep(_LOOK_SECONDS)
            self._follow(self._address.look())

    async def look_up(self, host: str, port: int) -> list[Address]:
        """Looks up a contact's name; takes a seed's addresses as evidence before it returns."""
        addresses = await self._look_up(host, port)
        if self._address is not None and (host, port) in self._join:
            self._follow(self._address.seeds(address for address, _ in addresses))
        return addresses

    def before(self, hear: Hear) -> Hear:
        """Returns what takes datagrams that came by broadcast as evidence, and then calls `hear`.

        So the node answers them under the right id.
        """

        def both(datagrams: Sequence[tuple[bytes, Address]]) -> None:
            self.hear(datagrams)
            hear(datagrams)

        return both

    def hear(self, datagrams: Sequence[tuple[bytes, Address]]) -> None:
        """Takes beacons of other processes, and answers to beacons, as evidence."""
        for data, source in datagrams:
            if self._address is None or self._address.evidence >= Evidence.BEACON:
                return
            opened = data if self._gate is None else self._gate.peek(data, source)
            if opened is not None and self._scout.recognizes(opened):
                self._follow(self._address.beacon(source[0]))

    def notice(self, event: Event) -> None:
        """Takes note of a member that was met."""
        if self._address is not None and isinstance(event, MemberJoined):
            self._address.met()

    def _follow(self, changed: bool) -> None:
        if changed and self._address is not None:
            self._move(format_node_id(self._address.host, self._port))

    async def _search(
        self, address: OwnAddress, endpoint: Endpoint, segments: Segments | None
    ) -> None:
        address.seeds(host for host, _ in self._join if is_address(host))
        if address.undecided():
            await self._ask_resolver()
        if segments is not None and address.undecided():
            await self._ask_networks(address, endpoint, segments)
        if address.evidence is Evidence.NONE:
            _check_alone(address)

    async def _ask_resolver(self) -> None:
        with trio.move_on_after(_NAME_SECONDS):
            async with trio.open_nursery() as nursery:
                for host, port in self._join:
                    if not is_address(host):
                        nursery.start_soon(self.look_up, host, port)

    async def _ask_networks(
        self, address: OwnAddress, endpoint: Endpoint, segments: Segments
    ) -> None:
        """Sends beacons into all networks until one is answered, or another's beacon comes."""

        def hear(datagrams: Sequence[tuple[bytes, Address]]) -> None:
            self.hear(datagrams)
            if address.evidence >= Evidence.BEACON:
                nursery.cancel_scope.cancel()

        async def read_answers() -> None:
            while True:
                await endpoint.wait_readable()
                hear(endpoint.receive(_BATCH))

        known = address.evidence is Evidence.DEFAULT_ROUTE
        with trio.move_on_after(_SCOUT_BRIEFLY if known else _SCOUT_SECONDS):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(segments.run, hear)
                nursery.start_soon(read_answers)
                for wait in SCOUTING:
                    await trio.sleep(wait)
                    segments.broadcast_each(self._beacon)
                await trio.sleep_forever()

    def _beacon(self, host: str) -> list[bytes]:
        beacon = self._scout.beacon(format_node_id(host, self._port))
        return [beacon] if self._gate is None else self._gate.broadcast(beacon)


def _check_alone(address: OwnAddress) -> None:
    """Raises StartError if the machine has several addresses, and warns if it has none."""
    several = address.undecided()
    if several:
        listed = ", ".join(f"{host} ({name})" for host, name in several.items())
        raise StartError(
            f"this machine has several addresses, and nothing tells by which of them other nodes"
            f" reach it: {listed}; choose one with --advertise"
        )
    text = f"no network interface: advertising {address.host}, which no other machine reaches"
    get_logger().warning("advertised_address", reason=text)


def _nowhere(_: str) -> None:
    """Is called before the node runs, when there is nothing to move yet."""
