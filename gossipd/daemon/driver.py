"""Drives one `Node`: datagrams, time and commands in, effects out.

The contract with the protocol: no await between an input and the end of its effects; on every wake-
up the time is read once, then the socket is drained, then due timers fire, all with that time;
writes are reported in order.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import trio

from gossipd.protocol import (
    Address,
    Answer,
    Broadcast,
    Effect,
    Event,
    Increment,
    Node,
    Notify,
    Persist,
    Record,
    Resolve,
    State,
    Statistics,
    Transmit,
    Write,
)

from .clock_steps import ClockSteps
from .doors.metrics import LoopLateness
from .future import Later
from .storage.journal import Journal, Storage

_BATCH = 64
_DRAIN_SECONDS = 0.05
_RESOLVE_SECONDS = 5.0
_RESOLVING = 64


class Endpoint(Protocol):
    """The socket that a driver reads and writes, `UdpSocket` in a daemon."""

    async def wait_readable(self) -> None:
        """Returns once there is something to receive."""

    def receive(self, limit: int) -> list[tuple[bytes, Address]]:
        """Up to `limit` datagrams that wait."""

    def send(self, data: bytes, to: Address) -> None:
        """Sends one datagram, or loses it."""


# What cannot be stored at present: nobody holds it.
_NOT_STORED = Answer(0, 0, 0, 1)


class Driver:
    """Owns the node; everything else of the daemon speaks to the node through it.

    With a store, writes are on disk before they take effect; without one they are at once. Without
    `broadcast` nobody hears a broadcast. `stepped` is `ClockSteps` where it is not given.

    Attributes:
        lateness: how late timers fired.
        draining: set by whoever stops the daemon; no more writes are taken then.
    """

    def __init__(
        self,
        node: Node,
        node_id: str,
        endpoint: Endpoint,
        on_event: Callable[[Event], None],
        store: Storage | None = None,
        broadcast: Callable[[bytes], None] | None = None,
        stepped: Callable[[], bool] | None = None,
    ) -> None:
        self.lateness = LoopLateness()
        self.draining = False
        self.node_id = node_id
        self._node = node
        self._endpoint = endpoint
        self._on_event = on_event
        self._waiting: dict[int, Later[Answer]] = {}
        self._tickets = 0
        self._broadcast = broadcast
        self._stepped = ClockSteps() if stepped is None else stepped
        self._journal = None if store is None else Journal(store, self)
        # Writes to be reported, and whether they are on disk.
        self._writes: deque[tuple[Write, bool]] = deque()
        self._reporting = False
        self._wait = trio.CancelScope()
        # Increments of this turn of trio's loop that are done at its end; None if none came yet.
        self._together: dict[str, list[Increment]] | None = None
        self._turn = trio.Event()
        self._crowded = False
        self._resolving = trio.CapacityLimiter(_RESOLVING)
        self._nursery: trio.Nursery | None = None

    async def run(
        self,
        seeds: Sequence[str] = (),
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Starts the node, joins `seeds`, and drives the node until it is cancelled."""
        async with trio.open_nursery() as self._nursery:
            now = trio.current_time()
            self._perform(self._node.start(now), now)
            if seeds:
                self._perform(self._node.join(list(seeds), now), now)
            if self._journal is not None:
                self._nursery.start_soon(self._journal.run)
            self._nursery.start_soon(self._end_turns)
            task_status.started()
            while True:
                with trio.CancelScope(deadline=self._due()) as self._wait:
                    await self._endpoint.wait_readable()
                self._cycle(trio.current_time())

    # What the API asks

    def count(self, name: str) -> int:
        """The present value of a counter."""
        return self._node.count(name)

    def peers(self) -> list[str]:
        """Ids of live and joining peers, sorted."""
        return self._node.peers()

    def statistics(self) -> Statistics:
        """What the protocol has counted."""
        return self._node.statistics()

    def ready(self) -> str | None:
        """None if writes are taken, else why the store takes none."""
        trouble = None if self._journal is None else self._journal.trouble
        return None if trouble is None else f"the store cannot be written: {trouble}"

    def increment(self, name: str, amount: int, ack: str | None) -> Later[Answer]:
        """Adds to a counter; LimitExceeded instead of an answer if it would pass its limit.

        All of one turn of trio's loop are done together: many clients share the work of a write,
        of its pushes and of their confirms. If the last turn had only one, the first of this one is
        done at once: who is alone waits for nobody.
        """
        if not self._storable():
            return Later(_NOT_STORED)
        ticket, later = self._ask()
        together, first = self._together, self._together is None
        if together is None:
            together = self._together = {}
            self._turn.set()
        if first and not self._crowded:
            self._try(ticket, lambda now: self._node.increment(name, amount, ack, ticket, now))
        else:
            together.setdefault(name, []).append(Increment(amount, ack, ticket))
        return later

    def sync(self, name: str, value: int, ack: str | None) -> Later[Answer]:
        """Raises a counter to `value`; LimitExceeded instead of an answer if it takes no more."""
        if not self._storable():
            return Later(_NOT_STORED)
        ticket, later = self._ask()
        self._try(ticket, lambda now: self._node.sync(name, value, ack, ticket, now))
        return later

    def register(self, text: str) -> None:
        """Lists and contacts a peer. Raises ValueError if `text` names none."""
        self._command(lambda now: self._node.register(text, now))

    def remove(self, text: str) -> None:
        """Hides a peer. Raises ValueError if `text` names none."""
        self._command(lambda now: self._node.remove(text, now))

    def hear(self, datagrams: Sequence[tuple[bytes, Address]]) -> None:
        """Takes what came by broadcast."""
        now = trio.current_time()
        for data, source in datagrams:
            self._perform(self._node.handle_datagram(data, source, now), now)
        self._wake_by(self._due())

    def move(self, node_id: str) -> None:
        """The node has another address: it goes on under that id, unless it stops."""
        if not self.draining:
            self.node_id = node_id
            self._command(lambda now: self._node.move(node_id, now))

    def leave(self) -> None:
        """Begins to leave; `LeaveDone` is notified."""
        self._command(self._node.leave)

    def _command(self, call: Callable[[float], list[Effect]]) -> None:
        now = trio.current_time()
        self._perform(call(now), now)
        self._wake_by(self._due())

    def _wake_by(self, due: float) -> None:
        # A wake-up that comes too early finds nothing to do, which costs less than moving it.
        if due >= self._wait.deadline:
            return
        self._wait.deadline = due

    def _storable(self) -> bool:
        return self._journal is None or self._journal.trouble is None

    def _ask(self) -> tuple[int, Later[Answer]]:
        """A new ticket, and the answer to it."""
        self._tickets += 1
        later = self._waiting[self._tickets] = Later()
        return self._tickets, later

    def _stage(self, call: Callable[[float], list[Effect]]) -> None:
        """A command that counts, after a look at the clocks."""
        if self._stepped():
            self._command(self._node.renew)
        self._command(call)

    def _try(self, ticket: int, call: Callable[[float], list[Effect]]) -> None:
        try:
            self._stage(call)
        except ValueError as error:
            self._waiting.pop(ticket).settle(error)

    async def _end_turns(self) -> None:
        """After each turn in which something was counted, does what was asked for besides."""
        while True:
            await self._turn.wait()
            self._turn = trio.Event()
            together, self._together = self._together or {}, None
            asked_for = sum(map(len, together.values()))
            self._crowded = asked_for > (1 if self._crowded else 0)
            for name, asked in together.items():
                self._increment_together(name, asked)

    def _increment_together(self, name: str, asked: list[Increment]) -> None:
        try:
            self._stage(lambda now: self._node.increments(name, asked, now))
        except ValueError as error:
            if len(asked) > 1:
                # Some of them may be within the limit.
                for each in asked:
                    self._increment_together(name, [each])
            else:
                self._waiting.pop(asked[0].ticket).settle(error)

    # What the journal asks and tells

    def state(self) -> State:
        """What is to be kept of the node."""
        return self._node.state()

    def revision(self) -> tuple[int, ...]:
        """Changes whenever `state` may have."""
        return self._node.revision()

    def reported(self, writes: Sequence[Write], *, kept: bool) -> None:
        """These writes are on disk, or nobody knows whether they are."""
        self._writes.extend((write, kept) for write in writes)
        self._command(lambda now: [])

    def restored(self, state: State) -> None:
        """What the store turned out to hold."""
        self._command(lambda now: self._node.restored(state.groups, now))

    # The loop

    def _due(self) -> float:
        due = self._node.next_timeout()
        return math.inf if due is None else due

    def _cycle(self, now: float) -> None:
        """One wake-up, with one time for all of it."""
        node, endpoint = self._node, self._endpoint
        due = self._due()
        if due < now:
            self.lateness.add(now - due)
        while True:
            batch = endpoint.receive(_BATCH)
            for data, source in batch:
                self._perform(node.handle_datagram(data, source, now), now)
            if len(batch) < _BATCH or trio.current_time() - now > _DRAIN_SECONDS:
                break
        if self._due() <= now:
            self._perform(node.handle_timeout(now), now)

    def _perform(self, effects: list[Effect], now: float) -> None:
        """Carries effects out in order; then reports writes that need not or cannot be stored."""
        for effect in effects:
            match effect:
                case Transmit(data, to):
                    self._endpoint.send(data, to)
                case Broadcast(data):
                    if self._broadcast is not None:
                        self._broadcast(data)
                case Answer(ticket):
                    self._waiting.pop(ticket).settle(effect)
                case Persist(write):
                    if self._journal is None:
                        self._writes.append((write, True))
                    elif not self._journal.add(write):
                        self._writes.append((write, False))
                case Record(group):
                    if self._journal is not None:
                        self._journal.record(group)
                case Notify(event):
                    self._on_event(event)
                case Resolve():
                    assert self._nursery is not None
                    self._nursery.start_soon(self._resolve, effect)
        if not self._reporting:
            self._reporting = True
            while self._writes:
                write, kept = self._writes.popleft()
                report = self._node.persisted if kept else self._node.persist_failed
                self._perform(report(write, now), now)
            self._reporting = False

    async def _resolve(self, effect: Resolve) -> None:
        addresses: list[Address] = []
        async with self._resolving:
            with trio.move_on_after(_RESOLVE_SECONDS):
                addresses = await look_up(effect.host, effect.port)
        self._command(lambda now: self._node.resolved(effect.ticket, addresses, now))


async def look_up(host: str, port: int) -> list[Address]:
    """Every address that a name has, in the resolver's order; none if it does not resolve."""
    try:
        found = await trio.socket.getaddrinfo(host, port, type=trio.socket.SOCK_DGRAM)
    except OSError:
        return []
    addresses = [(str(address[0]), int(address[1])) for _, _, _, _, address in found]
    return list(dict.fromkeys(addresses))
