"""One running process of a simulated node, which keeps the contract of a driver.

A process carries out the effects of an input in order, before the next input. A wake-up reads the
time once, hands over every waiting datagram, then every refusal, and only then fires the timers.
Writes are reported in order.

A process can be kept from its work in three ways. One that is *paused* does nothing: datagrams,
reports of the disk and commands wait. One that is *blocked* runs on, but what it sends and is sent
waits. One that is *blocked and stopping* runs until it first sends something, and then stands still
as a paused one does. A process may be paused and blocked at the same time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import Any, assert_never

import attrs

from gossipd.protocol import (
    Address,
    Answer,
    Broadcast,
    Effect,
    LeaveDone,
    Notify,
    OwnerRetired,
    Persist,
    Record,
    Resolve,
    Transmit,
    Write,
)

from .alarm import Alarm
from .carrier import Carrier
from .clock import Clock
from .disk import Disk
from .interface import DrivenNode
from .log import Log, Observed
from .naming import address_of
from .resolver import Resolver
from .staged import StagedWrites

# A node whose timers are still due after so many wake-ups at one instant never gets on.
_SPINS = 1000


@attrs.frozen(eq=False)
class Surroundings:
    """What every machine of a run uses.

    Attributes:
        on_reading: called with (time, source, target, data) as a node is handed a datagram.
    """

    clock: Clock
    carrier: Carrier
    resolver: Resolver
    log: Log
    on_reading: list[Callable[[float, Address, Address, bytes], None]] = attrs.Factory(list)


class Process:
    """A node and what drives it, from its start to its end.

    Args:
        node_id: the id of its machine.
        boot: which process of its machine it is, counted from 1.
        disk, rng: of the machine.
        stepped: called after each input.
        left: called with this process, in a turn of its own, once the node has left.
        forked: see `Host.forked`.
        set_back: whether it was resumed from a snapshot.

    Attributes:
        paused, blocked: see the module.
        ended: the process has ended, and nothing reaches the node any more.
    """

    __slots__ = (
        "_address",
        "_alarm",
        "_boot",
        "_carrier",
        "_clock",
        "_deferred",
        "_disk",
        "_id",
        "_left",
        "_log",
        "_on_reading",
        "_outgoing",
        "_refusals",
        "_resolver",
        "_rng",
        "_set_back",
        "_socket",
        "_spins",
        "_spun",
        "_staged",
        "_stepped",
        "_stopped",
        "_stopping",
        "blocked",
        "ended",
        "forked",
        "node",
        "paused",
    )

    def __init__(
        self,
        node: DrivenNode,
        node_id: str,
        boot: int,
        around: Surroundings,
        disk: Disk,
        rng: Random,
        *,
        stepped: Callable[[], None],
        left: Callable[[Process], None],
        forked: bool = False,
        set_back: bool = False,
    ) -> None:
        self.node = node
        self.paused = False
        self.blocked = False
        self.ended = False
        self.forked = forked
        self._id = node_id
        self._address = address_of(node_id)
        self._boot = boot
        self._resolver = around.resolver
        self._log = around.log
        self._on_reading = around.on_reading
        self._clock = around.clock
        self._carrier = around.carrier
        self._disk = disk
        self._rng = rng
        self._stepped = stepped
        self._left = left
        self._set_back = set_back
        self._alarm = Alarm(around.clock, self._wake)
        self._staged = StagedWrites(disk, rng)
        self._socket: deque[tuple[bytes, Address]] = deque()
        self._refusals: list[tuple[bytes, Address]] = []
        self._outgoing: list[Effect] = []
        self._deferred: list[Callable[[], None]] = []
        self._stopping = False
        self._stopped = False
        self._spun = -1.0
        self._spins = 0

    # Life

    def start(self, seeds: list[str]) -> None:
        """Starts the node and lets it join these seeds."""
        now = self._clock.now
        self.perform(self.node.start(now))
        if seeds:
            self.perform(self.node.join(seeds, now))

    def take_up(self, staged: Iterable[Write]) -> None:
        """Stages the writes that a snapshot had staged."""
        self._staged.writes.extend(staged)
        self._begin_transaction()

    def go_on(self, *, noticed: bool) -> None:
        """Lets a process that was set back run on, which its node is told of if it is noticed."""
        self.perform(self.node.renew(self._clock.now) if noticed else ())

    def end(self) -> None:
        """Ends the process without another word; writes that are not reported yet are lost."""
        self.ended = True
        self._alarm.clear()

    def move(self, node_id: str) -> None:
        """Lets the process go on under another id and its address."""
        self._id, self._address = node_id, address_of(node_id)

    @property
    def staged(self) -> Sequence[Write]:
        """The writes that are not reported yet."""
        return tuple(self._staged.writes)

    # Faults

    def pause(self) -> None:
        """Stops the process from running until `resume`."""
        self.paused = True

    def resume(self) -> None:
        """Lets a paused process run: one wake-up for socket and timers, then all that waits."""
        self.paused = False
        self._go_on()

    def block(self, *, stopping: bool) -> None:
        """Holds back what the process sends and is sent until `unblock`; see the module."""
        self.blocked = True
        self._stopping = stopping

    def unblock(self) -> None:
        """Lets a blocked process send what waited, in order, and then read what waited.

        One that had stopped in a send has its overdue timers first: it has not read since.
        """
        stopped = self._stopped
        self.blocked = self._stopped = False
        outgoing, self._outgoing = self._outgoing, []
        self._carry_out(outgoing)
        if stopped and not self.paused:
            self._fire()
        self._go_on()

    # Inputs

    @property
    def waiting(self) -> int:
        """How many datagrams wait in the socket buffer."""
        return len(self._socket)

    def receive(self, data: bytes, source: Address) -> None:
        """Hands the node a datagram, or keeps it in the socket buffer while it cannot read."""
        if self.ended:
            return
        if self.paused or self.blocked:
            self._socket.append((data, source))
        else:
            self._read(data, source)

    def _read(self, data: bytes, source: Address) -> None:
        now = self._clock.now
        for call in self._on_reading:
            call(now, source, self._address, data)
        self.perform(self.node.handle_datagram(data, source, now))

    def refused(self, quoted: bytes, address: Address) -> None:
        """Tells the node that a datagram was refused, once it can read."""
        if self.ended:
            return
        if self.paused or self.blocked:
            self._refusals.append((quoted, address))
        else:
            self.perform(self.node.handle_refused(quoted, address, self._clock.now))

    def command(self, call: Callable[[DrivenNode, float], Sequence[Effect]]) -> None:
        """Gives the node a command, at once or as soon as the process runs again."""
        if self._stands:
            self._deferred.append(lambda: self.perform(call(self.node, self._clock.now)))
        else:
            self.perform(call(self.node, self._clock.now))

    def perform(self, effects: Sequence[Effect]) -> None:
        """Carries out the effects of one input, reports finished writes, and sets the alarm."""
        self._carry_out(effects)
        staged = self._staged
        while staged.writes and staged.idle:
            self._report_writes(staged.end_oldest(1))
        self._set_alarm()
        self._stepped()

    @property
    def _stands(self) -> bool:
        return self.paused or self._stopped

    def _go_on(self) -> None:
        if self._stands:
            return
        while self._socket and not self.ended and not self.blocked:
            self._read(*self._socket.popleft())
        while self._refusals and not self.ended and not self.blocked:
            self.refused(*self._refusals.pop(0))
        self._fire()
        deferred, self._deferred = self._deferred, []
        for call in deferred:
            if not self.ended:
                call()
        # The alarm was ignored while the process stood still.
        self._set_alarm()

    def _resolved(self, ticket: int, addresses: list[Address]) -> None:
        if not self.ended:
            self.command(lambda node, now: node.resolved(ticket, addresses, now))

    # Effects

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Transmit() | Broadcast() if self.blocked:
                    self._outgoing.append(effect)
                    self._stopped = self._stopping
                case Transmit():
                    self._carrier.transmit(effect.data, self._address, effect.to)
                case Notify():
                    self.report(effect.event)
                case Persist():
                    self._staged.writes.append(effect.write)
                    self._begin_transaction()
                case Record():
                    self._disk.record(effect.group)
                case Answer():
                    self._answer(effect)
                case Resolve():
                    self._resolver.resolve(effect, self._resolved)
                case Broadcast():
                    self._carrier.broadcast(effect.data, self._address)
                case _:
                    assert_never(effect)

    def report(self, event: Any) -> None:
        """Logs an event that the node reports."""
        if isinstance(event, OwnerRetired):
            self.forked = False
        now = self._clock.now
        self._log.note(Observed(now, self._id, self._boot, event))
        if isinstance(event, LeaveDone):
            self._clock.at(now, self._left, self)

    def _answer(self, answer: Answer) -> None:
        log, now = self._log, self._clock.now
        # What a process was asked before its snapshot, it may answer again after it was set back.
        if self._set_back and log.requests[answer.ticket - 1].boot < self._boot:
            return
        request = log.answered(answer, now)
        assert (request.node, request.boot) == (self._id, self._boot), f"not asked here: {answer}"
        if request.on_answer is not None:
            self._clock.at(now, request.on_answer, request)

    # Writes

    def _begin_transaction(self) -> None:
        self._disk.go_on()
        takes = self._staged.begin()
        if takes is not None:
            self._clock.at(self._clock.now + takes, self._written)

    def _written(self) -> None:
        if self.ended:
            return
        if self.paused:
            self._deferred.append(self._written)
            return
        self._report_writes(self._staged.end())
        self._begin_transaction()
        self.perform(())

    def _report_writes(self, ended: Iterator[tuple[Write, bool]]) -> None:
        node, now = self.node, self._clock.now
        for write, kept in ended:
            self._carry_out((node.persisted if kept else node.persist_failed)(write, now))

    def sync_soon(self) -> None:
        """Syncs all that the node knows now and then, where the disk does so, from now on."""
        interval = self._disk.sync_interval
        if interval is not None:
            self._clock.at(self._clock.now + interval * self._rng.random(), self._sync, interval)

    def _sync(self, interval: float) -> None:
        if self.ended:
            return
        if not self._stands:
            self._disk.sync(self.node.checkpoint)
        self._clock.at(self._clock.now + interval, self._sync, interval)

    # Timers

    def _set_alarm(self) -> None:
        due = None if self.ended else self.node.next_timeout()
        if due is not None:
            self._alarm.set(due)

    def _wake(self) -> None:
        if self._stands:
            return
        now, due = self._clock.now, self.node.next_timeout()
        if due is not None and due <= now:
            self._check_progress(now)
            self.perform(self.node.handle_timeout(now))
        else:
            self._set_alarm()

    def _fire(self) -> None:
        now = self._clock.now
        due = None if self.ended else self.node.next_timeout()
        if due is not None and due <= now:
            self.perform(self.node.handle_timeout(now))

    def _check_progress(self, now: float) -> None:
        self._spins = self._spins + 1 if now == self._spun else 0
        self._spun = now
        if self._spins > _SPINS:
            raise RuntimeError(f"{self._id}: the same timers are due again and again at {now}")
