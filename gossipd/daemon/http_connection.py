"""One HTTP/1.1 connection: requests are answered in order, bad ones refused, then it closes.

It works on a non-blocking socket directly: waiting until the socket is readable and then reading
and writing at once takes one task switch a request, where trio's streams take three.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from enum import IntEnum

import attrs
import trio

from .http_messages import (
    CLOSE,
    CONTINUE,
    Handler,
    Limits,
    Request,
    Response,
    encode,
    text_response,
)
from .http_parser import RequestParser

RECEIVE_BYTES = 16 * 1024
BODY_RECEIVE_BYTES = 256 * 1024
FLUSH_BYTES = 64 * 1024
"""Answers to pipelined requests are sent together until they are this long."""

OnError = Callable[[Exception, Request | None], None]
"""Told what was raised, and on which request, or None if outside the handler. Must not raise."""


class Phase(IntEnum):
    """What a connection waits for, which decides its deadline."""

    IDLE = 0
    HEAD = 1
    BODY = 2
    HANDLING = 3
    WRITING = 4
    CLOSING = 5


@attrs.define
class Shared:
    """What all connections of one server read.

    Attributes:
        now: seconds on a clock that moves once a tick, by no more than two ticks, so that a pause
            of this process uses up nobody's deadline.
        date: the Date header line.
        draining: every answer is the last one on its connection.
        refusals: answers given without asking the handler, by status.
    """

    handler: Handler
    limits: Limits
    on_error: OnError
    now: float = 0.0
    date: bytes = b""
    draining: bool = False
    refusals: dict[int, int] = attrs.Factory(dict)


class Connection:
    """One accepted socket. `run` serves it; the server watches `phase` and `since`.

    Attributes:
        phase: what it waits for.
        since: `Shared.now` when that began.
    """

    def __init__(self, sock: socket.socket, shared: Shared) -> None:
        self.phase = Phase.IDLE
        self.since = shared.now
        self._sock = sock
        self._fd = sock.fileno()
        self._shared = shared
        self._scope = trio.CancelScope()
        self._parser = RequestParser(shared.limits)
        self._last = False

    async def run(self) -> None:
        """Serves until either side closes. Errors of the peer's making end it quietly."""
        try:
            with self._scope:
                await self._converse()
            self.phase = Phase.CLOSING
            if self._last:
                await self._linger()
            elif self._parser.refusal is not None:
                await self._refuse(self._parser.refusal)
        except OSError:
            pass
        finally:
            self._sock.close()
            self._parser.close()

    def expire(self) -> None:
        """Ends whatever the connection waits for: an unfinished request is answered 408."""
        if self.phase is Phase.HEAD or self.phase is Phase.BODY:
            self._parser.refusal = text_response(408, "the request did not arrive in time")
        self._scope.cancel()

    def refuse(self, response: Response) -> None:
        """Makes `run` give this answer and nothing else."""
        self._parser.refusal = response
        self._scope.cancel()

    async def _converse(self) -> None:
        receive, scope, shared, parser = self._sock.recv, self._scope, self._shared, self._parser
        while True:
            await trio.lowlevel.wait_readable(self._fd)
            if scope.cancel_called:
                return
            before = self.phase
            try:
                data = receive(BODY_RECEIVE_BYTES if before is Phase.BODY else RECEIVE_BYTES)
            except BlockingIOError:
                continue
            if not data:
                return
            parser.feed(data)
            if parser.in_head:
                self.phase = Phase.HEAD
            elif parser.in_body:
                self.phase = Phase.BODY
            else:
                self.phase = Phase.IDLE
            if parser.ready:
                await self._answer()
                if self._last or (shared.draining and self.phase is Phase.IDLE):
                    return
                self.since = shared.now
            elif self.phase is not before:
                self.since = shared.now
            if parser.refusal is not None:
                return
            if parser.expects_continue:
                parser.expects_continue = False
                await self._send(CONTINUE)

    async def _answer(self) -> None:
        shared, handler = self._shared, self._shared.handler
        out: list[bytes] = []
        size = 0
        for request, wanted in self._parser.ready:
            try:
                response = handler(request)
            except Exception as error:
                response = self._failed(error, request)
            if not isinstance(response, Response):
                if out:
                    await self._send(b"".join(out))
                    out, size = [], 0
                response = await self._awaited(request, response)
            connection = CLOSE if shared.draining else wanted
            head_only = request.method == "HEAD"
            data = encode(response, date=shared.date, connection=connection, head_only=head_only)
            out.append(data)
            size += len(data)
            if connection is CLOSE:
                self._last = True
                break
            if size > FLUSH_BYTES:
                await self._send(b"".join(out))
                out, size = [], 0
        self._parser.ready.clear()
        if out:
            await self._send(out[0] if len(out) == 1 else b"".join(out))

    async def _awaited(self, request: Request, response: Awaitable[Response]) -> Response:
        phase, self.phase = self.phase, Phase.HANDLING
        try:
            return await response
        except Exception as error:
            return self._failed(error, request)
        finally:
            self.phase = phase

    def _failed(self, error: Exception, request: Request) -> Response:
        self._shared.on_error(error, request)
        return text_response(500, "internal error")

    async def _send(self, data: bytes) -> None:
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        if sent == len(data):
            return
        phase, self.phase, self.since = self.phase, Phase.WRITING, self._shared.now
        rest = memoryview(data)[sent:]
        while rest:
            await trio.lowlevel.wait_writable(self._fd)
            try:
                rest = rest[self._sock.send(rest) :]
            except BlockingIOError:
                continue
        self.phase, self.since = phase, self._shared.now

    async def _refuse(self, response: Response) -> None:
        refusals = self._shared.refusals
        refusals[response.status] = refusals.get(response.status, 0) + 1
        data = encode(response, date=self._shared.date, connection=CLOSE, head_only=False)
        with trio.move_on_after(self._shared.limits.linger_time):
            await self._send(data)
            self._sock.shutdown(socket.SHUT_WR)
            await self._discard(self._shared.limits.linger_bytes)

    async def _linger(self) -> None:
        # Closing with unread input resets the connection, and a reset can overtake the answer.
        self._sock.shutdown(socket.SHUT_WR)
        try:
            unread = self._sock.recv(1)
        except BlockingIOError:
            return
        if unread:
            with trio.move_on_after(self._shared.limits.linger_time):
                await self._discard(self._shared.limits.linger_bytes)

    async def _discard(self, limit: int) -> None:
        while limit > 0:
            await trio.lowlevel.wait_readable(self._fd)
            try:
                data = self._sock.recv(BODY_RECEIVE_BYTES)
            except BlockingIOError:
                continue
            if not data:
                return
            limit -= len(data)
