"""Non-blocking UDP sockets, which are read until they are empty.

No task and no thread is started for a datagram.
"""

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
        unsent: number of datagrams that the kernel did not take. They are lost, as on a network.
    """

    def __init__(self, host: str, port: int, options: Sequence[int] = ()) -> None:
        """Binds to an IP address, with these socket options on. Raises OSError if that fails."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self.unsent = 0
        try:
            self._socket.setblocking(False)
            # Datagrams wait here while the process is paused. The kernel may grant less.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            for option in options:
                self._socket.setsockopt(socket.SOL_SOCKET, option, 1)
            self._socket.bind((host, port))
        except BaseException:
            self._socket.close()
            raise

    async def wait_readable(self) -> None:
        """Waits until there is something to receive."""
        await trio.lowlevel.wait_readable(self._socket)

    def receive(self, limit: int) -> list[tuple[bytes, Address]]:
        """Returns up to `limit` waiting datagrams with their sources.

        If there are fewer, no more wait, or an error was received in place of a datagram. In the
        second case the socket stays readable, and the next call returns the rest.
        """
        received: list[tuple[bytes, Address]] = []
        take = self._socket.recvfrom
        for _ in range(limit):
            try:
                data, source = take(_LARGEST)
            except BlockingIOError:
                break
            except OSError:
                # Another machine refused an earlier datagram. The socket itself works as before.
                continue
            received.append((data, (source[0], source[1])))
        return received

    def send(self, data: bytes, to: Address) -> None:
        """Sends a datagram at once, or drops it if the kernel does not take it."""
        try:
            self._socket.sendto(data, to)
        except OSError:
            self.unsent += 1

    def close(self) -> None:
        """Closes the socket. No task may be waiting for it."""
        self._socket.close()


class BroadcastSocket(UdpSocket):
    """A socket that is bound to a broadcast address: it receives from there and sends there.

    Several nodes of one machine may each have such a socket, and each receives everything. A socket
    that is bound to a usual address would receive no broadcasts, and one that is bound to the
    wildcard would also receive those of other networks.
    """

    def __init__(self, address: str, port: int) -> None:
        """Binds to an IPv4 broadcast address of this machine. Raises OSError if that fails."""
        # SO_DONTROUTE: once a network is gone, a datagram to its broadcast address would be sent to
        # a router, as a usual one.
        super().__init__(
            address, port, (socket.SO_REUSEADDR, socket.SO_BROADCAST, socket.SO_DONTROUTE)
        )
        self._to = (address, port)

    def broadcast(self, data: bytes) -> None:
        """Sends a datagram at once, or drops it if the buffer is full. Raises OSError."""
        with contextlib.suppress(BlockingIOError):
            self._socket.sendto(data, self._to)
