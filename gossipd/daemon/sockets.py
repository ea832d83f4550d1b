"""The addresses and sockets of a daemon, with errors that say what could not be had."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType

import trio

from gossipd.protocol import format_node_id, is_address, split_node_id

from .config import DaemonConfig, Place, format_place
from .driver import Endpoint, look_up
from .errors import StartError, reason
from .log import get_logger
from .net import Segments, UdpSocket

Bound = Callable[[str, int], AbstractContextManager[Endpoint]]
"""Opens a node's socket for gossip, and closes it, as `bound` does. It raises StartError."""

_BACKLOG = 1024
_FIRST = 3
"""The number of the first file that systemd hands over (`sd_listen_fds`)."""

_UNIX_MODE = 0o660

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


async def resolved(places: Iterable[Place], flag: str) -> list[Place]:
    """Returns places with addresses for names. Raises StartError."""
    return [
        place if isinstance(place, Path) else (await bind_host(place[0], flag), place[1])
        for place in places
    ]


@contextlib.contextmanager
def bound(host: str, port: int) -> Iterator[UdpSocket]:
    """Opens the socket for gossip, and closes it. Raises StartError."""
    try:
        endpoint = UdpSocket(host, port)
    except OSError as error:
        raise _notbound((host, port), error) from None
    with contextlib.closing(endpoint):
        yield endpoint


Handed = Mapping[Place, socket.socket]
"""Sockets that listen already, by the place where each does."""

_NOTHING: Handed = MappingProxyType({})


def handed_over(environment: Mapping[str, str]) -> dict[Place, socket.socket]:
    """Returns the sockets that listen already, by the place where each does.

    Whoever started this process tells of them by LISTEN_PID and LISTEN_FDS, as systemd does.

    Raises StartError for one on which no client can be answered.
    """
    number = environment.get("LISTEN_FDS", "")
    if environment.get("LISTEN_PID") != str(os.getpid()) or not number.isdecimal():
        return {}
    found: dict[Place, socket.socket] = {}
    for descriptor in range(_FIRST, _FIRST + int(number)):
        try:
            os.set_inheritable(descriptor, False)
            sock = socket.socket(fileno=descriptor)
            listens = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        except OSError as error:
            raise StartError(f"LISTEN_FDS: file {descriptor} is no socket: {error}") from None
        if not listens:
            raise StartError(
                f"LISTEN_FDS: the socket at {sock.getsockname()} takes no connections: only sockets"
                " for clients can be handed over, as ListenStream= opens them"
            )
        name = sock.getsockname()
        found[Path(os.fsdecode(name)) if isinstance(name, str | bytes) else name[:2]] = sock
    return found


def _check_handed(handed: Handed, places: Sequence[Place]) -> None:
    """Raises StartError for a socket that listens where nobody is to be answered."""
    for place in handed:
        if place not in places:
            ours = ", ".join(map(format_place, places)) or "nowhere"
            raise StartError(
                f"a socket was handed over for {format_place(place)}, but clients are answered at"
                f" {ours}: make --bind, --http or --redis and the socket's unit the same"
            )


@contextlib.contextmanager
def listening(
    places: Sequence[Place], handed: Handed = _NOTHING
) -> Iterator[list[trio.SocketListener]]:
    """Opens sockets that listen, except for those that do already, and closes all of them.

    Raises StartError, also for one that listens where nobody is to be answered.
    """
    _check_handed(handed, places)
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(_listener(place, handed.get(place))) for place in places]


@contextlib.contextmanager
def _listener(place: Place, sock: socket.socket | None) -> Iterator[trio.SocketListener]:
    if sock is not None:
        # The path of a Unix socket is left to whoever has opened it.
        with sock:
            yield trio.SocketListener(trio.socket.from_stdlib_socket(sock))
        return
    with _unix(place) if isinstance(place, Path) else _tcp(*place) as listener:
        yield listener


@contextlib.contextmanager
def _tcp(host: str, port: int) -> Iterator[trio.SocketListener]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tcp:
        try:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((host, port))
            tcp.listen(_BACKLOG)
        except OSError as error:
            raise _notbound((host, port), error) from None
        yield trio.SocketListener(trio.socket.from_stdlib_socket(tcp))


@contextlib.contextmanager
def _unix(path: Path) -> Iterator[trio.SocketListener]:
    """Opens a Unix socket for its owner and group. Its file is removed at the end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        try:
            _bind_unix(sock, path)
            # Nobody can connect before it listens.
            path.chmod(_UNIX_MODE)
            sock.listen(_BACKLOG)
            ours = path.stat().st_ino
        except OSError as error:
            raise _notbound(path, error) from None
        try:
            yield trio.SocketListener(trio.socket.from_stdlib_socket(sock))
        finally:
            with contextlib.suppress(OSError):
                # Another one may have taken the place meanwhile.
                if path.stat().st_ino == ours:
                    path.unlink()


def _bind_unix(sock: socket.socket, path: Path) -> None:
    """Binds a socket to a path, in place of one that nobody listens on any more."""
    try:
        sock.bind(str(path))
    except OSError as error:
        if error.errno != errno.EADDRINUSE or not _is_abandoned(path):
            raise
        path.unlink()
        sock.bind(str(path))


def _is_abandoned(path: Path) -> bool:
    """Returns whether a path is a socket on which nobody listens. Any other file is not."""
    if not stat.S_ISSOCK(path.lstat().st_mode):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        # One with a full queue is in use, and must not be waited for.
        probe.setblocking(False)
        return probe.connect_ex(str(path)) == errno.ECONNREFUSED


def _notbound(place: Place, error: OSError) -> StartError:
    return StartError(f"cannot listen on {format_place(place)}: {reason(error, _KNOWN)}")


@contextlib.contextmanager
def found_segments(config: DaemonConfig, host: str) -> Iterator[Segments | None]:
    """Opens the sockets of discovery, and closes them. Yields None without discovery."""
    if config.discovery and ":" in host:
        get_logger().info("discovery_off", reason="IPv6 has no broadcast")
    if not config.discovery or ":" in host:
        yield None
        return
    with contextlib.closing(Segments(host, config.discovery_port)) as segments:
        segments.look()
        yield segments
