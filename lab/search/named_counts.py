"""Judges the named counters of a history, which are changed beside the default one.

Each request is a batch that changes one counter of each kind. Where the amounts are distinct powers
of two, a value tells which requests it has, and so does the answer to a reset.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs

from gossipd.protocol import Bounded, Reset, Stated
from gossipd.sim.world import Crashed, DiskReplaced, Host, Request, SetBack, World

from .findings import Finding

_BRIEF_SECONDS = 10.0
"""After so long a counter that lives for four seconds is gone, however late its last change was."""


@attrs.define
class _Counter:
    """What was asked of one counter.

    Attributes:
        amounts: of each change, with whether it was answered. A key has one, however often tried.
        taken: the answers to resets and deletes.
        unanswered: whether there was another reset or delete, of which nobody knows what it took.
        last: when it was last changed. A change that was not answered may still come: a process
            that was paused takes it up as it goes on.
    """

    amounts: dict[Any, tuple[int, bool]] = attrs.Factory(dict)
    taken: list[int] = attrs.Factory(list)
    unanswered: bool = False
    last: float = 0.0

    def ask(self, key: Any, amount: int, *, answered: bool) -> None:
        """Notes a change, or another try of one."""
        before = self.amounts.get(key, (0, False))
        self.amounts[key] = amount, answered or before[1]

    @property
    def asked(self) -> int:
        """All that was asked for, together."""
        return sum(abs(amount) for amount, _ in self.amounts.values())

    @property
    def answered(self) -> int:
        """All that was answered, together."""
        return sum(abs(amount) for amount, answered in self.amounts.values() if answered)

    @property
    def told_apart(self) -> bool:
        """Whether the amounts are distinct powers of two."""
        bits = (abs(amount) for amount, _ in self.amounts.values())
        return self.asked == functools.reduce(operator.or_, bits, 0)


def judge_named(world: World, hosts: Sequence[Host], *, clocks: bool = True) -> list[Finding]:
    """Returns what is wrong with the values of nodes that can all reach each other.

    What was acknowledged must be there, unless a disk lost something or a reset took it away;
    nothing may be there that was not asked for, or be there twice.

    Args:
        clocks: whether all clocks are right, so that what expires does so everywhere.
    """
    whole = not any(
        isinstance(each.event, DiskReplaced | SetBack)
        or (isinstance(each.event, Crashed) and each.event.state_lost)
        for each in world.log.events
    )
    found = differing(world, hosts)
    if found:
        return found
    for name, counter in _counters(world.log.requests).items():
        values = {host.running().count(name) for host in hosts}
        if name.startswith("brief"):
            if clocks and world.now - counter.last > _BRIEF_SECONDS and values != {0}:
                found.append(Finding("not expired", f"{name}: {sorted(values)}"))
        elif name.startswith("stated"):
            found += _judge_stated(name, values.pop(), counter, whole=whole)
        else:
            found += _judge(name, values.pop(), counter, whole=whole)
    return found


def differing(world: World, hosts: Sequence[Host]) -> list[Finding]:
    """Returns a finding for each counter of which these nodes show different values."""
    found = []
    for name in _counters(world.log.requests):
        values = {host.running().count(name) for host in hosts}
        if len(values) > 1 and not name.startswith("brief"):
            found.append(Finding("counts never agreed", f"{name}: {sorted(values)}"))
    return found


def _counters(requests: Iterable[Request]) -> dict[str, _Counter]:
    """Returns what was asked of each counter."""
    found: dict[str, _Counter] = {}
    for request in requests:
        if request.refused is None:
            for change, done in _changes(request):
                counter = found.setdefault(change.name, _Counter())
                changed = math.inf if request.answered_at is None else request.answered_at
                counter.last = max(counter.last, changed)
                if isinstance(change, Reset):
                    counter.taken += [done or 0]
                    counter.unanswered |= done is None
                elif isinstance(change, Stated):
                    counter.ask(request.ticket, change.total, answered=done is not None)
                else:
                    key = change.key if isinstance(change, Bounded) and change.key else None
                    amount = change.amount
                    counter.ask(key or request.ticket, amount, answered=done is not None)
    return found


def _changes(request: Request) -> Iterator[tuple[Any, int | None]]:
    """Yields each change of named counters, and what it did; None if that was not answered."""
    answer = request.answer
    done: Sequence[int | None] = [None] * len(request.beside)
    if answer is not None and answer.holders:
        done = answer.done
    yield from zip(request.beside, done[: len(request.beside)], strict=True)


def _judge_stated(name: str, value: int, counter: _Counter, *, whole: bool) -> list[Finding]:
    least = max((total for total, answered in counter.amounts.values() if answered), default=0)
    if value not in {0, *(total for total, _ in counter.amounts.values())}:
        return [Finding("invented", f"{name} is {value}, which nobody stated")]
    if whole and value < least:
        return [Finding("lost", f"{name} is {value}, and {least} was answered")]
    return []


def _judge(name: str, value: int, counter: _Counter, *, whole: bool) -> list[Finding]:
    sign = -1 if any(amount < 0 for amount, _ in counter.amounts.values()) else 1
    value, possible = sign * value, counter.asked
    taken = functools.reduce(operator.or_, counter.taken, 0)
    if not 0 <= value <= possible:
        return [Finding("invented", f"{name} is {value:#x}, and {possible:#x} was asked for")]
    if not counter.told_apart:
        return []
    if (value | taken) & ~possible:
        more = (value | taken) & ~possible
        return [Finding("invented", f"{name} has {more:#x}, which nobody asked for")]
    if whole:
        lacks = counter.answered & ~(value | taken)
        if lacks and not counter.unanswered:
            return [Finding("lost", f"{name} lacks {lacks:#x}, which was answered")]
        if value & taken:
            return [Finding("not reset", f"{name} has {value & taken:#x}, which a reset took")]
    return []
