"""The server: accepts connections, bounds their number, checks their deadlines, and drains them.

A handler turns each `Request` into a `Response`.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable, Sequence

import attrs
import trio

from .connection import Connection
from .messages import CLOSE, Handler, Limits, Request, encode, text_response
from .shared import OnError, Phase, Shared

ACCEPT_PAUSE = 0.1
"""Seconds to wait when the process or the system has no file descriptor left, as in trio."""

UNREAD_BYTES = 64 * 1024
"""What is read of a newcomer that is turned away without waiting for it."""

ACCEPTED_AT_ONCE = 64
"""Most connections that are accepted in one turn of trio's loop.

trio accepts one a turn. Under the load of 256 clients a turn takes milliseconds, and 200 newcomers
were all answered after 1.0 s; with many a turn they are after 0.03 to 0.05 s.
"""

_NO_ROOM = text_response(503, "too many connections", ("Retry-After", "1"))

_EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))


@attrs.frozen
class HttpStatistics:
    """Numbers of the server, counted since it was made except where a field says "now".

    Attributes:
        open: connections that are open now.
        streams: connections on which an answer is streamed now.
        accepted: connections accepted.
        evicted: idle connections closed to make room for others.
        refused: connections closed because there was no room.
        refusals: answers given without the handler (to bad, slow or large requests), by status.
    """

    open: int
    streams: int
    accepted: int
    evicted: int
    refused: int
    refusals: dict[int, int]


OnFull = Callable[[str], None]
"""Called when a newcomer finds no room, with what was done about it in a few words."""


Wrap = Callable[[socket.socket], socket.socket]


def _as_it_is(sock: socket.socket) -> socket.socket:
    return sock


def _ignore(error: Exception, request: Request | None) -> None:
    pass


def _be_silent(outcome: str) -> None:
    pass


class HttpServer:
    """A server of one handler on any number of listeners."""

    def __init__(
        self,
        limits: Limits | None = None,
        on_error: OnError = _ignore,
        on_full: OnFull = _be_silent,
        wrap: Wrap = _as_it_is,
    ) -> None:
        """Makes a server that does nothing until `serve`.

        Args:
            limits: the limits on what clients take.
            on_error: called with what the handler raised, and the request.
            on_full: called for each newcomer that finds no room.
            wrap: returns what is to be spoken to in place of a newcomer's socket, or raises
                OSError.
        """
        self._on_full = on_full
        self._wrap = wrap
        self._limits = limits or Limits()
        self._shared = Shared(self._limits, on_error)
        self._connections: set[Connection] = set()
        self._accepting = trio.CancelScope()
        self._accepted = self._evicted = self._refused = self._refusing = 0

    def statistics(self) -> HttpStatistics:
        """Returns the numbers of this moment."""
        return HttpStatistics(
            len(self._connections),
            self._shared.streams,
            self._accepted,
            self._evicted,
            self._refused,
            dict(self._shared.refusals),
        )

    async def serve(
        self,
        handler: Handler,
        listeners: Sequence[trio.SocketListener],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serves until `drain` was called and the last request is answered; closes the listeners.

        `handler` is called for every complete request; if it raises, the answer is 500. If `serve`
        is cancelled, all connections are cut off. It may be called once.
        """
        self._shared.tick()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._sweep)
            async with trio.open_nursery() as connections:
                try:
                    with self._accepting:
                        async with trio.open_nursery() as acceptors:
                            for listener in listeners:
                                acceptors.start_soon(self._accept, handler, listener, connections)
                            task_status.started()
                finally:
                    for listener in listeners:
                        listener.socket.close()
            nursery.cancel_scope.cancel()

    def drain(self) -> None:
        """Stops accepting, ends streams, and lets `serve` end with the last request.

        Requests under way are answered with `Connection: close`. The caller limits the time.
        """
        self._shared.drain()
        self._accepting.cancel()
        for connection in self._connections:
            connection.drain()

    async def _accept(
        self, handler: Handler, listener: trio.SocketListener, nursery: trio.Nursery
    ) -> None:
        trio_socket = listener.socket
        # trio's own `accept` takes one connection a turn.
        with socket.fromfd(trio_socket.fileno(), trio_socket.family, trio_socket.type) as waiting:
            waiting.setblocking(False)
            while True:
                await trio.lowlevel.wait_readable(waiting)
                try:
                    for _ in range(ACCEPTED_AT_ONCE):
                        self._take(waiting.accept()[0], handler, nursery)
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

    def _take(self, sock: socket.socket, handler: Handler, nursery: trio.Nursery) -> None:
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            # macOS refuses this for a connection that was reset meanwhile.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            sock = self._wrap(sock)
        except OSError:
            return
        self._accepted += 1
        connection = Connection(sock, handler, self._shared)
        if len(self._connections) < self._limits.connections:
            self._begin(connection, nursery)
        elif self._evict():
            self._on_full("the connection that was idle longest was closed")
            self._begin(connection, nursery)
        else:
            self._on_full("a newcomer was refused")
            self._refused += 1
            if self._refusing < self._limits.refusals:
                self._refusing += 1
                nursery.start_soon(self._turn_away, connection)
            else:
                self._turn_away_at_once(sock)

    def _begin(self, connection: Connection, nursery: trio.Nursery) -> None:
        self._connections.add(connection)
        nursery.start_soon(self._run, connection)

    async def _run(self, connection: Connection) -> None:
        try:
            await self._survive(connection)
        finally:
            self._connections.discard(connection)

    async def _turn_away(self, connection: Connection) -> None:
        try:
            connection.refuse(_NO_ROOM)
            await self._survive(connection)
        finally:
            self._refusing -= 1

    def _turn_away_at_once(self, sock: socket.socket) -> None:
        """Answers 503 and closes. A request that is still on its way may hide the answer."""
        answer = encode(_NO_ROOM, date=self._shared.date, connection=CLOSE, head_only=False)
        with contextlib.suppress(OSError), sock:
            with contextlib.suppress(BlockingIOError):
                # To close with unread input resets the connection, which can overtake the answer.
                sock.recv(UNREAD_BYTES)
            sock.send(answer)

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
            Phase.STREAMING: limits.beat_time,
        }
        previous = trio.current_time()
        while True:
            await trio.sleep(limits.tick)
            now = trio.current_time()
            for connection in self._connections:
                deadline = connection.since + allowed.get(connection.phase, float("inf"))
                if self._shared.now >= deadline:
                    connection.expire()
            self._shared.tick(min(now - previous, 2 * limits.tick))
            previous = now
