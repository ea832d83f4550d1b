"""One HTTP/1.1 connection: it answers requests in order, refuses bad ones, and closes.

It uses a non-blocking socket directly, and is called when there is something to read: no task
switch is needed for most requests, where trio's streams take three. What cannot be done at once is
left to the connection's task.

An answer that comes later, by a future, is sent from the call that settles the future. For a write
that call comes from the node's driver, in the middle of the driver's own work. The alternative is
to wake the connection's task, which took a fifth of the whole time of an increment. The price is
that several parties send on one socket. These rules keep answers whole and in order:

1. Only one answer is awaited at a time: the handler does not get a request before the answer to the
   request before it is there.
2. While requests are being answered (`_answering`), the call that settles a future only adds the
   answer to what will be sent.
3. Else it sends. What does not fit into the socket (`_rest`) is left to the task, and nothing is
   read before that is sent.
4. Nothing is raised into whoever calls: an error ends this connection, and nothing else.

One read may bring hundreds of requests. Their answers are given in slices of `TURN_SECONDS`, and
everybody else has a turn of the loop between two slices: the gossip of this node must not wait for
one client.
"""

from __future__ import annotations

import socket
from contextlib import suppress

import trio

from ..future import Future
from ..readiness import Ear, Readiness
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

    def __init__(
        self, sock: socket.socket, handler: Handler, shared: Shared, readiness: Readiness
    ) -> None:
        self.phase = Phase.IDLE
        self.since = shared.now
        self._sock = sock
        self._fd = sock.fileno()
        self._handler = handler
        self._shared = shared
        self._ear = Ear(readiness, sock, self._read)
        self._scope = trio.CancelScope()
        self._parser = RequestParser(shared.limits, shared.repeated)
        # Whether the last answer of this connection is among those that were given.
        self._last = False
        # Answers that are to be sent together, and their length.
        self._out: list[bytes] = []
        self._size = 0
        # The request whose answer is awaited, with the Connection line of that answer; and the
        # event for which the task waits if it can do nothing before that answer.
        self._awaited: tuple[Request, bytes] | None = None
        self._arrived: trio.Event | None = None
        # Whether requests are being answered, how many of those that were read are, and what the
        # client has not taken.
        self._answering = False
        self._answered = 0
        self._rest = b""
        # What follows the last answer. Nothing may follow one that was cut off.
        self._streaming: Streaming | None = None
        self._cut = False

    async def run(self) -> None:
        """Serves until either side closes. An error of the socket ends it without a word."""
        try:
            with self._scope:
                await self._converse()
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
            self._end()

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
        self._end()

    def refuse(self, response: Response) -> None:
        """Makes `run` send this answer and nothing else."""
        self._parser.refuse(response)
        self._end()

    # Receiving

    async def _converse(self) -> None:
        """Lets `_read` answer, and goes on where that has to wait, until it is cancelled."""
        self._ear.listen()
        try:
            while True:
                await self._ear.handed_over()
                await self._go_on()
                self._end_or_listen()
        finally:
            self._ear.close()

    def _read(self) -> None:
        """Reads what has come, and answers what can be answered at once. Raises nothing."""
        if self._answering or self._awaited is not None or self._rest:
            # Something must be done or come before the next request is read.
            self._ear.rest()
            return
        size = BODY_RECEIVE_BYTES if self.phase is Phase.BODY else RECEIVE_BYTES
        try:
            data = self._sock.recv(size)
            if data:
                self._take(data)
            else:
                self._end()
        except BlockingIOError:
            pass
        except OSError:
            self._end()
        except Exception as error:
            self._shared.on_error(error, None)
            self._end()

    def _take(self, data: bytes) -> None:
        parser = self._parser
        parser.feed(data)
        if parser.ready:
            if not self._advance():
                # Neither idle nor waiting for the client: requests are still to be answered.
                self.phase = Phase.HANDLING
                self._ear.hand_over()
                return
            self.since = self._shared.now
            if self._awaited is not None:
                return
        else:
            before, self.phase = self.phase, self._reading()
            if self.phase is not before:
                self.since = self._shared.now
        self._end_or_listen()

    def _end_or_listen(self) -> None:
        """Ends if no further request is taken; else reads, when nothing has to come before that."""
        if self._answering or self._awaited is not None or self._rest:
            return
        parser, is_drained = self._parser, self._shared.draining and self.phase is Phase.IDLE
        if self._last or is_drained or parser.refusal is not None:
            self._end()
            return
        if parser.expects_continue:
            parser.continued()
            self._rest = self._sent(CONTINUE)
        if self._rest:
            self._ear.hand_over()
        elif not self._ear.listens:
            self._ear.listen()

    def _end(self) -> None:
        self._ear.close()
        self._scope.cancel()

    def _reading(self) -> Phase:
        """Returns the phase for what the client sends next."""
        parser = self._parser
        if parser.in_head:
            return Phase.HEAD
        return Phase.BODY if parser.in_body else Phase.IDLE

    # Answering

    def _advance(self) -> bool:
        """Answers what was read. Returns False if something must be waited for before the rest.

        Raises OSError.
        """
        handler, clock, ready = self._handler, self._shared.clock, self._parser.ready
        self._answering = True
        turn_ends = clock() + TURN_SECONDS
        while self._answered < len(ready) and not self._last:
            if self._rest:
                return False
            if self._awaited is not None or clock() >= turn_ends:
                self._flush()
                return False
            request, wanted = ready[self._answered]
            self._answered += 1
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
                self._flush()
        ready.clear()
        self._answered = 0
        if not self._flush():
            return False
        self._answering = False
        self.phase = self._reading() if self._awaited is None else Phase.HANDLING
        return True

    async def _go_on(self) -> None:
        """Answers all that was read, and waits for whatever that takes. Raises OSError."""
        while True:
            if self._rest:
                await self._send_rest()
            elif self._awaited is not None:
                await self._until_arrived()
            else:
                self.phase = Phase.HANDLING
                await trio.lowlevel.checkpoint()
            if self._advance():
                self.since = self._shared.now
                return

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
            self._end()
        except Exception as error:
            self._shared.on_error(error, None)
            # The client would take the next answer for this one.
            self._last = True
            self._end()

    def _put_awaited(self, outcome: Response | Exception) -> None:
        assert self._awaited is not None
        (request, wanted), self._awaited = self._awaited, None
        if isinstance(outcome, Exception):
            outcome = self._failed(outcome, request)
        self._put(request, wanted, outcome)
        if self._arrived is not None:
            self._arrived.set()

    def _send_from_outside(self) -> None:
        """Sends what fits into the socket, and leaves to the task what does not."""
        self._flush()
        self.phase = Phase.WRITING if self._rest else self._reading()
        self.since = self._shared.now
        if self._rest:
            self._ear.hand_over()
        else:
            self._end_or_listen()

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

    def _sent(self, data: bytes) -> bytes:
        """Sends what fits into the socket and returns the rest. Raises OSError."""
        try:
            return data[self._sock.send(data) :]
        except BlockingIOError:
            return data

    def _flush(self) -> bool:
        """Sends what fits into the socket. Returns whether nothing is left. Raises OSError."""
        if self._out and not self._rest:
            self._rest = self._sent(b"".join(self._out))
            self._out.clear()
            self._size = 0
        return not self._rest

    async def _send_rest(self) -> None:
        if not self._rest:
            return
        phase, self.phase, self.since = self.phase, Phase.WRITING, self._shared.now
        rest = memoryview(self._rest)
        while rest:
            await trio.lowlevel.wait_writable(self._fd)
            with suppress(BlockingIOError):
                rest = rest[self._sock.send(rest) :]
        self._rest = b""
        self.phase, self.since = phase, self._shared.now

    # Closing

    async def _send_refusal(self, response: Response) -> None:
        refusals = self._shared.refusals
        refusals[response.status] = refusals.get(response.status, 0) + 1
        data = encode(response, date=self._shared.date, connection=CLOSE, head_only=False)
        with trio.move_on_after(self._shared.limits.linger_time):
            self._rest = self._sent(data)
            await self._send_rest()
            self._sock.shutdown(socket.SHUT_WR)
            await discard(self._sock, self._shared.limits.linger_bytes)
