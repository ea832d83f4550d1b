"""Holds each answer to a write back until enough nodes hold it (DESIGN: all, majority, one, local).

Waiting is bounded by one probe time-out, and a peer that missed it is not waited for again until it
confirms something. Without that bound a dead peer would slow every write until it is declared dead.
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
from ..wire import LEFT
from .floors import VALUE_LIMIT
from .holdings import Holdings

_ROUNDING = 1e-6
"""Seconds by which a deadline may seem to be early after additions of floats."""


@attrs.define
class _Waiting:
    """What took effect as one version: tickets, each with the value that it made."""

    version: int
    deadline: float
    tickets: list[tuple[int, int]]


class Answers(Part):
    """Writes that took effect here and are not answered yet, per ack level in order of version."""

    def __init__(self, runtime: Runtime, table: MemberTable, holdings: Holdings) -> None:
        self._runtime = runtime
        self._table = table
        self._holdings = holdings
        self._counts: dict[tuple[str, bool], int] = {}
        self._waiting: dict[str, deque[_Waiting]] = {level: deque() for level in ACK_LEVELS}

    def level(self, ack: str | None) -> str:
        """The ack level to use: as asked, as configured, or by cluster size.

        Raises ValueError for an unknown one.
        """
        config = self._runtime.config
        if ack is not None and ack not in ACK_LEVELS:
            raise ValueError(f"ack: {ack!r} is none of {', '.join(ACK_LEVELS)}")
        if ack or config.ack:
            return ack or str(config.ack)
        return "all" if self._table.size() <= config.direct_push_limit else "one"

    def add(self, level: str, version: int, ticket: int, count: int) -> None:
        """A write took effect as `version` and made the value `count`; call `settle` next."""
        waiting = self._waiting[level]
        if not waiting or waiting[-1].version != version:
            deadline = self._runtime.now + self._runtime.config.probe_timeout
            waiting.append(_Waiting(version, deadline, []))
        waiting[-1].tickets.append((ticket, count))

    def done(self, level: str, ticket: int, count: int) -> None:
        """Answers a command that wrote nothing."""
        self._answer(level, [(ticket, count)], 1, 1)

    def failed(self, ticket: int, count: int) -> None:
        """Answers a command whose write is not known to be kept."""
        self._answer("failed", [(ticket, count)], 0, 1)

    def alone(self, level: str, ticket: int, count: int) -> None:
        """Answers a write that took effect, but that no peer will be asked to confirm."""
        target = self._target(level, len(self._table.live))
        self._answer(level, [(ticket, count)], 1, target)

    def give_up(self) -> None:
        """Answers all that waits by what is known now: the owner id is about to change."""
        for level, waiting in self._waiting.items():
            while waiting:
                write = waiting.popleft()
                self._settle_one(level, write, final=True)
            self._runtime.timers.cancel(("answer", level))

    def settle(self) -> None:
        """Answers all that is held by enough nodes, or was waited for long enough."""
        for level, waiting in self._waiting.items():
            while waiting and self._settle_one(level, waiting[0]):
                waiting.popleft()
            if waiting:
                self._runtime.timers.set(("answer", level), waiting[0].deadline, self.settle)
            else:
                self._runtime.timers.cancel(("answer", level))

    def _settle_one(self, level: str, write: _Waiting, *, final: bool = False) -> bool:
        holdings = [self._holdings.of(row) for row in self._table.live.values()]
        missing = [holding for holding in holdings if holding.holds < write.version]
        holders = 1 + len(holdings) - len(missing)
        target = self._target(level, len(holdings))
        if not final and holders < target and any(not holding.silent for holding in missing):
            if self._runtime.now < write.deadline - _ROUNDING:
                return False
            for holding in missing:
                holding.missed()
        if level == "local":
            holders = 1
        self._answer(level, write.tickets, holders, target)
        return True

    def _target(self, level: str, live: int) -> int:
        if level == "all":
            return live + 1
        if level == "majority":
            members = [row for row in self._table.rows.values() if not row.removed]
            return sum(row.state != LEFT for row in members) // 2 + 1
        return min(2, live + 1) if level == "one" else 1

    def _answer(
        self, level: str, tickets: list[tuple[int, int]], holders: int, target: int
    ) -> None:
        key = (level, holders >= target)
        self._counts[key] = self._counts.get(key, 0) + len(tickets)
        self._runtime.emit(
            *[Answer(ticket, min(count, VALUE_LIMIT), holders, target) for ticket, count in tickets]
        )

    def counted(self) -> Mapping[str, Any]:
        """Returns answered writes by ack level, and by whether the level's target was met."""
        return {"answers": self._counts}

    def waiting(self) -> Mapping[str, int]:
        """Returns how many writes are not answered."""
        writes = [write for waiting in self._waiting.values() for write in waiting]
        return {"answers": sum(len(write.tickets) for write in writes)}
