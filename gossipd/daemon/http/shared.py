"""What all connections of one server have in common."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from enum import IntEnum
from time import perf_counter

import attrs

from ..repeated import Repeated
from .messages import Limits, Request
from .parser import Ready

OnError = Callable[[Exception, Request | None], None]
"""Called with an error of the handler and its request, or with any other and None; never raises."""


class Phase(IntEnum):
    """What a connection waits for. It decides the deadline."""

    IDLE = 0
    HEAD = 1
    BODY = 2
    HANDLING = 3
    WRITING = 4
    STREAMING = 5
    CLOSING = 6


@attrs.define
class Shared:
    """What all connections of one server have in common.

    Attributes:
        now: seconds on a clock that moves once a tick, by two ticks at most, so that a pause of
            this process does not use up the deadlines.
        date: the Date header line.
        draining: whether every answer is the last one on its connection.
        clock: tells the seconds that answers take.
        refusals: number of answers given without the handler, by status.
        streams: number of connections on which an answer is streamed.
        repeated: the requests that short reads were found to be.
    """

    limits: Limits
    on_error: OnError
    now: float = 0.0
    date: bytes = b""
    draining: bool = False
    clock: Callable[[], float] = perf_counter
    refusals: dict[int, int] = attrs.Factory(dict)
    streams: int = 0
    repeated: Repeated[list[Ready]] = attrs.Factory(Repeated)

    def begin_stream(self) -> bool:
        """Counts a stream, unless there is no room for one more."""
        if self.streams >= self.limits.streams:
            return False
        self.streams += 1
        return True

    def end_stream(self) -> None:
        """Counts a stream no more."""
        self.streams -= 1

    def tick(self, elapsed: float = 0.0) -> None:
        """Moves the clock by so many seconds, and renews the Date header."""
        self.now += elapsed
        self.date = f"Date: {formatdate(usegmt=True)}\r\n".encode("ascii")

    def drain(self) -> None:
        """Makes every answer from now on the last one on its connection."""
        self.draining = True
