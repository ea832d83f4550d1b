"""A streaming answer: what follows its head is sent bit by bit, as it comes.

A part is asked for only when the socket has taken the one before. So a client that reads slowly
makes nothing grow here: what it misses is not kept for it, and its next part is the newest. That
holds only if the system keeps little as well, so the socket's send buffer is made small.

As with answers that come later, a part is sent from the call that tells of it, without a task
switch: thousands of clients may follow one counter. What does not fit into the socket is left to
the task, which is woken for it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import trio

from .closing import discard
from .messages import Limits, Stream

SEND_BUFFER = 16 * 1024
"""Bytes of a stream that the system keeps for a client, about; Linux doubles the number."""

BULK_BYTES = 4 * 1024
"""After a part of this length it is the task's turn: there may be much more."""


class Streaming:
    """Sends one stream over one socket."""

    def __init__(
        self,
        sock: socket.socket,
        stream: Stream,
        limits: Limits,
        on_error: Callable[[Exception, None], None],
    ) -> None:
        """Takes the socket, whose head is sent, and what is called if the stream fails."""
        self._sock = sock
        self._stream = stream
        self._limits = limits
        self._on_error = on_error
        self._waiting = trio.CancelScope()
        self._rest = b""
        self._bulk = True
        self._over = False

    async def run(self) -> None:
        """Sends until the client ends, fails to take a part in time, or the task is cancelled.

        Raises OSError if the socket fails.
        """
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._stream.start(self._more)
        try:
            while not self._over:
                with trio.CancelScope() as self._waiting:
                    if self._rest or self._bulk:
                        await self._send_all()
                    else:
                        await discard(self._sock, self._limits.linger_bytes)
                        self._over = True
        finally:
            self._stream.stop()

    def beat(self) -> None:
        """Sends what shows that the connection lives, unless something is being sent."""
        self._send_part(lambda: self._stream.beat)

    def _more(self) -> None:
        """Sends what is new. It is called by whoever has news; raises nothing."""
        self._send_part(self._stream.take)

    def _send_part(self, take: Callable[[], bytes]) -> None:
        if self._rest or self._over:
            return
        try:
            data = take()
            self._rest = self._sent(data)
            self._bulk = len(data) >= BULK_BYTES
        except OSError:
            self._over = True
        except Exception as error:
            self._over = True
            self._on_error(error, None)
        if self._rest or self._bulk or self._over:
            self._waiting.cancel()

    async def _send_all(self) -> None:
        """Sends part after part until there is none, and lets others have turns in between."""
        while True:
            with trio.move_on_after(self._limits.write_time) as scope:
                while self._rest:
                    await trio.lowlevel.wait_writable(self._sock)
                    self._rest = self._sent(self._rest)
            if scope.cancelled_caught:
                self._over = True
                return
            await trio.lowlevel.checkpoint()
            self._rest = self._stream.take()
            if not self._rest:
                self._bulk = False
                return
            self._rest = self._sent(self._rest)

    def _sent(self, data: bytes) -> bytes:
        """Sends what fits into the socket and returns the rest. Raises OSError."""
        try:
            return data[self._sock.send(data) :] if data else data
        except BlockingIOError:
            return data
