"""A network in memory, for nodes of one process: no socket, no port of this machine, no delay."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator

import trio

from gossipd.protocol import Address, format_node_id

from ..errors import StartError


class MemoryNetwork:
    """Carries datagrams between the endpoints that were opened in it."""

    def __init__(self) -> None:
        self._endpoints: dict[Address, MemoryEndpoint] = {}
        self._cut_off: set[Address] = set()

    @contextlib.contextmanager
    def bound(self, host: str, port: int) -> Iterator[MemoryEndpoint]:
        """Opens an endpoint, and closes it. Raises StartError if there is one at that address."""
        address = (host, port)
        if address in self._endpoints:
            raise StartError(f"another node of this network is at {format_node_id(host, port)}")
        endpoint = self._endpoints[address] = MemoryEndpoint(self, address)
        try:
            yield endpoint
        finally:
            del self._endpoints[address]

    def cut_off(self, address: Address) -> None:
        """Loses all that goes to an address or comes from it, until `heal`."""
        self._cut_off.add(address)

    def heal(self) -> None:
        """Loses nothing from now on."""
        self._cut_off.clear()

    def carry(self, data: bytes, source: Address, to: Address) -> None:
        """Brings a datagram to its target, or loses it if nobody is there or one is cut off."""
        endpoint = self._endpoints.get(to)
        if endpoint is not None and not self._cut_off & {source, to}:
            endpoint.arrive(data, source)


class MemoryEndpoint:
    """A node's end of the network, as a driver uses its socket."""

    def __init__(self, network: MemoryNetwork, address: Address) -> None:
        self._network = network
        self._address = address
        self._waiting: deque[tuple[bytes, Address]] = deque()
        self._arrived = trio.Event()

    def arrive(self, data: bytes, source: Address) -> None:
        """Takes a datagram."""
        self._waiting.append((data, source))
        self._arrived.set()

    async def wait_readable(self) -> None:
        """Waits until there is something to receive."""
        await self._arrived.wait()

    def receive(self, limit: int) -> list[tuple[bytes, Address]]:
        """Returns up to `limit` waiting datagrams with their sources."""
        count = min(limit, len(self._waiting))
        taken = [self._waiting.popleft() for _ in range(count)]
        if not self._waiting:
            self._arrived = trio.Event()
        return taken

    def refusals(self) -> list[tuple[bytes, Address]]:
        """Returns nothing: a datagram to nobody is lost."""
        return []

    def send(self, data: bytes, to: Address) -> None:
        """Sends one datagram."""
        self._network.carry(data, self._address, to)
