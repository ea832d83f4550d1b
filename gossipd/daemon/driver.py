"""The loop: it drives one `Node` with datagrams, time and commands, and carries its effects out.

The contract with the protocol: there is no await between an input and the end of its effects. On
every wake-up the time is read once; then the socket is drained, refusals are handed over, and due
timers fire, all with that time. Writes are reported to the node in order.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

import attrs
import trio

from gossipd.protocol import (
    Address,
    Answer,
    Broadcast,
    Effect,
    Event,
    Group,
    Node,
    Notify,
    Persist,
    Record,
    Resolve,
    Transmit,
    Write,
)

from .storage import Journal

_BATCH = 64
_DRAIN_SECONDS = 0.05
_RESOLVE_SECONDS = 5.0
_RESOLVING = 64


LookUp = Callable[[str, int], Awaitable[list[Address]]]
"""Returns every address of a name, with the port; none if the name does not resolve."""


class Gate(Protocol):
    """Seals what leaves and opens what comes, as `sealing.Gate` does."""

    def send(
        self, node: Node, send: Callable[[bytes, Address], object], data: bytes, to: Address
    ) -> None:
        """Sends a datagram of the node by `send`, in the forms in which it goes there."""

    def broadcast(self, data: bytes) -> list[bytes]:
        """Returns the forms in which a datagram goes to a whole network."""

    def quoted(self, data: bytes) -> bytes:
        """Returns the datagram that went in a form which begins so; without one, these bytes."""

    def take(self, node: Node, data: bytes, source: Address, now: float) -> list[Effect]:
        """Hands the node a datagram that came."""

    def hear(self, node: Node, data: bytes, source: Address, now: float) -> list[Effect]:
        """Hands the node a datagram that came by broadcast."""


class Endpoint(Protocol):
    """The socket that a driver reads and writes, `UdpSocket` in a daemon."""

    async def wait_readable(self) -> None:
        """Waits until there is something to receive."""

    def receive(self, limit: int) -> list[tuple[bytes, Address]]:
        """Returns up to `limit` waiting datagrams with their sources."""

    def refusals(self) -> list[tuple[bytes, Address]]:
        """Returns what other machines refused: the first bytes of each datagram, and its target."""

    def send(self, data: bytes, to: Address) -> None:
        """Sends one datagram, or drops it."""


@attrs.define
class LoopLateness:
    """How late the node's timers fire.

    Attributes:
        count: number of wake-ups after the time for which a timer was due.
        sum: seconds of lateness of all of them.
        max: the most seconds of one of them since the process started.
    """

    count: int = 0
    sum: float = 0.0
    max: float = 0.0

    def add(self, seconds: float) -> None:
        """Counts one wake-up that came `seconds` after a timer was due."""
        self.count += 1
        self.sum += seconds
        self.max = max(self.max, seconds)


class Driver:
    """The loop of one node.

    Attributes:
        lateness: how late timers fired.
    """

    def __init__(
        self,
        node: Node,
        endpoint: Endpoint,
        on_answer: Callable[[Answer], None],
        listeners: Sequence[Callable[[Event], None]] = (),
        journal: Journal | None = None,
        broadcast: Callable[[bytes], None] | None = None,
        resolve: LookUp | None = None,
        gate: Gate | None = None,
    ) -> None:
        """Makes a driver that does nothing until `run`.

        Args:
            node: gets all its inputs from this driver.
            endpoint: the node's socket.
            on_answer: called with the outcome of each write that was asked for.
            listeners: each is called with every event of the node.
            journal: puts writes on disk; without one they take effect at once.
            broadcast: sends a datagram to all local networks; without it none is sent.
            resolve: looks up the names of contacts; without it the system's resolver does.
            gate: seals and opens datagrams; without one they are open.
        """
        self.lateness = LoopLateness()
        self._node = node
        self._endpoint = endpoint
        self._on_answer = on_answer
        self._listeners = listeners
        self._journal = journal
        self._broadcast = broadcast
        self._gate = gate
        self._take = node.handle_datagram if gate is None else partial(gate.take, node)
        self._hear = node.handle_datagram if gate is None else partial(gate.hear, node)
        self._send = endpoint.send if gate is None else partial(gate.send, node, endpoint.send)
        self._look_up = look_up if resolve is None else resolve
        # Writes that are to be reported to the node, each with whether it is on disk.
        self._reports: deque[tuple[Write, bool]] = deque()
        self._sleep = trio.CancelScope()
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
                self._nursery.start_soon(self._journal.run, self._node, self)
            task_status.started()
            while True:
                with trio.CancelScope(deadline=self._due()) as self._sleep:
                    await self._endpoint.wait_readable()
                self._cycle(trio.current_time())

    # Inputs from elsewhere

    def command(self, call: Callable[[float], list[Effect]]) -> None:
        """Calls an input or command of the node with the time, and carries its effects out.

        Raises what the call raises.
        """
        now = trio.current_time()
        self._perform(call(now), now)
        self._wake_by_next_timer()

    def hear(self, datagrams: Sequence[tuple[bytes, Address]]) -> None:
        """Hands datagrams that came by broadcast to the node."""
        now = trio.current_time()
        for data, source in datagrams:
            self._perform(self._hear(data, source, now), now)
        self._wake_by_next_timer()

    def reported(self, writes: Sequence[Write], *, kept: bool) -> None:
        """Takes the journal's word on the oldest writes: they are on disk, or may not be."""
        self._reports.extend((write, kept) for write in writes)
        self._report(trio.current_time())
        self._wake_by_next_timer()

    def restored(self, groups: Sequence[Group]) -> None:
        """Hands entries that the store turned out to hold after a failure to the node."""
        self.command(lambda now: self._node.restored(groups, now))

    # The loop

    def _due(self) -> float:
        due = self._node.next_timeout()
        return math.inf if due is None else due

    def _wake_by_next_timer(self) -> None:
        # A wake-up that comes too early finds nothing to do. That costs less than to set the
        # deadline of a scope, even to the same time: 10 us, where an increment takes 150.
        due = self._due()
        if due >= self._sleep.deadline:
            return
        self._sleep.deadline = due

    def _cycle(self, now: float) -> None:
        """Handles one wake-up, with one time for all of it."""
        take, endpoint = self._take, self._endpoint
        due = self._due()
        if due < now:
            self.lateness.add(now - due)
        while True:
            batch = endpoint.receive(_BATCH)
            for data, source in batch:
                self._perform(take(data, source, now), now)
            if len(batch) < _BATCH or trio.current_time() - now > _DRAIN_SECONDS:
                break
        for quoted, address in endpoint.refusals():
            self._perform(self._refused(quoted, address, now), now)
        if self._due() <= now:
            self._perform(self._node.handle_timeout(now), now)

    # Effects

    def _perform(self, effects: list[Effect], now: float) -> None:
        """Carries effects out in order, and then reports writes that do not wait for a disk."""
        self._carry_out(effects)
        if self._reports:
            self._report(now)

    def _report(self, now: float) -> None:
        """Reports writes to the node, and carries out what follows from them.

        A report is an input of the node, so that it comes after all effects of the input before.
        """
        while self._reports:
            write, kept = self._reports.popleft()
            report = self._node.persisted if kept else self._node.persist_failed
            self._carry_out(report(write, now))

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Transmit(data, to):
                    self._send(data, to)
                case Broadcast(data):
                    self._send_to_all(data)
                case Answer():
                    self._on_answer(effect)
                case Persist(write):
                    if self._journal is None:
                        self._reports.append((write, True))
                    elif not self._journal.add(write):
                        self._reports.append((write, False))
                case Record(group):
                    if self._journal is not None:
                        self._journal.record(group)
                case Notify(event):
                    for listener in self._listeners:
                        listener(event)
                case Resolve():
                    assert self._nursery is not None
                    self._nursery.start_soon(self._resolve, effect)

    def _refused(self, quoted: bytes, address: Address, now: float) -> list[Effect]:
        """Hands the node a refusal. What repeats a sealed form stands for the whole datagram."""
        whole = quoted if self._gate is None else self._gate.quoted(quoted)
        return self._node.handle_refused(whole, address, now)

    def _send_to_all(self, data: bytes) -> None:
        if self._broadcast is not None:
            for form in [data] if self._gate is None else self._gate.broadcast(data):
                self._broadcast(form)

    async def _resolve(self, effect: Resolve) -> None:
        addresses: list[Address] = []
        async with self._resolving:
            with trio.move_on_after(_RESOLVE_SECONDS):
                addresses = await self._look_up(effect.host, effect.port)
        self.command(lambda now: self._node.resolved(effect.ticket, addresses, now))


async def look_up(host: str, port: int) -> list[Address]:
    """Returns every address of a name, in the resolver's order; none if it does not resolve."""
    try:
        found = await trio.socket.getaddrinfo(host, port, type=trio.socket.SOCK_DGRAM)
    except OSError:
        return []
    addresses = [(str(address[0]), int(address[1])) for _, _, _, _, address in found]
    return list(dict.fromkeys(addresses))
