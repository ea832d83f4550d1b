"""Holds the answer to a client's write back until enough nodes hold the write.

How many are enough is the ack level: `all` live members, the `majority` of the live ones and those
that died in the last ten minutes, `one` peer, or no peer at all (`local`).

Waiting is bounded. An answer is given after one probe time-out at the latest, and then says how
many nodes hold the write. A peer that missed a deadline counts as silent: no later write waits for
it until it confirms something. Without the bound, a client would hang until a dead peer is declared
dead. Without the mark, each write in that time would take a whole probe time-out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import attrs

from ..config import ACK_LEVELS
from ..effects import Answer
from ..membership import MemberTable
from ..part import Part
from ..runtime import Runtime
from ..wire import DEAD
from .commands import Command
from .floors import shown
from .holdings import Holdings

_DEAD_COUNT = 600.0
"""Seconds for which the dead count for a majority.

Within that time most of those that come back are back, and the smaller side of a partition does not
take itself for the majority. Later on, a member that was replaced under another address would keep
a majority of those that are there from ever being enough.
"""

_ROUNDING = 1e-6
"""Seconds by which a deadline may seem too early because floats were added up."""


_Ticket = tuple[Command, tuple[int, ...]]


@attrs.define
class _Waiting:
    """The commands that took effect as one version and wait for their answers.

    Attributes:
        version: the version of the present owner id that peers must hold.
        deadline: when the answers are given at the latest, in seconds of the node's clock.
        tickets: each command, and the values after each of its changes.
    """

    version: int
    deadline: float
    tickets: list[_Ticket]


class Answers(Part):
    """Answers writes that took effect here.

    Writes that are not answered yet wait in one queue for each ack level, in order of version. A
    peer that holds a version holds all before it, so only the first of a queue has to be looked at.
    """

    def __init__(self, runtime: Runtime, table: MemberTable, holdings: Holdings) -> None:
        self._runtime = runtime
        self._table = table
        self._holdings = holdings
        self._counts: dict[tuple[str, bool], int] = {}
        self._waiting: dict[str, deque[_Waiting]] = {level: deque() for level in ACK_LEVELS}
        # What the table was, and in which second, when the lately dead were counted last.
        self._dead_as_of: tuple[int, ...] = ()
        self._dead = 0

    def level(self, ack: str | None) -> str:
        """Returns the ack level to use: as asked for, as configured, or by the cluster's size.

        Raises ValueError if `ack` is not the name of a level.
        """
        config = self._runtime.config
        if ack is not None and ack not in ACK_LEVELS:
            raise ValueError(f"ack: {ack!r} is none of {', '.join(ACK_LEVELS)}")
        if ack or config.ack:
            return ack or str(config.ack)
        return "all" if self._table.size() <= config.direct_push_limit else "one"

    def add(self, command: Command, version: int, counts: tuple[int, ...]) -> None:
        """Notes that a command took effect as `version`, and the values after its changes.

        The caller calls `settle` next, since the write may be held by enough nodes already.
        """
        waiting = self._waiting[command.level]
        if not waiting or waiting[-1].version != version:
            deadline = self._runtime.now + self._runtime.config.probe_timeout
            waiting.append(_Waiting(version, deadline, []))
        waiting[-1].tickets.append((command, counts))

    def done(self, command: Command, counts: tuple[int, ...]) -> None:
        """Answers a command that had nothing to write: this node is the only holder asked for."""
        self._answer(command.level, [(command, counts)], 1, 1)

    def failed(self, command: Command, counts: tuple[int, ...]) -> None:
        """Answers a command with no holders, because its write may not be on disk."""
        self._answer("failed", [(command, counts)], 0, 1)

    def alone(self, command: Command, counts: tuple[int, ...]) -> None:
        """Answers a write at once, with this node as the only holder.

        Used for a write that took effect under a former owner id: no peer confirms those.
        """
        target = self._target(command.level, len(self._table.live))
        self._answer(command.level, [(command, counts)], 1, target)

    def give_up(self) -> None:
        """Answers all that waits with the holders known now, because the owner id will change."""
        for level, waiting in self._waiting.items():
            while waiting:
                write = waiting.popleft()
                self._settle_one(level, write, final=True)
            self._runtime.timers.cancel(("answer", level))

    def settle(self) -> None:
        """Answers each write that enough nodes hold, or whose deadline is over."""
        for level, waiting in self._waiting.items():
            while waiting and self._settle_one(level, waiting[0]):
                waiting.popleft()
            if waiting:
                self._runtime.timers.set(("answer", level), waiting[0].deadline, self.settle)
            else:
                self._runtime.timers.cancel(("answer", level))

    def _settle_one(self, level: str, write: _Waiting, *, final: bool = False) -> bool:
        """Answers `write` unless it is worth waiting. Returns whether it was answered.

        A write waits only while a peer that lacks it is not silent. With `final` it does not wait.
        """
        if level == "local":
            self._answer(level, write.tickets, 1, 1)
            return True
        holdings = [self._holdings.of(row) for row in self._table.live.values()]
        missing = [holding for holding in holdings if holding.holds < write.version]
        holders = 1 + len(holdings) - len(missing)
        target = self._target(level, len(holdings))
        if not final and holders < target and any(not holding.silent for holding in missing):
            if self._runtime.now < write.deadline - _ROUNDING:
                return False
            for holding in missing:
                holding.missed()
        self._answer(level, write.tickets, holders, target)
        return True

    def _target(self, level: str, live: int) -> int:
        if level == "all":
            return live + 1
        if level == "majority":
            return (live + 1 + self._lately_dead()) // 2 + 1
        return min(2, live + 1) if level == "one" else 1

    def _lately_dead(self) -> int:
        """Returns how many members died so lately that they still count for a majority.

        They are counted again when the table has changed, and once a second: to look at thousands
        of dead rows for each write would take longer than the write.
        """
        table, now = self._table, self._runtime.now
        as_of = (table.fingerprint.total, len(table.gone), int(now))
        if as_of != self._dead_as_of:
            gone, since = table.gone.values(), now - _DEAD_COUNT
            self._dead = sum(row.state == DEAD and row.since > since for row in gone)
            self._dead_as_of = as_of
        return self._dead

    def _answer(self, level: str, tickets: list[_Ticket], holders: int, target: int) -> None:
        key = (level, holders >= target)
        self._counts[key] = self._counts.get(key, 0) + sum(
            command.requests for command, _ in tickets
        )
        for command, counts in tickets:
            told = tuple(map(shown, counts))
            several = told if len(told) > 1 else ()
            answer = Answer(command.ticket, told[-1], holders, target, several, command.done)
            self._runtime.emit(answer)

    def counted(self) -> Mapping[str, Any]:
        """Returns the number of answers by ack level and by whether the level's target was met."""
        return {"answers": self._counts}

    def waiting(self) -> Mapping[str, int]:
        """Returns how many commands wait for their answer."""
        writes = [write for waiting in self._waiting.values() for write in waiting]
        told = [command for write in writes for command, _ in write.tickets]
        return {"answers": sum(command.requests for command in told)}
