"""One HTTP/1.1 connection: it answers requests in order, refuses bad ones, and closes.

It uses a non-blocking socket directly. To wait until the socket is readable, and then to read and
write at once, takes one task switch a request, where trio's streams take three.

An answer that comes later, by a future, is sent from the call that settles the future. For a write
that call comes from the node's driver, in the middle of the driver's own work. The alternative is
to wake the connection's task, which took a fifth of the whole time of an increment. The price is
that two parties send on one socket, the task and that call. These rules keep answers whole and in
order:

1. Only one answer is awaited at a time: the handler does not get a request before the answer to the
   request before it is there.
2. While the task is answering (`_answering`), it alone sends. The call only adds the answer to what
   the task will send.
3. Else the task waits for the client and sends nothing, and so the call sends. What does not fit
   into the socket (`_rest`) is left to the task, which is woken for it, as it is when the
   connection is to end. The task waits inside a cancel scope, and cancelling that scope wakes it.
4. Nothing is raised into the driver: an error ends this connection, and nothing else.

One read may bring hundreds of requests. Their answers are given in slices of `TURN_SECONDS`, and
everybody else has a turn of the loop between two slices: the gossip of this node must not wait for
one client. The end of a slice is looked at before each answer, so that an answer that takes longer
than a slice is the last one of its turn.
"""

from __future__ import annotations

import socket

import trio

from ..future import Future
from .closing import discard, linger
from .messages import (
    CLOSE,
    CONTINUE,
    Handler,
    Request,
    Response,
    Stream,
    encode,
    text_response,
)
from .parser import RequestParser
from .shared import Phase, Shared
from .streaming import Streaming

RECEIVE_BYTES = 16 * 1024
BODY_RECEIVE_BYTES = 256 * 1024
FLUSH_BYTES = 64 * 1024
"""Answers to pipelined requests are collected up to this length, and then sent together."""

TURN_SECONDS = 0.001
"""A connection that has answered for this long gives way to all others, and then goes on."""

_NO_STREAM = text_response(503, "too many streams are open", ("Retry-After", "1"))


class Connection:
    """One accepted socket. `run` serves it; the server watches `phase` and `since`.

    Attributes:
        phase: what the connection waits for.
        since: `Shared.now` when it began to wait for that.
    """

    def __init__(self, sock: socket.socket, handler: Handler, shared: Shared) -> None:
        self.phase = Phase.IDLE
        self.since = shared.now
        self._sock = sock
        self._fd = sock.fileno()
        self._handler = handler
        self._shared = shared
        self._scope = trio.CancelScope()
        self._parser = RequestParser(shared.limits)
        # Whether the last answer of this connection is among those that were given.
        self._last = False
        # Answers that are to be sent together, and their length.
        self._out: list[bytes] = []
        self._size = 0
        # The request whose answer is awaited, with the Connection line of that answer; and the
        # event for which the task waits if it can do nothing before that answer.
        self._awaited: tuple[Request, bytes] | None = None
        self._arrived: trio.Event | None = None
        self._answering = False
        self._rest = b""
        # What follows the last answer. Nothing may follow one that was cut off.
        self._streaming: Streaming | None = None
        self._cut = False

    async def run(self) -> None:
        """Serves until either side closes. An error of the socket ends it without a word."""
        try:
            with self._scope:
                await self._converse()
            while self._rest:
                with trio.CancelScope() as self._scope:
                    await self._send_rest()
            if self._streaming is not None and not (self._cut or self._shared.draining):
                self.phase, self.since = Phase.STREAMING, self._shared.now
                with trio.CancelScope() as self._scope:
                    await self._streaming.run()
            self.phase = Phase.CLOSING
            if self._last or self._parser.refusal is None:
                await linger(self._sock, self._shared.limits)
            else:
                await self._send_refusal(self._parser.refusal)
        except OSError:
            pass
        finally:
            if self._streaming is not None:
                self._shared.end_stream()
            self._sock.close()
            self._parser.close()

    def is_idle(self) -> bool:
        """Returns whether no request is under way and none waits to be read."""
        if self.phase is not Phase.IDLE:
            return False
        try:
            return not self._sock.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def drain(self) -> None:
        """Ends the connection unless an answer with an end is under way."""
        if self.phase is Phase.IDLE or self.phase is Phase.STREAMING:
            self._scope.cancel()

    def expire(self) -> None:
        """Ends the wait for the client, or shows a client of a stream that the connection lives.

        An unfinished request is answered 408.
        """
        if self._streaming is not None and self.phase is Phase.STREAMING:
            self._streaming.beat()
            self.since = self._shared.now
            return
        if self.phase is Phase.HEAD or self.phase is Phase.BODY:
            self._parser.refuse(text_response(408, "the request did not arrive in time"))
        elif self.phase is Phase.WRITING:
            self._parser.refuse(None)
            self._cut = True
        self._rest = b""
        self._scope.cancel()

    def refuse(self, response: Response) -> None:
        """Makes `run` send this answer and nothing else."""
        self._parser.refuse(response)
        self._scope.cancel()

    # Receiving

    async def _converse(self) -> None:
        receive, scope, shared, parser = self._sock.recv, self._scope, self._shared, self._parser
        while True:
            if parser.refusal is not None or parser.expects_continue:
                await self._until_arrived()
                if scope.cancel_called or parser.refusal is not None:
                    return
                parser.continued()
                await self._send(CONTINUE)
            await trio.lowlevel.wait_readable(self._fd)
            if self._awaited is not None:
                await self._until_arrived()
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
            self.phase = self._reading()
            if parser.ready:
                await self._answer()
                if self._is_over():
                    return
                self.since = shared.now
            elif self.phase is not before:
                self.since = shared.now

    def _is_over(self) -> bool:
        """Returns whether no further request is taken."""
        return self._last or (self._shared.draining and self.phase is Phase.IDLE)

    def _reading(self) -> Phase:
        """Returns the phase for what the client sends next."""
        if self._parser.in_head:
            return Phase.HEAD
        return Phase.BODY if self._parser.in_body else Phase.IDLE

    # Answering

    async def _answer(self) -> None:
        handler, clock = self._handler, self._shared.clock
        self._answering = True
        turn_ends = clock() + TURN_SECONDS
        for request, wanted in self._parser.ready:
            if self._awaited is not None:
                await self._flush()
                # The answer may have arrived while those before it were being sent.
                await self._until_arrived()
                turn_ends = clock() + TURN_SECONDS
            elif clock() >= turn_ends:
                await self._give_way()
                turn_ends = clock() + TURN_SECONDS
            if self._last:
                break
            try:
                response = handler(request)
            except Exception as error:
                response = self._failed(error, request)
            if isinstance(response, Future):
                self._awaited = request, wanted
                response.then(self._arrive)
                continue
            self._put(request, wanted, response)
            if self._size > FLUSH_BYTES:
                await self._flush()
        self._parser.ready.clear()
        await self._flush()
        self._answering = False
        if self._awaited is not None:
            self.phase = Phase.HANDLING

    async def _give_way(self) -> None:
        """Sends what is answered, and lets every other task that can run have its turn."""
        await self._flush()
        # Neither idle nor waiting for the client: requests are still to be answered.
        phase, self.phase = self.phase, Phase.HANDLING
        await trio.lowlevel.checkpoint()
        self.phase = phase

    async def _until_arrived(self) -> None:
        """Returns when no answer is awaited."""
        if self._awaited is not None:
            self.phase = Phase.HANDLING
            self._arrived = trio.Event()
            await self._arrived.wait()
            self._arrived = None
            self.phase = self._reading()

    def _arrive(self, outcome: Response | Exception) -> None:
        """Takes the awaited answer. It is called by whoever settles the future; raises nothing."""
        try:
            self._put_awaited(outcome)
            # A task that was cancelled while answering sends nothing more, which is right.
            if not self._answering:
                self._send_from_outside()
        except OSError:
            self._scope.cancel()
        except Exception as error:
            self._shared.on_error(error, None)
            # The client would take the next answer for this one.
            self._last = True
            self._scope.cancel()

    def _put_awaited(self, outcome: Response | Exception) -> None:
        assert self._awaited is not None
        (request, wanted), self._awaited = self._awaited, None
        if isinstance(outcome, Exception):
            outcome = self._failed(outcome, request)
        self._put(request, wanted, outcome)
        if self._arrived is not None:
            self._arrived.set()

    def _send_from_outside(self) -> None:
        """Sends what fits into the socket, and wakes the task if something is left to do."""
        self._rest = self._sent(self._taken())
        self.phase = Phase.WRITING if self._rest else self._reading()
        self.since = self._shared.now
        if self._rest or self._last:
            self._scope.cancel()

    def _put(self, request: Request, wanted: bytes, response: Response) -> None:
        shared = self._shared
        connection = CLOSE if shared.draining else wanted
        head_only = request.method == "HEAD"
        if response.stream is not None:
            connection = CLOSE
            if not head_only:
                response = self._begin_stream(response, response.stream)
        data = encode(response, date=shared.date, connection=connection, head_only=head_only)
        self._out.append(data)
        self._size += len(data)
        if connection is CLOSE:
            self._last = True

    def _begin_stream(self, response: Response, stream: Stream) -> Response:
        """Lets a stream follow, if there is room. Returns the answer that says so or that not."""
        shared = self._shared
        if not shared.begin_stream():
            return _NO_STREAM
        self._streaming = Streaming(self._sock, stream, shared.limits, shared.on_error)
        return response

    def _failed(self, error: Exception, request: Request) -> Response:
        self._shared.on_error(error, request)
        return text_response(500, "internal error")

    # Sending

    def _taken(self) -> bytes:
        """Takes all out of `_out` and returns it."""
        out = self._out
        data = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        self._size = 0
        return data

    def _sent(self, data: bytes) -> bytes:
        """Sends what fits into the socket and returns the rest. Raises OSError."""
        try:
            return data[self._sock.send(data) :]
        except BlockingIOError:
            return data

    async def _flush(self) -> None:
        while self._out:
            await self._send(self._taken())

    async def _send_rest(self) -> None:
        """Sends the rest of an answer that came later, and goes on with the requests."""
        rest, self._rest = self._rest, b""
        await self._send(rest)
        self.phase = self._reading()
        if not self._is_over():
            await self._converse()

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

    # Closing

    async def _send_refusal(self, response: Response) -> None:
        refusals = self._shared.refusals
        refusals[response.status] = refusals.get(response.status, 0) + 1
        data = encode(response, date=self._shared.date, connection=CLOSE, head_only=False)
        with trio.move_on_after(self._shared.limits.linger_time):
            await self._send(data)
            self._sock.shutdown(socket.SHUT_WR)
            await discard(self._sock, self._shared.limits.linger_bytes)
