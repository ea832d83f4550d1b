"""Clients that send each change with a key, and try it again on other nodes until it is answered.

Each key counts once, so that every counter must come to exactly the number of its keys.
"""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Sequence
from random import Random

from .client import Client
from .counting_clients import Target

_AGAIN = 0.2
"""Share of the requests that are tried once more though they were answered."""


class KeyedClient(threading.Thread):
    """A client that counts one after the other, each at a random node, until it is stopped.

    Attributes:
        counted: by counter how many keys were answered.
        tries: how many requests were sent.
        failure: the last answer that was neither 200 nor 503, which `stop` reports.
    """

    def __init__(self, nodes: Sequence[Target], names: int, seed: str) -> None:
        """Prepares the thread.

        Args:
            nodes: the nodes that are asked.
            names: how many counters there are.
            seed: of the client's choices, and the beginning of its keys.
        """
        super().__init__(daemon=True)
        self.counted: Counter[str] = Counter()
        self.tries = 0
        self.failure = ""
        self._nodes = nodes
        self._names = names
        self._seed = seed
        self._rng = Random(seed)
        self._enough = threading.Event()
        self._clients: dict[int, Client] = {}

    def run(self) -> None:
        """Counts until `stop` is called, and then goes on until the last key is answered."""
        number = 0
        while not self._enough.is_set() and not self.failure:
            number += 1
            self._count(f"page-{self._rng.randrange(self._names)}", f"{self._seed} {number}")
        for client in self._clients.values():
            client.close()

    def _count(self, name: str, key: str) -> None:
        answered = False
        while not answered or self._rng.random() < _AGAIN:
            if self.failure:
                return
            answered |= self._try(self._rng.randrange(len(self._nodes)), name, key)
            if not answered:
                self._enough.wait(0.02)
        self.counted[name] += 1

    def _try(self, index: int, name: str, key: str) -> bool:
        """Asks a node, and returns whether it answered 200."""
        node = self._nodes[index]
        client = self._clients.setdefault(index, Client(node.host, node.port, timeout=5))
        self.tries += 1
        try:
            path = f"/v1/counters/{name}/add"
            status, _, body = client.ask("POST", path, headers={"Idempotency-Key": key})
        except (OSError, http.client.HTTPException):
            client.close()
            del self._clients[index]
            return False
        if status not in (200, 503):
            self.failure = f"{status} {body!r}"
        return status == 200

    def stop(self) -> None:
        """Ends the thread after the change under way.

        Raises AssertionError if it hangs, or if any answer was neither 200 nor 503.
        """
        self._enough.set()
        self.join(30)
        assert not self.is_alive()
        assert "" == self.failure
