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
        # The future of each, when it was asked for, and for how many requests.
        self._waiting: dict[int, tuple[Future[Answer], float, int]] = {}
        self._last = 0

    def __len__(self) -> int:
        """Returns how many requests wait."""
        return sum(requests for _, _, requests in self._waiting.values())

    def issue(self, since: float | None = None, requests: int = 1) -> tuple[int, Future[Answer]]:
        """Returns a new ticket, and the future of its answer.

        Args:
            since: when it was asked for, as `time.perf_counter` tells; None: now.
            requests: for how many requests of clients it stands.
        """
        self._last += 1
        future: Future[Answer] = Future()
        self._waiting[self._last] = future, since or time.perf_counter(), requests
        return self._last, future

    def answer(self, answer: Answer) -> None:
        """Settles the future of the answer's ticket."""
        future, since, requests = self._waiting.pop(answer.ticket)
        self.seconds.add(time.perf_counter() - since, requests)
        future.settle(answer)

    def drop(self, ticket: int) -> None:
        """Takes a ticket back: what it stands for is asked for otherwise."""
        del self._waiting[ticket]

    def refuse(self, ticket: int, error: Exception) -> None:
        """Settles the future of a ticket with an error, which is an answer: it has no traceback."""
        # A traceback has the caller's frame and so the future: a cycle, which waits for the
        # garbage collector with everything that the requests of a turn have.
        self._waiting.pop(ticket)[0].settle(error.with_traceback(None))
