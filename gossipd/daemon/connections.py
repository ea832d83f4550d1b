"""The connections of a server: accepted, bounded in number, and looked at once a tick."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import attrs
import trio

from .readiness import Readiness

ACCEPT_PAUSE = 0.1
"""Seconds to wait when the process or the system has no file descriptor left, as in trio."""

ACCEPTED_AT_ONCE = 64
"""Most connections that are accepted in one turn of trio's loop.

trio's own `accept` takes one a turn. Under the load of 256 clients a turn takes milliseconds, and
200 newcomers were all answered after 1.0 s; with many a turn they are after 0.03 to 0.05 s.
"""

_EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))

OnFull = Callable[[str], None]
"""Called when a newcomer finds no room, with what was done about it in a few words."""

Wrap = Callable[[socket.socket], socket.socket]
"""Returns what is to be spoken to in place of a newcomer's socket, or raises OSError."""


class Connection(Protocol):
    """What a server makes of an accepted socket."""

    @property
    def since(self) -> float:
        """When the present state began, on the server's clock."""

    def is_idle(self) -> bool:
        """Returns whether no request is under way and none waits to be read."""

    def expire(self) -> None:
        """Ends the connection as its state demands."""

    async def run(self) -> None:
        """Serves until either side closes."""


ConnectionT = TypeVar("ConnectionT", bound=Connection)


@attrs.frozen
class Server(Generic[ConnectionT]):
    """What a server does with its connections.

    Attributes:
        make: returns the connection of an accepted socket, from that and the address of its other
            end.
        refuse: turns a newcomer away for which there is no room, from its connection and its
            socket, and with a nursery for what takes time.
        tick: called once a tick, with the seconds since it was called last, two ticks at most.
        on_error: called with what a connection raised.
    """

    make: Callable[[socket.socket, Any], ConnectionT]
    refuse: Callable[[ConnectionT, socket.socket, trio.Nursery], None]
    tick: Callable[[float], None]
    on_error: Callable[[Exception], None]


def as_it_is(sock: socket.socket) -> socket.socket:
    """Returns the socket itself."""
    return sock


def be_silent(outcome: str) -> None:
    """Does nothing."""


class Connections(Generic[ConnectionT]):
    """The open connections of one server.

    Attributes:
        open: those that are open now.
        accepted: number of those that were accepted.
        evicted: number of idle ones that were closed to make room for others.
        refused: number of newcomers for which there was no room.
        readiness: calls those that have something to read, while the server serves.
    """

    def __init__(self, most: int, tick: float, on_full: OnFull, wrap: Wrap) -> None:
        """Takes the most that are open at a time, and the seconds of a tick."""
        self.open: set[ConnectionT] = set()
        self.accepted = self.evicted = self.refused = 0
        self._most = most
        self._tick = tick
        self._on_full = on_full
        self._wrap = wrap
        self._accepting = trio.CancelScope()
        self.readiness = Readiness()

    async def serve(
        self,
        server: Server[ConnectionT],
        listeners: Sequence[trio.SocketListener],
        task_status: trio.TaskStatus[None],
    ) -> None:
        """Serves until accepting was stopped and the last connection ended.

        Closes the listeners. If it is cancelled, all connections are cut off.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._sweep, server)
            nursery.start_soon(self.readiness.run)
            async with trio.open_nursery() as running:
                try:
                    with self._accepting:
                        async with trio.open_nursery() as acceptors:
                            for listener in listeners:
                                acceptors.start_soon(self._accept, server, listener, running)
                            task_status.started()
                finally:
                    for listener in listeners:
                        listener.socket.close()
            nursery.cancel_scope.cancel()

    def stop_accepting(self) -> None:
        """Takes no more newcomers."""
        self._accepting.cancel()

    async def _accept(
        self, server: Server[ConnectionT], listener: trio.SocketListener, nursery: trio.Nursery
    ) -> None:
        inner = listener.socket
        with socket.fromfd(inner.fileno(), inner.family, inner.type) as waiting:
            waiting.setblocking(False)
            while True:
                await trio.lowlevel.wait_readable(waiting)
                try:
                    for _ in range(ACCEPTED_AT_ONCE):
                        self._take(*waiting.accept(), server, nursery)
                        if len(self.open) >= self._most:
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
        address: Any,  # Its form is that of the socket's family.
        server: Server[ConnectionT],
        nursery: trio.Nursery,
    ) -> None:
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            # macOS refuses this for a connection that was reset meanwhile.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            sock = self._wrap(sock)
        except OSError:
            sock.close()
            return
        self.accepted += 1
        connection = server.make(sock, address)
        if len(self.open) < self._most:
            self._begin(connection, server, nursery)
        elif self._evict():
            self._on_full("the connection that was idle longest was closed")
            self._begin(connection, server, nursery)
        else:
            self._on_full("a newcomer was refused")
            self.refused += 1
            server.refuse(connection, sock, nursery)

    def _begin(
        self, connection: ConnectionT, server: Server[ConnectionT], nursery: trio.Nursery
    ) -> None:
        self.open.add(connection)
        nursery.start_soon(self._run, connection, server)

    async def _run(self, connection: ConnectionT, server: Server[ConnectionT]) -> None:
        try:
            await connection.run()
        except Exception as error:
            server.on_error(error)
        finally:
            self.open.discard(connection)

    def _evict(self) -> bool:
        idle = (one for one in self.open if one.is_idle())
        longest = min(idle, key=lambda one: one.since, default=None)
        if longest is None:
            return False
        longest.expire()
        self.open.discard(longest)
        self.evicted += 1
        return True

    async def _sweep(self, server: Server[ConnectionT]) -> None:
        previous = trio.current_time()
        while True:
            await trio.sleep(self._tick)
            now = trio.current_time()
            server.tick(min(now - previous, 2 * self._tick))
            previous = now
