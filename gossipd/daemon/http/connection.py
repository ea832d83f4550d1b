"""One HTTP/1.1 connection: requests are answered in order, bad ones refused, then it closes.

It works on a non-blocking socket directly: waiting until the socket is readable and then reading
and writing at once takes one task switch a request, where trio's streams take three. An answer that
comes later is sent by whoever settles it, without waking this connection's task.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from enum import IntEnum

import attrs
import trio

from ..future import Later
from .messages import CLOSE, CONTINUE, Handler, Limits, Request, Response, encode, text_response
from .parser import RequestParser

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
        self._out: list[bytes] = []
        self._size = 0
        # What of a later answer did not fit into the socket.
        self._rest = b""
        # The request that is answered later, with its Connection line.
        self._pending: tuple[Request, bytes] | None = None
        self._settled: trio.Event | None = None
        self._answering = False

    async def run(self) -> None:
        """Serves until either side closes. Errors of the peer's making end it quietly."""
        try:
            with self._scope:
                await self._converse()
            while self._rest:
                with trio.CancelScope() as self._scope:
                    await self._finish()
            self.phase = Phase.CLOSING
            if self._last or self._parser.refusal is None:
                await self._linger()
            else:
                await self._refuse(self._parser.refusal)
        except OSError:
            pass
        finally:
            self._sock.close()
            self._parser.close()

    def is_idle(self) -> bool:
        """Whether nothing was asked: no request is under way, and none waits to be read."""
        if self.phase is not Phase.IDLE:
            return False
        try:
            return not self._sock.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def expire(self) -> None:
        """Ends whatever the connection waits for: an unfinished request is answered 408."""
        if self.phase is Phase.HEAD or self.phase is Phase.BODY:
            self._parser.refusal = text_response(408, "the request did not arrive in time")
        elif self.phase is Phase.WRITING:
            # Nothing may follow a part of an answer.
            self._parser.refusal = None
        self._rest = b""
        self._scope.cancel()

    def refuse(self, response: Response) -> None:
        """Makes `run` give this answer and nothing else."""
        self._parser.refusal = response
        self._scope.cancel()

    async def _converse(self) -> None:
        receive, scope, shared, parser = self._sock.recv, self._scope, self._shared, self._parser
        while True:
            if parser.refusal is not None or parser.expects_continue:
                await self._until_settled()
                if scope.cancel_called or parser.refusal is not None:
                    return
                parser.expects_continue = False
                await self._send(CONTINUE)
            await trio.lowlevel.wait_readable(self._fd)
            if self._pending is not None:
                await self._until_settled()
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
            self.phase = self._awaited()
            if parser.ready:
                await self._answer()
                if self._is_over():
                    return
                self.since = shared.now
            elif self.phase is not before:
                self.since = shared.now

    def _is_over(self) -> bool:
        """Whether there is to be no further request."""
        return self._last or (self._shared.draining and self.phase is Phase.IDLE)

    def _awaited(self) -> Phase:
        """What the peer is to send next."""
        if self._parser.in_head:
            return Phase.HEAD
        return Phase.BODY if self._parser.in_body else Phase.IDLE

    async def _answer(self) -> None:
        handler = self._shared.handler
        self._answering = True
        for request, wanted in self._parser.ready:
            if self._pending is not None:
                await self._flush()
                # It may have come while the answers before it were being sent.
                await self._until_settled()
            if self._last:
                break
            try:
                response = handler(request)
            except Exception as error:
                response = self._failed(error, request)
            if isinstance(response, Later):
                self._pending = request, wanted
                response.then(self._settle)
                continue
            if not isinstance(response, Response):
                await self._flush()
                response = await self._waited(request, response)
            self._put(request, wanted, response)
            if self._size > FLUSH_BYTES:
                await self._flush()
        self._parser.ready.clear()
        await self._flush()
        self._answering = False
        if self._pending is not None:
            self.phase = Phase.HANDLING

    async def _waited(self, request: Request, response: Awaitable[Response]) -> Response:
        phase, self.phase = self.phase, Phase.HANDLING
        try:
            return await response
        except Exception as error:
            return self._failed(error, request)
        finally:
            self.phase = phase

    async def _until_settled(self) -> None:
        """Returns once no answer is to come later."""
        if self._pending is not None:
            self.phase = Phase.HANDLING
            self._settled = trio.Event()
            await self._settled.wait()
            self._settled = None
            self.phase = self._awaited()

    def _settle(self, outcome: Response | Exception) -> None:
        """Takes the answer that was to come later; raises nothing, as others' work goes on then."""
        try:
            self._take(outcome)
        except OSError:
            self._scope.cancel()
        except Exception as error:
            self._shared.on_error(error, None)
            # The next answer would be taken for this one.
            self._last = True
            self._scope.cancel()

    def _take(self, outcome: Response | Exception) -> None:
        assert self._pending is not None
        (request, wanted), self._pending = self._pending, None
        if isinstance(outcome, Exception):
            outcome = self._failed(outcome, request)
        self._put(request, wanted, outcome)
        if self._settled is not None:
            self._settled.set()
        if self._answering:
            # The task sends it. One that was cancelled meanwhile sends nothing more.
            return
        self._rest = self._sent(self._taken())
        self.phase = Phase.WRITING if self._rest else self._awaited()
        self.since = self._shared.now
        if self._rest or self._last:
            self._scope.cancel()

    async def _finish(self) -> None:
        """Sends the rest of a later answer, and goes on."""
        rest, self._rest = self._rest, b""
        await self._send(rest)
        self.phase = self._awaited()
        if not self._is_over():
            await self._converse()

    def _put(self, request: Request, wanted: bytes, response: Response) -> None:
        shared = self._shared
        connection = CLOSE if shared.draining else wanted
        head_only = request.method == "HEAD"
        data = encode(response, date=shared.date, connection=connection, head_only=head_only)
        self._out.append(data)
        self._size += len(data)
        if connection is CLOSE:
            self._last = True

    def _failed(self, error: Exception, request: Request) -> Response:
        self._shared.on_error(error, request)
        return text_response(500, "internal error")

    def _taken(self) -> bytes:
        """All that is to be sent."""
        out = self._out
        data = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        self._size = 0
        return data

    async def _flush(self) -> None:
        while self._out:
            await self._send(self._taken())

    def _sent(self, data: bytes) -> bytes:
        """What of it did not fit into the socket. Raises OSError."""
        try:
            return data[self._sock.send(data) :]
        except BlockingIOError:
            return data

    async def _send(self, data: bytes) -> None:
        rest = memoryview(self._sent(data))
        if not rest:
            return
        phase, self.phase, self.since = self.phase, Phase.WRITING, self._shared.now
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
