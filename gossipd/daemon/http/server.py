"""The server: accepts connections, bounds their number, checks their deadlines, and ends them.

A handler turns each `Request` into a `Response`.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from functools import partial

import attrs
import trio

from ..connections import Connections, OnFull, Server, Wrap, as_it_is, be_silent
from .connection import Connection
from .messages import CLOSE, Handler, Limits, Request, encode, text_response
from .shared import OnError, Phase, Shared

UNREAD_BYTES = 64 * 1024
"""What is read of a newcomer that is turned away without waiting for it."""

_NO_ROOM = text_response(503, "too many connections", ("Retry-After", "1"))


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


def _ignore(error: Exception, request: Request | None) -> None:
    pass


class HttpServer:
    """A server of one handler on any number of listeners."""

    def __init__(
        self,
        limits: Limits | None = None,
        on_error: OnError = _ignore,
        on_full: OnFull = be_silent,
        wrap: Wrap = as_it_is,
    ) -> None:
        """Makes a server that does nothing until `serve`.

        Args:
            limits: the limits on what clients take.
            on_error: called with what the handler raised, and the request.
            on_full: called for each newcomer that finds no room.
            wrap: returns what is to be spoken to in place of a newcomer's socket, or raises
                OSError.
        """
        self._limits = limits = limits or Limits()
        self._shared = Shared(limits, on_error)
        self._connections = Connections[Connection](limits.connections, limits.tick, on_full, wrap)
        self._refusing = 0
        self._allowed = {
            Phase.IDLE: limits.idle_time,
            Phase.HEAD: limits.head_time,
            Phase.BODY: limits.body_time,
            Phase.WRITING: limits.write_time,
            Phase.STREAMING: limits.beat_time,
        }

    def statistics(self) -> HttpStatistics:
        """Returns the numbers of this moment."""
        connections = self._connections
        return HttpStatistics(
            len(connections.open),
            self._shared.streams,
            connections.accepted,
            connections.evicted,
            connections.refused,
            dict(self._shared.refusals),
        )

    async def serve(
        self,
        handler: Handler,
        listeners: Sequence[trio.SocketListener],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serves until `close` was called and the last request is answered; closes the listeners.

        `handler` is called for every complete request; if it raises, the answer is 500. If `serve`
        is cancelled, all connections are cut off. It may be called once.
        """
        self._shared.tick()
        server = Server(partial(self._make, handler), self._refuse, self._tick, self._on_error)
        await self._connections.serve(server, listeners, task_status)

    def drain(self) -> None:
        """Ends streams and idle connections, and answers with `Connection: close` from now on.

        Whoever connects is still answered, so that a probe is told that this node is not ready.
        """
        self._shared.drain()
        for connection in self._connections.open:
            connection.drain()

    def close(self) -> None:
        """Drains, stops accepting, and lets `serve` end with the last request.

        The caller limits the time.
        """
        self._connections.stop_accepting()
        self.drain()

    def _make(self, handler: Handler, sock: socket.socket, address: object) -> Connection:
        return Connection(sock, handler, self._shared, self._connections.readiness)

    def _on_error(self, error: Exception) -> None:
        self._shared.on_error(error, None)

    def _refuse(self, connection: Connection, sock: socket.socket, nursery: trio.Nursery) -> None:
        if self._refusing < self._limits.refusals:
            self._refusing += 1
            nursery.start_soon(self._turn_away, connection)
        else:
            self._turn_away_at_once(sock)

    async def _turn_away(self, connection: Connection) -> None:
        try:
            connection.refuse(_NO_ROOM)
            await connection.run()
        except Exception as error:
            self._on_error(error)
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

    def _tick(self, elapsed: float) -> None:
        for connection in self._connections.open:
            deadline = connection.since + self._allowed.get(connection.phase, float("inf"))
            if self._shared.now >= deadline:
                connection.expire()
        self._shared.tick(elapsed)
