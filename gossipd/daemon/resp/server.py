"""The server: accepts connections, bounds their number, checks their deadlines, and drains them."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Sequence
from functools import partial

import attrs
import trio

from ..connections import Connections, OnFull, Server, Wrap, as_it_is, be_silent
from .client import Client
from .connection import Connection
from .limits import Limits
from .replies import Error, encode
from .shared import Shared

_NO_ROOM = "ERR max number of clients reached"
_UNREAD_BYTES = 64 * 1024


@attrs.frozen
class RespStatistics:
    """Numbers of the server, counted since it was made except where a field says "now".

    Attributes:
        open: connections that are open now.
        accepted: connections accepted.
        evicted: idle connections closed to make room for others.
        refused: connections closed because there was no room.
        malformed: connections closed because of bytes that are no request, or half of one.
    """

    open: int
    accepted: int
    evicted: int
    refused: int
    malformed: int


def _ignore(error: Exception) -> None:
    pass


class RespServer:
    """A server of clients on any number of listeners."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        on_error: Callable[[Exception], None] = _ignore,
        on_full: OnFull = be_silent,
        wrap: Wrap = as_it_is,
    ) -> None:
        """Makes a server that does nothing until `serve`.

        Args:
            limits: the limits on what clients take.
            on_error: called with what a client raised.
            on_full: called for each newcomer that finds no room.
            wrap: returns what is to be spoken to in place of a newcomer's socket, or raises
                OSError.
        """
        limits = limits or Limits()
        self._shared = Shared(limits, on_error)
        self._connections = Connections[Connection](limits.connections, limits.tick, on_full, wrap)

    def statistics(self) -> RespStatistics:
        """Returns the numbers of this moment."""
        connections = self._connections
        return RespStatistics(
            len(connections.open),
            connections.accepted,
            connections.evicted,
            connections.refused,
            self._shared.malformed,
        )

    async def serve(
        self,
        connect: Callable[[str, str], Client],
        listeners: Sequence[trio.SocketListener],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serves until `drain` was called and the last request is answered; closes the listeners.

        `connect` makes the client of each connection, from the addresses of its other end and of
        its own. If `serve` is cancelled, all connections are cut off. It may be called once.
        """
        make = partial(self._make, connect)
        server = Server(make, _refuse, self._tick, self._shared.on_error)
        await self._connections.serve(server, listeners, task_status)

    def drain(self) -> None:
        """Stops accepting, closes idle connections, and lets `serve` end with the last request.

        The caller limits the time.
        """
        self._shared.drain()
        self._connections.stop_accepting()
        for connection in self._connections.open:
            if connection.is_idle():
                connection.expire()

    def _make(
        self, connect: Callable[[str, str], Client], sock: socket.socket, address: tuple[str, int]
    ) -> Connection:
        with contextlib.suppress(OSError):
            # Idle connections stay open, so those whose client is gone must be found.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        client = connect(_named(address), _named(sock.getsockname()))
        return Connection(sock, client, self._shared, self._connections.readiness)

    def _tick(self, elapsed: float) -> None:
        for connection in self._connections.open:
            connection.check()
        self._shared.tick(elapsed)


def _refuse(connection: Connection, sock: socket.socket, nursery: trio.Nursery) -> None:
    with sock:
        # To close with unread input resets the connection, which can overtake the answer.
        with contextlib.suppress(OSError):
            sock.recv(_UNREAD_BYTES)
        with contextlib.suppress(OSError):
            sock.send(encode(Error(_NO_ROOM), 2))


def _named(address: tuple[str, int]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
