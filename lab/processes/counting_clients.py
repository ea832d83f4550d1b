"""Clients that increment all the time while nodes come and go, and the tally of their answers.

A request without an answer may or may not have counted. So what all nodes agree on in the end must
lie between the increments that were acknowledged and those plus the unanswered ones.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Sequence
from typing import Protocol

from .client import Client
from .waiting import eventually


class Target(Protocol):
    """Where a client connects to; the address may be another one after a while."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...


class Counted(Protocol):
    """A node that shows a count."""

    def count(self) -> int: ...


class CountingClient(threading.Thread):
    """A client that increments on one node until it is stopped, and reconnects when it must.

    Attributes:
        acknowledged: how many increments were answered with 200.
        unanswered: how many were sent and may have counted: they were not answered, or with 503 and
            without the header Retry-After, which says that nothing was written.
        failure: the last answer with any other status, which `stop` reports.
    """

    def __init__(self, node: Target, path: str = "/increment", pause: float = 0.0) -> None:
        """Prepares the thread.

        Args:
            node: the node that is asked.
            path: the path of each POST request.
            pause: seconds between one increment and the next.
        """
        super().__init__(daemon=True)
        self.acknowledged = self.unanswered = 0
        self.failure = ""
        self._node = node
        self._path = path
        self._pause = pause
        self._enough = threading.Event()

    def run(self) -> None:
        """Increments until `stop` is called."""
        while not self._enough.is_set():
            client = Client(self._node.host, self._node.port)
            try:
                client.connect()
                while not self._enough.is_set():
                    self._increment(client)
                    self._enough.wait(self._pause)
            except (OSError, http.client.HTTPException):
                self._enough.wait(0.02)
            finally:
                client.close()

    def _increment(self, client: Client) -> None:
        # Unanswered until the answer is there: the connection may break in between.
        self.unanswered += 1
        status, headers, body = client.ask("POST", self._path)
        if status == 200:
            self.unanswered -= 1
            self.acknowledged += 1
        elif status == 503:
            self.unanswered -= "retry-after" in headers
        else:
            self.failure = f"{status} {body!r}"

    def stop(self) -> None:
        """Ends the thread after the increment under way.

        Raises AssertionError if it hangs, or if any answer was neither 200 nor 503.
        """
        self._enough.set()
        self.join(15)
        assert not self.is_alive()
        assert "" == self.failure


class Tally:
    """The answers of all clients so far, whose sum bounds the count."""

    def __init__(self) -> None:
        self.acknowledged = self.unanswered = 0

    def add(self, clients: Sequence[CountingClient]) -> None:
        """Adds the answers of clients that have stopped."""
        self.acknowledged += sum(client.acknowledged for client in clients)
        self.unanswered += sum(client.unanswered for client in clients)

    def agree(self, nodes: Sequence[Counted], within: float = 20) -> int:
        """Waits until all nodes show one count, and returns it.

        Raises AssertionError if they do not, or if that count is out of bounds.
        """

        def counts() -> list[int]:
            return [node.count() for node in nodes]

        eventually("one count", lambda: len(set(counts())) == 1, within)
        count = nodes[0].count()
        assert self.acknowledged <= count <= self.acknowledged + self.unanswered
        return count
