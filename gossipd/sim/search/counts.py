"""Judges the counter of a history: what was answered is kept, and nothing counts twice.

The final value must be explained by a sequential order of the operations in which each comes after
what its node had seen (`orders`). A history without syncs adds distinct powers of two, so that its
value names the operations that it contains. An answer must not claim more holders than there are,
and what is answered must be on the disk of the node that answers.
An increment is owed once it was answered, and no longer once no process and no disk holds it.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

import attrs

from ..host import Host
from ..record import Befell, Observed, Request
from ..world import COUNTER, World
from .findings import Checker, Finding
from .orders import Entries, Operation, entries_of, has_effect_of, holds, outcomes


@attrs.define(eq=False)
class _Asked:
    """A request, and what became of it.

    Attributes:
        seen: tickets of the operations whose effects its node had before.
        owed: it was answered, and some process or disk has held it ever since.
        spared: nodes that ended or lost their disk meanwhile: they may have held it before.
    """

    request: Request
    seen: frozenset[int]
    owed: bool = False
    spared: dict[str, None] = attrs.Factory(dict)

    def operation(self, number: int = 0, seen: frozenset[int] = frozenset()) -> Operation:
        """As `orders` takes it."""
        request, write = self.request, self.request.write
        group = None if write is None else write.groups[0]
        return Operation(
            number,
            request.amount if request.kind == "sync" else None,
            request.amount,
            self.owed,
            b"" if group is None else group.owner,
            None if group is None else group.entries[0],
            seen,
        )


class Counts(Checker):
    """Follows all requests of a world, from its making on."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._asked: dict[int, _Asked] = {}
        self._least: dict[str, int] = {}
        world.on_ask.append(self._on_ask)
        world.on_answered.append(self._on_answered)
        world.on_step.append(self._on_step)
        world.on_event.append(self._on_event)

    def _held_by(self, host: Host) -> Entries:
        state = host.kept if host.node is None else host.node.state()
        return {} if state is None else entries_of(state.groups)

    def _on_disk(self, node: str) -> Entries:
        state = self._world.disk_of(node)
        return {} if state is None else entries_of(state.groups)

    def _on_ask(self, request: Request) -> None:
        entries = self._held_by(self._world.hosts[request.node])
        seen = [
            ticket
            for ticket, asked in self._asked.items()
            if has_effect_of(asked.operation(), entries)
        ]
        self._asked[request.ticket] = _Asked(request, frozenset(seen))

    def _on_answered(self, request: Request) -> None:
        answer, asked = request.answer, self._asked[request.ticket]
        if answer is None or not answer.holders:
            return
        asked.owed = True
        least = request.amount
        if answer.count < least:
            text = f"{request.node} answered {answer.count} to a {request.kind} of {least}"
            self._find("answer too low", text)
        operation = asked.operation()
        if operation.entry is None:
            return
        if not has_effect_of(operation, self._on_disk(request.node)):
            text = f"{request.node} answered its {request.kind} of {least}, which its disk lacks"
            self._find("told before kept", text)
        held = dict(asked.spared)
        for host in self._world.hosts.values():
            if holds(operation, self._held_by(host)):
                held[host.id] = None
        if operation.raises_to is None and answer.holders > len(held):
            self._find(
                "too few holders",
                f"{request.node} answered that {answer.holders} hold its {request.kind} of {least},"
                f" but only {', '.join(held) or 'nobody'} did",
            )

    def _on_step(self, host: Host) -> None:
        if host.node is None:
            return
        count = host.node.count(COUNTER)
        least = self._least.get(host.id, 0)
        if count < least:
            self._find("count fell", f"from {least} to {count} at {host.id}")
        self._least[host.id] = count

    def _on_event(self, observed: Observed) -> None:
        """A process has ended, or the disk that the next one starts from is another one."""
        event = observed.event
        if not isinstance(event, Befell) or not event.what.startswith(("crashed", "disk")):
            return
        self._least[observed.node] = 0
        held = [self._held_by(host) for host in self._world.hosts.values()]
        for asked in self._asked.values():
            operation = asked.operation()
            asked.spared[observed.node] = None
            if asked.owed and not any(holds(operation, entries) for entries in held):
                asked.owed = False

    def differing(self, hosts: Sequence[Host]) -> list[Finding]:
        """Whether these nodes count differently, or alike but for different reasons."""
        values = {host.id: host.running().count(COUNTER) for host in hosts}
        held = [self._held_by(host) for host in hosts]
        if len(set(values.values())) <= 1 and all(each == held[0] for each in held):
            return []
        text = ", ".join(f"{node} counts {value}" for node, value in values.items())
        return [Finding("counts differ", text)]

    def judge(self, hosts: Sequence[Host]) -> list[Finding]:
        """What is wrong with the final values of these nodes, which can all reach each other."""
        differing = self.differing(hosts)
        if differing:
            return differing
        value = hosts[0].running().count(COUNTER)
        asked = [each for each in self._asked.values() if each.request.refused is None]
        amounts = [each.request.amount for each in asked if each.request.kind == "increment"]
        apart = sum(amounts) == functools.reduce(operator.or_, amounts, 0)
        if apart and len(amounts) == len(asked):
            return self._judge_sum(value, asked)
        return self._judge_orders(value, asked)

    def _judge_sum(self, value: int, asked: list[_Asked]) -> list[Finding]:
        possible = sum(each.request.amount for each in asked)
        owed = sum(each.request.amount for each in asked if each.owed)
        if value & owed != owed:
            text = f"{value:#x} lacks {owed & ~value:#x}, which was answered"
            return [Finding("lost", text)]
        if value & ~possible:
            text = f"{value:#x} has {value & ~possible:#x}, which nobody asked for"
            return [Finding("invented", text)]
        return []

    def _judge_orders(self, value: int, asked: list[_Asked]) -> list[Finding]:
        numbers = {each.request.ticket: number for number, each in enumerate(asked)}
        operations = [
            each.operation(number, frozenset(numbers[t] for t in each.seen if t in numbers))
            for number, each in enumerate(asked)
        ]
        explained = outcomes(operations)
        if value in explained:
            return []
        text = f"explains {value}, only {', '.join(map(str, sorted(explained)))}"
        return [Finding("no order", text)]
