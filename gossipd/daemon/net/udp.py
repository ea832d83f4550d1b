"""The UDP sockets: non-blocking, read until they are empty; no task or thread per datagram."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence

import trio

from gossipd.protocol import Address

_LARGEST = 2048
_BUFFER_BYTES = 1 << 20


class UdpSocket:
    """One bound UDP socket.

    Attributes:
        unsent: datagrams that the kernel did not take; they are lost, as on a network.
    """

    def __init__(self, host: str, port: int, options: Sequence[int] = ()) -> None:
        """Binds to an IP address, with these socket options on. Raises OSError if it cannot."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self.unsent = 0
        try:
            self._socket.setblocking(False)
            # A paused process finds what was sent to it meanwhile; the kernel may grant less.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            for option in options:
                self._socket.setsockopt(socket.SOL_SOCKET, option, 1)
            self._socket.bind((host, port))
        except BaseException:
            self._socket.close()
            raise

    async def wait_readable(self) -> None:
        """Returns once there is something to receive."""
        await trio.lowlevel.wait_readable(self._socket)

    def receive(self, limit: int) -> list[tuple[bytes, Address]]:
        """Up to `limit` datagrams that wait, with their sources.

        Fewer mean that no more wait, or that errors took their turn: the next wake-up has the rest.
        """
        received: list[tuple[bytes, Address]] = []
        take = self._socket.recvfrom
        for _ in range(limit):
            try:
                data, source = take(_LARGEST)
            except BlockingIOError:
                break
            except OSError:
                # An earlier datagram was refused somewhere; this socket is as good as before.
                continue
            received.append((data, (source[0], source[1])))
        return received

    def send(self, data: bytes, to: Address) -> None:
        """Sends at once, or loses the datagram."""
        try:
            self._socket.sendto(data, to)
        except OSError:
            self.unsent += 1

    def close(self) -> None:
        """Closes the socket; nobody may wait on it."""
        self._socket.close()


class BroadcastSocket(UdpSocket):
    """A socket bound to a broadcast address, which hears what is sent there, and sends there.

    Several nodes of a machine may each have one, and each gets all of it. Bound to a usual address
    a socket would hear no broadcasts, and bound to the wildcard one those of other networks as
    well.
    """

    def __init__(self, address: str, port: int) -> None:
        """Binds to an IPv4 broadcast address of this machine. Raises OSError if it cannot."""
        # Without a route, so that a broadcast of a network that is gone does not become a usual
        # datagram to a router.
        super().__init__(
            address, port, (socket.SO_REUSEADDR, socket.SO_BROADCAST, socket.SO_DONTROUTE)
        )
        self._to = (address, port)

    def broadcast(self, data: bytes) -> None:
        """Sends at once, or loses it if there is no room for it. Raises OSError if it cannot go."""
        with contextlib.suppress(BlockingIOError):
            self._socket.sendto(data, self._to)
