"""Non-blocking UDP sockets, which are read until they are empty.

No task and no thread is started for a datagram.

On Linux a socket is asked for what became of its datagrams (`IP_RECVERR`): a machine on which no
process has the port answers "port unreachable", and the kernel then hands over the address and the
first bytes of the datagram. Elsewhere only connected sockets hear of that, and nothing is reported.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import sys
from collections.abc import Sequence

import trio

from gossipd.protocol import Address

_LARGEST = 2048
_BUFFER_BYTES = 1 << 20
_REFUSALS = 64
"""Refusals read in one go."""

# Of linux/in.h, linux/in6.h and linux/errqueue.h, which Python does not name.
_IP_RECVERR = 11
_IPV6_RECVERR = 25
_LEVELS = {
    (socket.IPPROTO_IP, _IP_RECVERR),
    (socket.IPPROTO_IPV6, _IPV6_RECVERR),
}
_FROM_NETWORK = (2, 3)
"""The origins of errors that an ICMP or an ICMPv6 message brought."""

_ERROR = struct.Struct("=IB")
"""The beginning of `sock_extended_err`: error number and origin."""

_ANCILLARY_BYTES = 256


class UdpSocket:
    """One bound UDP socket.

    Attributes:
        unsent: number of datagrams that the kernel did not take. They are lost, as on a network.
    """

    def __init__(
        self, host: str, port: int, options: Sequence[int] = (), *, refusals: bool = True
    ) -> None:
        """Binds to an IP address, with these socket options on. Raises OSError if that fails.

        `refusals` says whether to ask for refusals, where the system tells of them.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self.unsent = 0
        # Whether the kernel may have an error to tell of.
        self._erred = False
        self._refusals = refusals and sys.platform == "linux"
        try:
            self._socket.setblocking(False)
            # Datagrams wait here while the process is paused. The kernel may grant less.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            for option in options:
                self._socket.setsockopt(socket.SOL_SOCKET, option, 1)
            if self._refusals and family == socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
            elif self._refusals:
                self._socket.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
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
                # Readable, and yet nothing to read: there may be an error.
                self._erred = self._erred or not received
                break
            except OSError:
                # Another machine refused an earlier datagram. The socket itself works as before.
                self._erred = True
                continue
            received.append((data, (source[0], source[1])))
        return received

    def refusals(self) -> list[tuple[bytes, Address]]:
        """Returns the refusals that wait: the first bytes of each datagram, and where it went.

        Other errors that wait are dropped. If there are more than some, the socket stays readable.
        """
        found: list[tuple[bytes, Address]] = []
        if not self._refusals or not self._erred:
            return found
        for _ in range(_REFUSALS):
            try:
                quoted, errors, _, to = self._socket.recvmsg(
                    _LARGEST, _ANCILLARY_BYTES, socket.MSG_ERRQUEUE
                )
            except OSError:
                self._erred = False
                break
            if any(_is_refusal(*each) for each in errors):
                found.append((quoted, (to[0], to[1])))
        return found

    def send(self, data: bytes, to: Address) -> None:
        """Sends a datagram at once, or drops it if the kernel does not take it.

        The kernel reports an error of an earlier datagram, which was refused for instance, in place
        of sending this one. Then it is tried again.
        """
        try:
            try:
                self._socket.sendto(data, to)
            except BlockingIOError:
                raise
            except OSError:
                self._erred = True
                self._socket.sendto(data, to)
        except OSError:
            self.unsent += 1

    def close(self) -> None:
        """Closes the socket. No task may be waiting for it."""
        self._socket.close()


def _is_refusal(level: int, kind: int, error: bytes) -> bool:
    """Returns whether this is the word of another machine that nobody has the port."""
    if (level, kind) not in _LEVELS or len(error) < _ERROR.size:
        return False
    number, origin = _ERROR.unpack_from(error)
    return number == errno.ECONNREFUSED and origin in _FROM_NETWORK


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
            address,
            port,
            (socket.SO_REUSEADDR, socket.SO_BROADCAST, socket.SO_DONTROUTE),
            refusals=False,
        )
        self._to = (address, port)

    def broadcast(self, data: bytes) -> None:
        """Sends a datagram at once, or drops it if the buffer is full. Raises OSError."""
        with contextlib.suppress(BlockingIOError):
            self._socket.sendto(data, self._to)
