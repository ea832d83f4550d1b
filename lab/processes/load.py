"""Clients that go on incrementing while nodes come and go, and what they know in the end."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Sequence
from typing import Protocol

from lab.processes.cluster import Client, eventually


class Node(Protocol):
    """Where a client connects; the address may be another one after a while."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...


class Counting(Protocol):
    """What shows a count."""

    def count(self) -> int: ...


class Load(threading.Thread):
    """A client that increments on one node, and comes back when that was away.

    It pauses for so many seconds after each increment.

    Attributes:
        acknowledged: how many were answered with 200.
        unanswered: how many were sent and not answered, or refused: they may count.
    """

    def __init__(self, node: Node, path: str = "/increment", pause: float = 0.0) -> None:
        super().__init__(daemon=True)
        self.acknowledged = self.unanswered = 0
        self.failure = ""
        self._node = node
        self._path = path
        self._pause = pause
        self._enough = threading.Event()

    def run(self) -> None:
        """Goes on until it is stopped."""
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
        # It counts as not answered until it is.
        self.unanswered += 1
        status, _, body = client.ask("POST", self._path)
        if status == 200:
            self.unanswered -= 1
            self.acknowledged += 1
        elif status != 503:
            self.failure = f"{status} {body!r}"

    def stop(self) -> None:
        """Ends it after the increment under way."""
        self._enough.set()
        self.join(15)
        assert not self.is_alive()
        assert "" == self.failure


class Sums:
    """What all clients saw so far."""

    def __init__(self) -> None:
        self.acknowledged = self.unanswered = 0

    def add(self, loads: Sequence[Load]) -> None:
        """These clients have stopped."""
        self.acknowledged += sum(load.acknowledged for load in loads)
        self.unanswered += sum(load.unanswered for load in loads)

    def agree(self, nodes: Sequence[Counting], within: float = 20) -> int:
        """All nodes come to one count that can be: it is returned."""

        def counts() -> list[int]:
            return [node.count() for node in nodes]

        eventually("one count", lambda: len(set(counts())) == 1, within)
        count = nodes[0].count()
        assert self.acknowledged <= count <= self.acknowledged + self.unanswered
        return count
