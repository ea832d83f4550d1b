"""What all connections of one server have in common."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import attrs

from ..repeated import Repeated
from .limits import Limits


@attrs.define
class Shared:
    """What all connections of one server have in common.

    Attributes:
        on_error: called with what a client raised; never raises.
        now: seconds on a clock that moves once a tick, by two ticks at most, so that a pause of
            this process does not use up the deadlines.
        draining: whether connections end as soon as their requests are answered.
        clock: tells the seconds that answers take.
        malformed: number of connections that ended because of bytes that are no request.
        repeated: the requests that short reads were found to be.
    """

    limits: Limits
    on_error: Callable[[Exception], None]
    now: float = 0.0
    draining: bool = False
    clock: Callable[[], float] = perf_counter
    malformed: int = 0
    repeated: Repeated[list[list[bytes]]] = attrs.Factory(Repeated)

    def tick(self, elapsed: float) -> None:
        """Moves the clock by so many seconds."""
        self.now += elapsed

    def drain(self) -> None:
        """Lets every connection end with the requests that it has read."""
        self.draining = True

    def count_malformed(self) -> None:
        """Counts a connection that ended because of bytes that are no request."""
        self.malformed += 1
