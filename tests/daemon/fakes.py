"""A driver and a service in memory: a socket that a test fills, and a node with a script."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import trio
import trio.testing

from gossipd.daemon.driver import Driver
from gossipd.daemon.service import Service, system_wall_ms
from gossipd.daemon.tickets import Tickets
from gossipd.protocol import Address, Effect, Event, Increment, Ledger, LimitExceeded, Values
from tests.conformance.suite import PEER, Reaction, Recorder, Scenario

Reactions = Mapping[str, Sequence[Reaction]]
Clock = trio.testing.MockClock

NODE_ID = "10.0.0.1:8088"


class Endpoint:
    """A socket in memory; `takes` seconds pass with each receive."""

    def __init__(self, clock: Clock, takes: float = 0.0) -> None:
        self.waiting: deque[tuple[bytes, Address]] = deque()
        self.sent: list[tuple[bytes, Address]] = []
        self.receives: list[int] = []
        self._clock = clock
        self._takes = takes
        self._lot = trio.lowlevel.ParkingLot()

    def arrive(self, *datagrams: bytes) -> None:
        """Datagrams reach the socket."""
        self.waiting.extend((data, PEER) for data in datagrams)
        self._lot.unpark_all()

    async def wait_readable(self) -> None:
        """As a socket's."""
        if self.waiting:
            await trio.lowlevel.checkpoint()
        else:
            await self._lot.park()

    def refusals(self) -> list[tuple[bytes, Address]]:
        """Nobody refuses anything."""
        return []

    def receive(self, limit: int) -> list[tuple[bytes, Address]]:
        """As a socket's."""
        count = min(limit, len(self.waiting))
        self.receives.append(count)
        if self._takes:
            self._clock.jump(self._takes)
        return [self.waiting.popleft() for _ in range(count)]

    def send(self, data: bytes, to: Address) -> None:
        """Notes what leaves."""
        self.sent.append((data, to))


class Scripted(Recorder):
    """A recorder that also takes several increments at once, as a node does.

    Attributes:
        counts: the counters that it shows; nothing that it is told changes them.
    """

    def __init__(self, *of: Any, **more: Any) -> None:
        super().__init__(*of, **more)
        self.counts = Ledger(b"key")

    def values(self, clock: Callable[[], int] | None = None) -> Values:
        """Shows the counters."""
        return Values(self.counts, lambda: 0)

    def increments(self, asked: Sequence[Increment], now: float) -> list[Effect]:
        """Takes one after the other."""
        return [
            effect
            for changes, ack, ticket, _ in asked
            for name, amount in changes
            for effect in self.increment(name, amount, ack, ticket, now)
        ]


class Full(Scripted):
    """A node whose counter can take no more."""

    def increment(self, name: str, amount: int, ack: Any, ticket: int, now: float) -> list[Effect]:
        raise LimitExceeded("full")

    def sync(self, value: int, ack: Any, ticket: int, now: float) -> list[Effect]:
        raise LimitExceeded("full")


class Running:
    """A driver of a scripted node and its service, with what the node was told."""

    def __init__(self, service: Service, driver: Driver, tickets: Tickets, node: Scripted) -> None:
        self.service = service
        self.driver = driver
        self.tickets = tickets
        self.node = node

    def inputs(self, kind: str) -> list[tuple[Any, ...]]:
        """What the node was given of this kind."""
        return [entry for entry in self.node.recording if entry[0] == kind]


class Site(Running):
    """The same, with the socket of the driver."""

    def __init__(self, running: Running, endpoint: Endpoint) -> None:
        super().__init__(running.service, running.driver, running.tickets, running.node)
        self.endpoint = endpoint


@asynccontextmanager
async def serving(node: Any, endpoint: Any, **options: Any) -> AsyncIterator[Running]:
    """Drives a node for the length of the block."""
    stepped = options.pop("stepped", None)
    wall_ms, gate = options.pop("wall_ms", system_wall_ms), options.pop("gate", None)
    tickets = Tickets()
    driver = Driver(node, endpoint, tickets.answer, **options)
    service = Service(
        node, NODE_ID, driver, tickets, options.get("journal"), stepped, gate, wall_ms=wall_ms
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(driver.run)
        nursery.start_soon(service.run)
        yield Running(service, driver, tickets, node)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def running(
    clock: Clock,
    reactions: Reactions | None = None,
    *,
    takes: float = 0.0,
    kind: type[Scripted] = Scripted,
    listeners: Sequence[Callable[[Event], None]] = (),
    steps: list[bool] | None = None,
    gate: Any = None,
) -> AsyncIterator[Site]:
    """Drives a scripted node for the length of the block."""
    scenario = Scenario("", (), 0.0, (), reactions=reactions or {})
    node = kind(scenario, None, state=None, rng=Random(1), now=trio.current_time())
    endpoint = Endpoint(clock, takes)
    stepped = lambda: bool(steps and steps.pop(0))  # noqa: E731
    options = {"listeners": listeners, "stepped": stepped, "gate": gate}
    async with serving(node, endpoint, **options) as made:
        yield Site(made, endpoint)
