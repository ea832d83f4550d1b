"""The addresses and sockets of a daemon, with errors that say what could not be had."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator

import structlog
import trio

from gossipd.protocol import format_node_id, is_address, split_node_id

from .config import DaemonConfig
from .driver import look_up
from .errors import StartError, reason
from .net import Segments, UdpSocket

_BACKLOG = 1024

_KNOWN = {
    errno.EADDRINUSE: "another program uses this address (is a gossipd running here?)",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


async def bind_host(name: str, flag: str = "--bind") -> str:
    """Returns the address of this machine that a name stands for. Raises StartError."""
    if is_address(name):
        return name
    addresses = await look_up(name, 0)
    if not addresses:
        raise StartError(f"{flag}: the name {name} has no address")
    return addresses[0][0]


async def advertised_id(config: DaemonConfig) -> str | None:
    """Returns the configured id of the node, None if there is none. Raises StartError."""
    if config.advertise is None:
        return None
    host, port = split_node_id(config.advertise)
    if is_address(host):
        return config.advertise
    addresses = await look_up(host, port)
    if not addresses:
        raise StartError(f"--advertise: the name {host} has no address")
    return format_node_id(addresses[0][0], port)


@contextlib.contextmanager
def bound(host: str, port: int) -> Iterator[tuple[UdpSocket, trio.SocketListener]]:
    """Opens both sockets of the node's one port number, and closes them. Raises StartError."""
    with _listening(host, port) as listener:
        try:
            endpoint = UdpSocket(host, port)
        except OSError as error:
            raise _notbound(host, port, error) from None
        with contextlib.closing(endpoint):
            yield endpoint, listener


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[trio.SocketListener]:
    """Opens a TCP socket that listens, and closes it. Raises StartError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tcp:
        try:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((host, port))
            tcp.listen(_BACKLOG)
        except OSError as error:
            raise _notbound(host, port, error) from None
        yield trio.SocketListener(trio.socket.from_stdlib_socket(tcp))


def _notbound(host: str, port: int, error: OSError) -> StartError:
    where = format_node_id(host, port)
    return StartError(f"cannot listen on {where}: {reason(error, _KNOWN)}")


@contextlib.contextmanager
def bound_for_redis(config: DaemonConfig, host: str | None) -> Iterator[trio.SocketListener | None]:
    """Opens the socket for Redis clients, and closes it. Yields None if there is to be none."""
    if config.redis is None or host is None:
        yield None
        return
    with _listening(host, config.redis[1]) as listener:
        yield listener


@contextlib.contextmanager
def found_segments(config: DaemonConfig, host: str) -> Iterator[Segments | None]:
    """Opens the sockets of discovery, and closes them. Yields None without discovery."""
    if config.discovery and ":" in host:
        structlog.get_logger().info("discovery_off", reason="IPv6 has no broadcast")
    if not config.discovery or ":" in host:
        yield None
        return
    with contextlib.closing(Segments(host, config.discovery_port)) as segments:
        segments.look()
        yield segments
