"""Clients: each counts, reads and sometimes syncs on one machine, and tells the ledger."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Sequence
from random import Random

from lab.processes import Client

from .ledger import Ledger
from .machine import Machine

EACH = 2
"""How many clients a machine has."""

_RATE = 8.0
_TIMEOUT = 3.0
_LEVELS = ("all", "all", "all", "one", "majority", "local", "")
_MANY = ("all", "")
_NEW_CONNECTION = 0.02
_READS = 0.3
_SYNCS = 0.04
_SYNC_BELOW, _SYNC_ABOVE = 30, 8


class Customer(threading.Thread):
    """A client with a keep-alive connection, which is opened anew now and then."""

    def __init__(self, machine: Machine, ledger: Ledger, rng: Random, *, syncs: bool) -> None:
        super().__init__(daemon=True)
        self._machine = machine
        self._ledger = ledger
        self._rng = rng
        self._syncs = syncs
        self._enough = threading.Event()
        self._connection: Client | None = None
        self._promised: tuple[int, int] | None = None

    def run(self) -> None:
        """Goes on until it is stopped."""
        while not self._enough.wait(self._rng.expovariate(_RATE)):
            if self._rng.random() < _NEW_CONNECTION or not self._machine.running:
                self._hang_up()
            if self._machine.running:
                self._do_something()
        self._hang_up()

    def stop(self) -> None:
        """Lets it end after the request under way."""
        self._enough.set()

    def _do_something(self) -> None:
        draw, level = self._rng.random(), self._rng.choice(_LEVELS)
        query = f"?ack={level}" if level else ""
        above = self._rng.randint(-_SYNC_BELOW, _SYNC_ABOVE)
        if draw < _READS:
            self._read()
        elif self._syncs and draw < _READS + _SYNCS:
            self._sync(query, above)
        else:
            self._increment(query, level)

    def _read(self) -> None:
        asked = self._ledger.read(self._machine.number)
        promised = self._due(asked.disk)
        answer = self._ask("GET", "/count")
        if answer is not None and answer[0] == 200:
            self._ledger.answered(asked, answer[2], promised=promised)

    def _increment(self, query: str, level: str) -> None:
        asked = self._ledger.increment(self._machine.number)
        promised = self._due(asked.disk)
        try:
            answer = self._ask("POST", f"/increment{query}")
        except ConnectionRefusedError:
            self._ledger.refused(asked)
            return
        if answer is None or answer[0] != 200:
            self._ledger.not_answered(asked)
            return
        _, acks, count = answer
        held, wanted = map(int, acks.split("/"))
        if (held > wanted and level in _MANY) or (level == "local" and acks != "1/1") or held < 1:
            self._ledger.wrong("impossible acks", f"{acks} for ?ack={level}")
        if promised:
            promised += 1
            self._promised = (asked.disk, promised)
        self._ledger.answered(asked, count, acks, promised)

    def _sync(self, query: str, above: int) -> None:
        asked = self._ledger.read(self._machine.number)
        value = self._ledger.sync(self._machine.number, above)
        answer = self._ask("POST", f"/sync{query}", json.dumps({"count": value}))
        if answer is not None and answer[0] == 200:
            self._promised = (asked.disk, max(value, self._due(asked.disk)))

    def _due(self, disk: int) -> int:
        """Returns what a read here must at least show, as long as the directory is the same."""
        if self._promised is None or self._promised[0] != disk:
            return 0
        return self._promised[1]

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str, int] | None:
        """Returns status, acks and count; None if there was no answer.

        Raises ConnectionRefusedError for a write that was not sent.
        """
        if self._connection is None:
            host, port = self._machine.node.host, self._machine.node.port
            self._connection = Client(host, port, _TIMEOUT)
        try:
            status, headers, text = self._connection.ask(method, path, body)
        except ConnectionRefusedError:
            self._hang_up()
            if path.startswith("/increment"):
                raise
            return None
        except (OSError, http.client.HTTPException):
            self._hang_up()
            return None
        if status not in (200, 503):
            seen = f"{method} {path} on machine {self._machine.number}: {status} {text[:80]!r}"
            self._ledger.wrong("unexpected status", seen)
        count = json.loads(text)["count"] if status == 200 and text else 0
        return status, headers.get("gossipd-acks", "1/1"), count

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Crowd:
    """All clients of one cycle."""

    def __init__(self, machines: Sequence[Machine], ledger: Ledger, seed: str, syncs: bool) -> None:
        self._customers = [
            Customer(machine, ledger, Random(f"{seed}/{machine.number}/{number}"), syncs=syncs)
            for machine in machines
            for number in range(EACH)
        ]
        for customer in self._customers:
            customer.start()

    def stop(self) -> None:
        """Ends all clients, and waits for the requests under way."""
        for customer in self._customers:
            customer.stop()
        for customer in self._customers:
            customer.join(4 * _TIMEOUT)
            assert not customer.is_alive(), "a client does not come to an end"
