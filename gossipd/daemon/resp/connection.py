"""One RESP connection: it answers requests in order, and closes after bytes that are none.

It uses a non-blocking socket, as the HTTP server does, and is called when there is something to
read: most requests need no task switch. The answer to a write is sent from the call that settles
its future, within the node's driver. These rules keep answers whole and in order:

1. All answers go into `_out`, in the order of their requests. Only one future is awaited at a time;
   the client gets no request before the answers to those before it are there. Those that it gathers
   are the exception: they become one write, with one future for all their answers.
2. While requests are being answered (`_answering`), the call sends nothing. Else it does.
3. What does not fit into the socket is kept in `_unsent`, for a second task to send. Meanwhile
   requests are still read, up to a limit: a client may send a million before it reads an answer.
4. News is sent by whoever brings it, when no answer is under way and the client has taken all that
   was sent. Else it is left until then, and a client that does not read costs what is in `_unsent`.
5. Nothing is raised into the driver: an error ends this connection, and nothing else.

One read may bring hundreds of requests. They are answered in slices of `TURN_SECONDS`, and between
two of them everybody else has a turn: the gossip of this node must not wait for one client.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import trio

from ..future import Future
from ..readiness import Ear, Readiness
from .client import Client
from .closing import linger
from .parser import RequestParser
from .replies import Error, encode
from .shared import Shared

RECEIVE_BYTES = 16 * 1024
FLUSH_BYTES = 64 * 1024
"""Answers are collected up to this length, and then sent together."""
TURN_SECONDS = 0.001
"""A connection that has answered for this long gives way to all others, and then goes on."""


class Connection:
    """One accepted socket. `run` serves it.

    Attributes:
        since: `Shared.now` when its present state began: idle, or waiting for the client.
    """

    def __init__(
        self, sock: socket.socket, client: Client, shared: Shared, readiness: Readiness
    ) -> None:
        self.since = shared.now
        self._sock = sock
        self._client = client
        self._shared = shared
        self._ear = Ear(readiness, sock, self._read)
        self._parser = RequestParser(shared.repeated)
        self._scope = trio.CancelScope()
        self._nursery: trio.Nursery | None = None
        self._out: list[bytes] = []
        self._size = 0
        # Whether the last answer was given, and whether it was an error about what is no request.
        self._last = False
        self._is_misunderstood = False
        # Whether requests are being answered, how many were, and the parts of an answer to come.
        self._answering = False
        self._answered = 0
        self._parts: Iterator[bytes] | None = None
        # Whether a future is awaited, and the event that tells the task of its answer.
        self._awaited = False
        self._arrived: trio.Event | None = None
        # What the client has not taken, how much was read since it was behind, and the event that
        # tells the task that it has taken everything.
        self._unsent = bytearray()
        self._owed = 0
        self._drained: trio.Event | None = None
        self._telling = False  # whether a task of its own sends the rest of much news
        client.news.on_news(self._tell)

    async def run(self) -> None:
        """Serves until either side closes. An error of the socket ends it without a word."""
        try:
            async with trio.open_nursery() as self._nursery:
                try:
                    with self._scope:
                        await self._converse()
                finally:
                    self._client.news.close()
            await linger(self._sock, self._shared.limits, more=self._is_misunderstood)
        except OSError:
            pass
        finally:
            self._sock.close()

    def is_idle(self) -> bool:
        """Returns whether no request is under way and none waits to be read."""
        if self._answering or self._awaited or self._unsent or self._parser.has_begun:
            return False
        try:
            return not self._sock.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def check(self) -> None:
        """Ends the wait for a client that has been silent in the middle of something too long."""
        waited = self._shared.now - self.since
        if self._unsent:
            if waited >= self._shared.limits.write_time:
                self.cut()
        elif self._answering or self._awaited or self._last:
            return
        elif self._parser.has_begun and waited >= self._shared.limits.request_time:
            self._complain("the request did not arrive in time")
            self._scope.cancel()

    def expire(self) -> None:
        """Lets the connection end when the client has taken what was answered."""
        self._last = True
        self._scope.cancel()

    def cut(self) -> None:
        """Ends the connection now."""
        self._unsent.clear()
        if self._nursery is not None:
            self._nursery.cancel_scope.cancel()

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
        if self._answering or self._awaited or self._owed > self._shared.limits.unread_bytes:
            self._ear.rest()
            return
        try:
            data = self._sock.recv(RECEIVE_BYTES)
            if data:
                self._take(data)
            else:
                self._end()
        except BlockingIOError:
            pass
        except OSError:
            self._end()
        except Exception as error:
            self._shared.on_error(error)
            self.cut()

    def _take(self, data: bytes) -> None:
        parser = self._parser
        if self._unsent:
            self._owed += len(data)
        elif not parser.has_begun:
            self.since = self._shared.now
        parser.feed(data)
        if (parser.ready or parser.error) and not self._advance():
            self._ear.hand_over()
        elif not self._awaited:
            self._end_or_listen()

    def _end_or_listen(self) -> None:
        """Ends after the last answer; else reads again unless something has to come before that."""
        if self._answering or self._awaited:
            return
        if self._last or self._shared.draining:
            self._end()
        elif not self._ear.listens and self._owed <= self._shared.limits.unread_bytes:
            self._ear.listen()

    def _end(self) -> None:
        self._ear.close()
        self._scope.cancel()

    def _complain(self, error: str) -> None:
        """Answers an error, as the last answer."""
        self._shared.count_malformed()
        self._last = self._is_misunderstood = True
        self._put(encode(Error(f"ERR {error}"), 2))
        self._flush()

    # Answering

    def _advance(self) -> bool:
        """Answers what was read. Returns False if something must be waited for before the rest."""
        client, clock, ready = self._client, self._shared.clock, self._parser.ready
        self._answering = True
        turn_ends = clock() + TURN_SECONDS
        if self._parts is not None and not self._put_part(self._parts):
            return False
        while self._answered < len(ready) and not self._last:
            if clock() >= turn_ends:
                self._flush_gathered()
                return False
            request = ready[self._answered]
            if client.gather(request):
                self._answered += 1
                continue
            self._flush_gathered()
            if self._awaited:
                return False
            self._answered += 1
            if not self._answer_one(request):
                return False
        ready.clear()
        self._answered = 0
        self._flush_gathered()
        if self._parser.error is not None and not self._last:
            if self._awaited:
                return False
            self._complain(self._parser.error)
        if self._size:
            self._flush()
        self._answering = False
        if not self._unsent:
            self.since = self._shared.now
        if not self._awaited:
            self._tell()
        return True

    async def _go_on(self) -> None:
        """Answers all that was read, and waits for whatever that takes."""
        while True:
            self._flush()
            if self._awaited:
                await self._until_arrived()
            else:
                # Every other task that can run has its turn.
                await trio.lowlevel.checkpoint()
            if len(self._unsent) > self._shared.limits.unread_bytes:
                await self._until_drained()
            if self._advance():
                return

    def _answer_one(self, request: list[bytes]) -> bool:
        """Answers a request. Returns False if something must be waited for before the next one."""
        try:
            answer = self._client.answer(request)
            if isinstance(answer, bytes):
                self._put(answer)
            elif isinstance(answer, Future):
                self._awaited = True
                answer.then(self._arrive)
            elif not self._put_part(answer):
                return False
        except Exception as error:
            self._fail(error)
        if self._client.has_quit:
            self._last = True
        if self._size > FLUSH_BYTES:
            self._flush()
        return not self._awaited and len(self._unsent) <= self._shared.limits.unread_bytes

    def _put_part(self, parts: Iterator[bytes]) -> bool:
        """Puts the next part of a long answer. Returns whether there was none."""
        part = None
        try:
            part = next(parts, None)
        except Exception as error:
            self._fail(error)
        self._parts = None if part is None else parts
        self._put(part or b"")
        return part is None

    def _flush_gathered(self) -> None:
        if self._client.gathered:
            self._awaited = True
            self._client.flush(self._arrive)

    async def _until_arrived(self) -> None:
        """Returns when no answer is awaited."""
        while self._awaited:
            self._arrived = trio.Event()
            await self._arrived.wait()
            self._arrived = None

    async def _until_drained(self) -> None:
        """Returns when the client has taken all answers that were sent."""
        while self._unsent:
            self._drained = trio.Event()
            await self._drained.wait()
            self._drained = None

    def _arrive(self, outcome: bytes | Exception) -> None:
        """Takes the awaited answers. It is called by whoever settles the future; raises nothing."""
        self._awaited = False
        if isinstance(outcome, Exception):
            self._fail(outcome)
        else:
            self._put(outcome)
        if self._arrived is not None:
            self._arrived.set()
        if not self._answering:
            self._flush()
            self.since = self._shared.now
            try:
                self._end_or_listen()
            except OSError:
                self._end()
            if self._client.news.is_there:
                self._tell()

    def _fail(self, error: Exception) -> None:
        # The client could not tell which of its requests the next answer belongs to.
        self._shared.on_error(error)
        self._put(encode(Error("ERR internal error"), 2))
        self._last = True

    # Sending

    def _put(self, data: bytes) -> None:
        self._out.append(data)
        self._size += len(data)

    def _flush(self) -> None:
        """Sends what fits into the socket, and leaves the rest to a task of its own."""
        if not self._size:
            return
        data = b"".join(self._out)
        self._out.clear()
        self._size = 0
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.cut()
            return
        if sent < len(data):
            assert self._nursery is not None
            self._unsent += data[sent:]
            self.since = self._shared.now
            self._nursery.start_soon(self._send_rest)

    async def _send_rest(self) -> None:
        try:
            while self._unsent:
                await trio.lowlevel.wait_writable(self._sock)
                sent = 0
                with memoryview(self._unsent) as rest, suppress(BlockingIOError):
                    sent = self._sock.send(rest[:FLUSH_BYTES])
                del self._unsent[:sent]
                self.since = self._shared.now
        except OSError:
            self.cut()
        self._owed = 0
        if self._drained is not None:
            self._drained.set()
        else:
            # If the server drains, it was not idle when the others were ended.
            self._end_or_listen()
        self._tell()

    # News

    def _tell(self) -> None:
        """Sends a part of the news if nothing goes before it, and leaves the rest to a task."""
        if not self._may_tell():
            return
        try:
            self._put(self._client.news.take())
        except Exception as error:
            if not isinstance(error, OSError):
                self._shared.on_error(error)
            self.cut()
            return
        self._flush()
        if not self._parser.has_begun:
            self.since = self._shared.now
        if not self._telling and self._may_tell():
            assert self._nursery is not None
            self._telling = True
            self._nursery.start_soon(self._tell_rest)

    async def _tell_rest(self) -> None:
        """Sends part after part as long as it may, and lets others have turns in between."""
        while self._may_tell():
            await trio.lowlevel.checkpoint()
            self._tell()
        self._telling = False

    def _may_tell(self) -> bool:
        busy = self._answering or self._awaited or self._unsent or self._last
        return not busy and self._client.news.is_there
