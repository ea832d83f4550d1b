"""The sockets of discovery: one on the discovery port of each network that the node is in.

Networks come and go while the node runs, so they are looked for again and again. None of what can
go wrong keeps the node from serving: it is told once, and tried again.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence

import structlog
import trio

from gossipd.protocol import Address

from .interfaces import broadcast_addresses
from .udp import BroadcastSocket

LOOK_SECONDS = 2.0
"""How long a network that appears may wait for being looked at."""

_BATCH = 64

Hear = Callable[[Sequence[tuple[bytes, Address]]], None]


class Segment:
    """One network's socket, and the task that listens on it."""

    def __init__(self, socket: BroadcastSocket) -> None:
        self._socket = socket
        self._scope = trio.CancelScope()
        self.listening = False

    async def listen(self, hear: Hear) -> None:
        """Hands over what comes until `close`."""
        try:
            with self._scope:
                while True:
                    await self._socket.wait_readable()
                    hear(self._socket.receive(_BATCH))
        finally:
            self._socket.close()

    def broadcast(self, data: bytes) -> None:
        """Sends to all of the network. Raises OSError."""
        self._socket.broadcast(data)

    def close(self) -> None:
        """Ends the task, which closes the socket, or closes it if there is none."""
        if self.listening:
            self._scope.cancel()
        else:
            self._socket.close()


class Segments:
    """The networks in which nodes are looked for, by broadcast address."""

    def __init__(self, bind_host: str, port: int) -> None:
        self._bind_host = bind_host
        self._port = port
        self._open: dict[str, Segment] = {}
        # What was told of which network, so that it is told once as long as it lasts.
        self._troubles: dict[str, str] = {}

    def look(self) -> None:
        """Opens the sockets of networks that are there now, and closes those of others."""
        networks = broadcast_addresses(self._bind_host)
        for network, address in networks.items():
            if address is None:
                self._trouble(network, "this network has no broadcast address")
            elif address not in self._open:
                self._join(network, address)
        for address in [*self._open]:
            if address not in networks.values():
                self._open.pop(address).close()
        for network in [*self._troubles]:
            if network not in networks and network not in networks.values():
                del self._troubles[network]

    async def run(self, hear: Hear) -> None:
        """Listens, and looks for networks every few seconds, until it is cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                for segment in self._open.values():
                    if not segment.listening:
                        segment.listening = True
                        nursery.start_soon(segment.listen, hear)
                await trio.sleep(LOOK_SECONDS)
                self.look()

    def broadcast(self, data: bytes) -> None:
        """Sends one datagram to every network; what fails is told once."""
        for address, segment in self._open.items():
            try:
                segment.broadcast(data)
            except OSError as error:
                self._trouble(address, f"cannot broadcast: {_reason(error)}")
            else:
                self._troubles.pop(address, None)

    def close(self) -> None:
        """Closes the sockets; nobody may listen any more."""
        while self._open:
            self._open.popitem()[1].close()

    def _join(self, network: str, address: str) -> None:
        try:
            self._open[address] = Segment(BroadcastSocket(address, self._port))
        except OSError as error:
            self._trouble(network, f"cannot listen on {address}:{self._port}: {_reason(error)}")
        else:
            self._troubles.pop(network, None)

    def _trouble(self, network: str, reason: str) -> None:
        if self._troubles.get(network) != reason:
            self._troubles[network] = reason
            structlog.get_logger().warning("discovery_off", network=network, reason=reason)


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "this port is taken by another program, or is this node's own"
    if error.errno == errno.EADDRNOTAVAIL:
        return "the interface is down or has no broadcast"
    return os.strerror(error.errno) if error.errno else str(error)
