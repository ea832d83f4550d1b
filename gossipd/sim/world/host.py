"""One simulated machine: the driver of one node, with its socket buffer, its disk and its faults.

It keeps the contract of a driver. The effects of an input are carried out in order before the next
input; a wake-up reads the time once, hands over every waiting datagram and only then fires the
timers; writes are reported in order. What the machine needs of its surroundings it asks of its
`World`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from random import Random
from typing import Any, assert_never

from gossipd.protocol import (
    Address,
    Answer,
    Broadcast,
    Effect,
    Notify,
    Persist,
    Record,
    Resolve,
    Transmit,
    Write,
)

from .disk import Disk
from .interface import DrivenNode, Surroundings
from .network import Delay, UniformDelay
from .snapshot import Snapshot

SOCKET_DATAGRAMS = 256
"""Datagrams that wait in a socket buffer: about as many small ones as fit Linux's 208 KiB."""

SLOW_READ = UniformDelay(0.5, 2.5)
"""How late a slow machine reads a datagram, in seconds."""

# A node whose timers are still due after so many wake-ups at one instant will not get on.
_SPINS = 1000


class Host:
    """One machine with one address, and at most one process of a node on it at a time.

    Attributes:
        id, address: of the node.
        config: for the node, whatever its factory takes.
        seeds: given to `join` at every start.
        node: the running node, or None.
        rng: the one that the node was made with, or None.
        boots: how many processes have been started.
        kept: the state for the next process, or None.
        paused: the process does not run: datagrams and reports wait.
        blocked: what the process sends and is sent waits, while it runs.
        stopping: blocked, it stops at the first thing it sends, as one that is stuck in a send.
        slow: how late each datagram is read, or None.
        disk: how its writes fare.
        faulty: whether it has ever crashed, left, been paused, blocked or slow.
        clock_offset: of its wall clock, in seconds; read at a start.
        buffer_datagrams: size of the socket buffer.
        overflowed: datagrams that did not find room there.
        set_back: whether the process is one that was set back, see `set_back_to`.
    """

    __slots__ = (
        "_armed",
        "_batch",
        "_clock",
        "_deferred",
        "_outgoing",
        "_reporting",
        "_rng",
        "_socket",
        "_spins",
        "_spun",
        "_stopped",
        "_unreported",
        "_world",
        "address",
        "blocked",
        "boots",
        "buffer_datagrams",
        "clock_offset",
        "config",
        "disk",
        "faulty",
        "id",
        "kept",
        "node",
        "overflowed",
        "paused",
        "rng",
        "seeds",
        "set_back",
        "slow",
        "stopping",
    )

    def __init__(self, world: Surroundings, node_id: str, address: Address, rng: Random) -> None:
        self.id = node_id
        self.address = address
        self.config: Any = None
        self.seeds: list[str] = []
        self.node: DrivenNode | None = None
        self.rng: Random | None = None
        self.boots = 0
        self.kept: Any = None
        self.paused = False
        self.blocked = False
        self.stopping = False
        self.slow: Delay | None = None
        self.disk = Disk()
        self.faulty = False
        self.clock_offset = 0.0
        self.buffer_datagrams = SOCKET_DATAGRAMS
        self.overflowed = 0
        self.set_back = False
        self._world = world
        self._clock = world.clock
        self._rng = rng
        self._socket: deque[tuple[bytes, Address]] = deque()
        self._outgoing: list[Effect] = []
        self._stopped = False
        self._deferred: list[Callable[[], None]] = []
        self._unreported: deque[Write] = deque()
        self._batch = 0
        self._reporting = False
        self._armed = inf
        self._spun = -1.0
        self._spins = 0

    def boot(self, node: DrivenNode) -> None:
        """Run `node` as a new process: start it, then let it join its seeds."""
        if self.node is not None:
            raise ValueError(f"{self.id} is running")
        self.node = node
        self.boots += 1
        now = self._clock.now
        self.disk.load(self.kept)
        self._flush_soon()
        self.perform(node.start(now))
        if self.seeds:
            self.perform(node.join(list(self.seeds), now))

    def snapshot(self) -> Snapshot | None:
        """The machine as it is now, to be set back to; None unless its process runs freely."""
        if self.node is None or self.paused or self.blocked:
            return None
        return Snapshot.of(
            self._clock.now, self.boots, self.node, self.rng, self.disk, self.kept, self._unreported
        )

    def set_back_to(self, snapshot: Snapshot) -> None:
        """Memory and disk are what they were, and the process goes on from there; call `perform`.

        It counts as another boot: nothing that was under way for the present one reaches it, and
        nobody waits any more for what it was asked before.
        """
        self.stop()
        self.boots += 1
        self.set_back = True
        self.node, self.rng, contents, self.kept, unreported = snapshot.copies()
        if self.rng is not None:
            # It stands for the operating system's, which a machine does not get back.
            self.rng.seed(self._rng.random())
        self.disk.put_back(contents)
        self._unreported.extend(unreported)
        if self._unreported and self.disk.delay is not None:
            self._begin_batch(self.disk.delay)
        self._flush_soon()

    def stop(self) -> None:
        """End the process without another word; writes not yet reported are lost."""
        self.node = None
        self.set_back = False
        self.paused = False
        self.blocked = False
        self._stopped = False
        self._socket.clear()
        self._outgoing.clear()
        self._deferred.clear()
        self._unreported.clear()
        self._batch = 0
        self._reporting = False
        self._armed = inf

    def crash(self, *, power_cut: bool = False) -> None:
        """End the process without another word, and keep what is on disk."""
        state, staged = self.running().state(), self._unreported
        self.kept = self.disk.crash(state, staged, self._rng, power_cut=power_cut)
        self.stop()

    def running(self) -> DrivenNode:
        """The node; ValueError if there is no process."""
        if self.node is None:
            raise ValueError(f"{self.id} is not running")
        return self.node

    def arrive(self, data: bytes, source: Address) -> bool:
        """A datagram reaches the socket; False if it is full."""
        if self.paused or self.blocked:
            if len(self._socket) >= self.buffer_datagrams:
                self.overflowed += 1
                return False
            self._socket.append((data, source))
        elif self.slow is not None:
            late = self.slow.draw(self._rng)
            self._clock.at(self._clock.now + late, self._read_late, data, source, self.boots)
        else:
            self._read(data, source)
        return True

    def command(self, call: Callable[[DrivenNode, float], Sequence[Effect]]) -> None:
        """Give the node a command; one given to a process that stands waits until it runs again."""
        node = self.running()
        if self._stands:
            self._deferred.append(lambda: self.perform(call(node, self._clock.now)))
        else:
            self.perform(call(node, self._clock.now))

    def resolved(self, ticket: int, addresses: list[Address], boot: int) -> None:
        """The resolver's answer to the process `boot`."""
        if boot == self.boots and self.node is not None:
            self.command(lambda node, now: node.resolved(ticket, addresses, now))

    def resume(self) -> None:
        """Let a paused process run: one wake-up for socket and timers, then what else waits."""
        if not self.paused:
            raise ValueError(f"{self.id} is not paused")
        self.paused = False
        self._go_on()

    def unblock(self) -> None:
        """Let a blocked process send what waited, in order, and then read what waited.

        One that had stopped in a send has its overdue timers first: it has not read since.
        """
        if not self.blocked:
            raise ValueError(f"{self.id} is not blocked")
        stopped = self._stopped
        self.blocked = self._stopped = False
        outgoing, self._outgoing = self._outgoing, []
        self._carry_out(outgoing)
        if stopped and not self.paused:
            self._fire()
        self._go_on()

    def perform(self, effects: Sequence[Effect]) -> None:
        """Carry out the effects of one input, report what that put on disk, and arm the timer."""
        self._carry_out(effects)
        while self._unreported and not self._batch and not self._reporting:
            self._end_batch(1)
        if self.node is not None:
            self._arm(self.node)
        self._world.stepped(self)

    @property
    def _stands(self) -> bool:
        return self.paused or self._stopped

    def _go_on(self) -> None:
        if self._stands:
            return
        self._drain()
        self._fire()
        deferred, self._deferred = self._deferred, []
        for call in deferred:
            if self.node is not None:
                call()
        # What woke it during the pause was passed over.
        if self.node is not None:
            self._arm(self.node)

    def _fire(self) -> None:
        now = self._clock.now
        due = None if self.node is None else self.node.next_timeout()
        if self.node is not None and due is not None and due <= now:
            self.perform(self.node.handle_timeout(now))

    def _drain(self) -> None:
        while self._socket and self.node is not None and not self.blocked:
            self._read(*self._socket.popleft())

    def _read(self, data: bytes, source: Address) -> None:
        if self.node is not None:
            self._world.reading(self, data, source)
            self.perform(self.node.handle_datagram(data, source, self._clock.now))

    def _read_late(self, data: bytes, source: Address, boot: int) -> None:
        if boot != self.boots or self.node is None:
            return
        if self.paused or self.blocked:
            self._socket.append((data, source))
        else:
            self._read(data, source)

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Transmit() | Broadcast() if self.blocked:
                    self._outgoing.append(effect)
                    self._stopped = self.stopping
                case Transmit():
                    self._world.transmit(self, effect.data, effect.to)
                case Notify():
                    self._world.note_event(self, effect.event)
                case Persist():
                    self._stage(effect.write)
                case Record():
                    self.disk.record(effect.group)
                case Answer():
                    self._world.answer(self, effect)
                case Resolve():
                    self._world.resolve(self, effect)
                case Broadcast():
                    self._world.broadcast(self, effect.data)
                case _:
                    assert_never(effect)

    def _stage(self, write: Write) -> None:
        self._unreported.append(write)
        if self.disk.delay is not None and not self._batch and not self._reporting:
            self._begin_batch(self.disk.delay)

    def _begin_batch(self, delay: Delay) -> None:
        """One transaction at a time; what is staged meanwhile goes into the next one."""
        self._batch = len(self._unreported)
        self._clock.at(self._clock.now + delay.draw(self._rng), self._written, self.boots)

    def _written(self, boot: int) -> None:
        if boot != self.boots or self.node is None:
            return
        if self.paused:
            self._deferred.append(lambda: self._written(boot))
            return
        count, self._batch = self._batch, 0
        self._reporting = True
        self._end_batch(count)
        self._reporting = False
        if self._unreported and self.disk.delay is not None:
            self._begin_batch(self.disk.delay)
        self.perform(())

    def _end_batch(self, count: int) -> None:
        """The oldest writes were one transaction, which succeeds or fails as a whole.

        After a failure all that waits fails as well, without being tried, as `Persist` says.
        """
        node, now = self.running(), self._clock.now
        kept = not self.disk.failing or self._rng.random() >= self.disk.failing
        on_disk = kept or self._rng.random() < 0.5
        for number in range(count if kept else len(self._unreported)):
            write = self._unreported.popleft()
            if on_disk and number < count:
                self.disk.write(write)
            self._carry_out((node.persisted if kept else node.persist_failed)(write, now))

    def _flush_soon(self) -> None:
        if self.disk.lazy is not None:
            later = self.disk.lazy * self._rng.random()
            self._clock.at(self._clock.now + later, self._flush, self.boots)

    def _flush(self, boot: int) -> None:
        if boot != self.boots or self.node is None or self.disk.lazy is None:
            return
        if not self._stands:
            self.disk.flush(self.node.state())
        self._clock.at(self._clock.now + self.disk.lazy, self._flush, boot)

    def _arm(self, node: DrivenNode) -> None:
        due = node.next_timeout()
        if due is not None and due < self._armed:
            self._armed = due = max(due, self._clock.now)
            self._clock.timer(due, self._wake, due, self.boots)

    def _wake(self, armed: float, boot: int) -> None:
        # An earlier wake-up may have been armed since, and another process may run by now.
        if armed != self._armed or boot != self.boots or self.node is None:
            return
        self._armed = inf
        if self._stands:
            return
        now = self._clock.now
        due = self.node.next_timeout()
        if due is not None and due <= now:
            self._check_progress(now)
            self.perform(self.node.handle_timeout(now))
        else:
            self._arm(self.node)

    def _check_progress(self, now: float) -> None:
        self._spins = self._spins + 1 if now == self._spun else 0
        self._spun = now
        if self._spins > _SPINS:
            raise RuntimeError(f"{self.id}: the same timers are due again and again at {now}")
