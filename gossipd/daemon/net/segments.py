"""The sockets of discovery: one on the discovery port of each network that the machine is in.

A segment is such a network. Networks come and go while the node runs, so they are looked up every
few seconds. Nothing that fails here keeps the node from serving: it is logged once for each network
and tried again.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Sequence

import trio

from gossipd.protocol import Address

from ..errors import reason
from ..log import get_logger
from .interfaces import broadcast_addresses
from .udp import BroadcastSocket

LOOK_SECONDS = 2.0
"""Seconds between two look-ups of the networks."""

_BATCH = 64

_KNOWN = {
    errno.EADDRINUSE: "this port is taken by another program, or is this node's own",
    errno.EADDRNOTAVAIL: "the interface is down or has no broadcast",
}

Hear = Callable[[Sequence[tuple[bytes, Address]]], None]
"""Takes datagrams that came by broadcast, each with its source."""


class Segment:
    """The socket of one network, and the task that listens on it.

    Attributes:
        host: this machine's address in the network.
        listening: whether there is such a task.
    """

    def __init__(self, socket: BroadcastSocket, host: str) -> None:
        """Takes the socket, and this machine's address in the network."""
        self.host = host
        self.listening = False
        self._socket = socket
        self._scope = trio.CancelScope()

    async def listen(self, hear: Hear) -> None:
        """Hands over what is received until `close` is called; then closes the socket.

        If the task is cancelled otherwise, the socket stays open for another one.
        """
        try:
            with trio.CancelScope() as self._scope:
                while True:
                    await self._socket.wait_readable()
                    hear(self._socket.receive(_BATCH))
            self._socket.close()
        finally:
            self.listening = False

    def broadcast(self, data: bytes) -> None:
        """Sends a datagram to the whole network. Raises OSError if it cannot go."""
        self._socket.broadcast(data)

    def close(self) -> None:
        """Ends the task, which closes the socket. Without a task, closes the socket itself."""
        if self.listening:
            self._scope.cancel()
        else:
            self._socket.close()


class Segments:
    """All networks in which nodes are looked for."""

    def __init__(self, bind_host: str, port: int) -> None:
        self._bind_host = bind_host
        self._port = port
        # By broadcast address.
        self._open: dict[str, Segment] = {}
        # What was logged last about each network that has a problem.
        self._troubles: dict[str, str] = {}

    def look(self) -> None:
        """Opens the sockets of new networks, and closes those of networks that are gone."""
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
        """Listens on all networks, and looks them up every few seconds, until it is cancelled.

        It may be called again then.
        """
        async with trio.open_nursery() as nursery:
            while True:
                for segment in self._open.values():
                    if not segment.listening:
                        segment.listening = True
                        nursery.start_soon(segment.listen, hear)
                await trio.sleep(LOOK_SECONDS)
                self.look()

    def broadcast(self, data: bytes) -> None:
        """Sends one datagram to every network. What fails is logged once."""
        self.broadcast_each(lambda _: [data])

    def broadcast_each(self, make: Callable[[str], Iterable[bytes]]) -> None:
        """Sends to every network what `make` returns for this machine's address there."""
        for address, segment in self._open.items():
            try:
                for data in make(segment.host):
                    segment.broadcast(data)
            except OSError as error:
                self._trouble(address, f"cannot broadcast: {reason(error, _KNOWN)}")
            else:
                self._troubles.pop(address, None)

    def close(self) -> None:
        """Closes the sockets. `run` must have ended."""
        while self._open:
            self._open.popitem()[1].close()

    def _join(self, network: str, address: str) -> None:
        try:
            socket = BroadcastSocket(address, self._port)
            self._open[address] = Segment(socket, network.partition("/")[0])
        except OSError as error:
            self._trouble(
                network, f"cannot listen on {address}:{self._port}: {reason(error, _KNOWN)}"
            )
        else:
            self._troubles.pop(network, None)

    def _trouble(self, network: str, text: str) -> None:
        if self._troubles.get(network) != text:
            self._troubles[network] = text
            get_logger().warning("discovery_off", network=network, reason=text)
