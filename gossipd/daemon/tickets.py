"""The writes that clients wait for, between the service that asks and the driver that answers."""

from __future__ import annotations

import time

from gossipd.protocol import Answer

from .future import Future
from .histogram import Histogram


class Tickets:
    """The writes that wait for their answers, each under a number that the node gives back.

    Attributes:
        seconds: how long the answers took.
    """

    def __init__(self) -> None:
        self.seconds = Histogram()
        self._waiting: dict[int, tuple[Future[Answer], float]] = {}
        self._last = 0

    def __len__(self) -> int:
        """Returns how many writes wait."""
        return len(self._waiting)

    def issue(self) -> tuple[int, Future[Answer]]:
        """Returns a new ticket, and the future of its answer."""
        self._last += 1
        future = Future[Answer]()
        self._waiting[self._last] = future, time.perf_counter()
        return self._last, future

    def answer(self, answer: Answer) -> None:
        """Settles the future of the answer's ticket."""
        future, issued = self._waiting.pop(answer.ticket)
        self.seconds.add(time.perf_counter() - issued)
        future.settle(answer)

    def refuse(self, ticket: int, error: Exception) -> None:
        """Settles the future of a ticket with an error."""
        self._waiting.pop(ticket)[0].settle(error)
