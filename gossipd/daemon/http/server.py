"""A small HTTP/1.1 server on trio and httptools: accepts, bounds, watches deadlines, drains.

Knows nothing of what is served: a handler turns each `Request` into a `Response`.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Sequence
from email.utils import formatdate

import attrs
import trio

from .connection import Connection, OnError, Phase, Shared
from .messages import Handler, Limits, Request, Response, text_response

__all__ = ["Handler", "HttpServer", "HttpStatistics", "Limits", "Request", "Response"]

ACCEPT_PAUSE = 0.1
"""Seconds to wait when the process or the system has no file descriptor left, as trio does."""

REFUSALS_AT_ONCE = 100
"""Connections over the limit that are answered 503 at one time; any more are closed unanswered."""

ACCEPTED_AT_ONCE = 64
"""Connections that are taken in one turn of trio's loop, which takes long while many others ask."""

_EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))


@attrs.frozen
class HttpStatistics:
    """Counts since the server was made, except where a field says "now".

    Attributes:
        open: connections now.
        accepted: connections accepted.
        evicted: idle connections closed to make room.
        refused: connections closed because there was no room.
        refusals: answers given without asking the handler (bad, slow or large requests), by status.
    """

    open: int
    accepted: int
    evicted: int
    refused: int
    refusals: dict[int, int]


def _ignore(error: Exception, request: Request | None) -> None:
    pass


class HttpServer:
    """Serves one handler on any number of listeners."""

    def __init__(
        self,
        handler: Handler,
        limits: Limits | None = None,
        *,
        on_error: OnError = _ignore,
    ) -> None:
        """Makes a server that does nothing until `serve`.

        Args:
            handler: called for every complete request. What it raises is answered 500.
            limits: what one client may take.
            on_error: told what the handler raised, and on which request.
        """
        self._limits = limits or Limits()
        self._shared = Shared(handler, self._limits, on_error)
        self._connections: set[Connection] = set()
        self._accepting = trio.CancelScope()
        self._accepted = self._evicted = self._refused = self._refusing = 0

    def statistics(self) -> HttpStatistics:
        """Returns a snapshot of the counts."""
        return HttpStatistics(
            len(self._connections),
            self._accepted,
            self._evicted,
            self._refused,
            dict(self._shared.refusals),
        )

    async def serve(
        self,
        listeners: Sequence[trio.SocketListener],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serves until `drain` was called and the last request is answered; closes the listeners.

        Cancelling it cuts all connections off. May be called once.
        """
        self._tick()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._sweep)
            async with trio.open_nursery() as connections:
                try:
                    with self._accepting:
                        async with trio.open_nursery() as acceptors:
                            for listener in listeners:
                                acceptors.start_soon(self._accept, listener, connections)
                            task_status.started()
                finally:
                    for listener in listeners:
                        listener.socket.close()
            nursery.cancel_scope.cancel()

    def drain(self) -> None:
        """Stops accepting, closes idle connections, and lets `serve` end with the last request.

        Requests under way are answered with `Connection: close`. The caller bounds the time.
        """
        self._shared.draining = True
        self._accepting.cancel()
        for connection in self._connections:
            if connection.phase is Phase.IDLE:
                connection.expire()

    async def _accept(self, listener: trio.SocketListener, nursery: trio.Nursery) -> None:
        trio_socket = listener.socket
        # Its `accept` takes one connection a turn.
        with socket.fromfd(trio_socket.fileno(), trio_socket.family, trio_socket.type) as waiting:
            waiting.setblocking(False)
            while True:
                await trio.lowlevel.wait_readable(waiting)
                try:
                    for _ in range(ACCEPTED_AT_ONCE):
                        self._take(waiting.accept()[0], nursery)
                        if len(self._connections) >= self._limits.connections:
                            # Those who are there may be done before the next one comes.
                            break
                except (BlockingIOError, ConnectionAbortedError):
                    continue
                except OSError as error:
                    if error.errno not in _EXHAUSTED:
                        raise
                    await trio.sleep(ACCEPT_PAUSE)

    def _take(self, sock: socket.socket, nursery: trio.Nursery) -> None:
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            # macOS refuses it for a connection that was reset meanwhile.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._accepted += 1
        connection = Connection(sock, self._shared)
        if len(self._connections) < self._limits.connections or self._evict():
            self._connections.add(connection)
            nursery.start_soon(self._run, connection)
        elif self._refusing < REFUSALS_AT_ONCE:
            nursery.start_soon(self._turn_away, connection)
        else:
            self._refused += 1
            sock.close()

    async def _run(self, connection: Connection) -> None:
        try:
            await self._survive(connection)
        finally:
            self._connections.discard(connection)

    async def _turn_away(self, connection: Connection) -> None:
        self._refused += 1
        self._refusing += 1
        try:
            connection.refuse(text_response(503, "too many connections", ("Retry-After", "1")))
            await self._survive(connection)
        finally:
            self._refusing -= 1

    async def _survive(self, connection: Connection) -> None:
        try:
            await connection.run()
        except Exception as error:
            self._shared.on_error(error, None)

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
        limits = self._limits
        allowed = {
            Phase.IDLE: limits.idle_time,
            Phase.HEAD: limits.head_time,
            Phase.BODY: limits.body_time,
            Phase.WRITING: limits.write_time,
        }
        previous = trio.current_time()
        while True:
            await trio.sleep(limits.tick)
            now = trio.current_time()
            for connection in self._connections:
                deadline = connection.since + allowed.get(connection.phase, float("inf"))
                if self._shared.now >= deadline:
                    connection.expire()
            self._tick(min(now - previous, 2 * limits.tick))
            previous = now

    def _tick(self, elapsed: float = 0.0) -> None:
        self._shared.now += elapsed
        self._shared.date = f"Date: {formatdate(usegmt=True)}\r\n".encode("ascii")
