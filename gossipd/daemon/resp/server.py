"""The server: accepts connections, bounds their number, checks their deadlines, and drains them."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable, Sequence

import attrs
import trio

from .connection import Client, Connection, Shared
from .limits import Limits

ACCEPT_PAUSE = 0.1
"""Seconds to wait when the process or the system has no file descriptor left, as in trio."""

ACCEPTED_AT_ONCE = 64
"""Most connections that are accepted in one turn of trio's loop, which itself accepts one."""

_NO_ROOM = "ERR max number of clients reached"
_EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))


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


OnFull = Callable[[str], None]
"""Called when a newcomer finds no room, with what was done about it in a few words."""


Wrap = Callable[[socket.socket], socket.socket]


def _as_it_is(sock: socket.socket) -> socket.socket:
    return sock


def _ignore(error: Exception) -> None:
    pass


def _be_silent(outcome: str) -> None:
    pass


class RespServer:
    """A server of clients on any number of listeners."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        on_error: Callable[[Exception], None] = _ignore,
        on_full: OnFull = _be_silent,
        wrap: Wrap = _as_it_is,
    ) -> None:
        """Makes a server that does nothing until `serve`.

        Args:
            limits: the limits on what clients take.
            on_error: called with what a client raised.
            on_full: called for each newcomer that finds no room.
            wrap: returns what is to be spoken to in place of a newcomer's socket, or raises
                OSError.
        """
        self._wrap = wrap
        self._limits = limits or Limits()
        self._on_full = on_full
        self._shared = Shared(self._limits, on_error)
        self._connections: set[Connection] = set()
        self._accepting = trio.CancelScope()
        self._accepted = self._evicted = self._refused = 0

    def statistics(self) -> RespStatistics:
        """Returns the numbers of this moment."""
        return RespStatistics(
            len(self._connections),
            self._accepted,
            self._evicted,
            self._refused,
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
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._sweep)
            async with trio.open_nursery() as connections:
                try:
                    with self._accepting:
                        async with trio.open_nursery() as acceptors:
                            for listener in listeners:
                                acceptors.start_soon(self._accept, connect, listener, connections)
                            task_status.started()
                finally:
                    for listener in listeners:
                        listener.socket.close()
            nursery.cancel_scope.cancel()

    def drain(self) -> None:
        """Stops accepting, closes idle connections, and lets `serve` end with the last request.

        The caller limits the time.
        """
        self._shared.drain()
        self._accepting.cancel()
        for connection in self._connections:
            if connection.is_idle():
                connection.expire()

    async def _accept(
        self,
        connect: Callable[[str, str], Client],
        listener: trio.SocketListener,
        nursery: trio.Nursery,
    ) -> None:
        inner = listener.socket
        with socket.fromfd(inner.fileno(), inner.family, inner.type) as waiting:
            waiting.setblocking(False)
            while True:
                await trio.lowlevel.wait_readable(waiting)
                try:
                    for _ in range(ACCEPTED_AT_ONCE):
                        self._take(*waiting.accept(), connect, nursery)
                        if len(self._connections) >= self._limits.connections:
                            # Open connections may end before the next newcomer is accepted.
                            break
                except (BlockingIOError, ConnectionAbortedError):
                    continue
                except OSError as error:
                    if error.errno not in _EXHAUSTED:
                        raise
                    self._on_full("no file descriptor is left")
                    if not self._evict():
                        await trio.sleep(ACCEPT_PAUSE)

    def _take(
        self,
        sock: socket.socket,
        address: tuple[str, int],
        connect: Callable[[str, str], Client],
        nursery: trio.Nursery,
    ) -> None:
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            # macOS refuses this for a connection that was reset meanwhile.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Idle connections stay open, so those whose client is gone must be found.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        try:
            sock = self._wrap(sock)
        except OSError:
            return
        self._accepted += 1
        client = connect(_named(address), _named(sock.getsockname()))
        connection = Connection(sock, client, self._shared)
        if len(self._connections) < self._limits.connections:
            self._begin(connection, nursery)
        elif self._evict():
            self._on_full("the connection that was idle longest was closed")
            self._begin(connection, nursery)
        else:
            self._on_full("a newcomer was refused")
            self._refused += 1
            connection.refuse(_NO_ROOM)

    def _begin(self, connection: Connection, nursery: trio.Nursery) -> None:
        self._connections.add(connection)
        nursery.start_soon(self._run, connection)

    async def _run(self, connection: Connection) -> None:
        try:
            await connection.run()
        except Exception as error:
            self._shared.on_error(error)
        finally:
            self._connections.discard(connection)

    def _evict(self) -> bool:
        idle = (one for one in self._connections if one.is_idle())
        longest = min(idle, key=lambda one: one.since, default=None)
        if longest is None:
            return False
        longest.expire()
        self._connections.discard(longest)
        self._evicted += 1
        return True

    async def _sweep(self) -> None:
        tick = self._limits.tick
        previous = trio.current_time()
        while True:
            await trio.sleep(tick)
            now = trio.current_time()
            for connection in self._connections:
                connection.check()
            self._shared.tick(min(now - previous, 2 * tick))
            previous = now


def _named(address: tuple[str, int]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
