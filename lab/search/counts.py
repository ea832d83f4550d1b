"""Judges the counter of a history: what was answered is kept, and nothing counts twice.

The final value must be explained by a sequential order of the operations in which each comes after
those that its node had seen (see `orders`). A history without syncs adds distinct powers of two, so
that its value tells which operations it contains. An answer must not claim more holders than there
are, and what is answered must be on the disk of the node that answers.

An increment is *owed* from its answer on, for as long as some process or disk holds it.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import attrs

from gossipd.protocol import DEFAULT, Answer, Entry
from gossipd.sim.world import (
    Crashed,
    DiskReplaced,
    Host,
    Observed,
    Request,
    SetBack,
    World,
)

from .findings import Checker, Finding
from .orders import Entries, Operation, entries_of, has_effect_of, holds, inherited_by, outcomes


@attrs.define(eq=False)
class _Asked:
    """A request, and what became of it.

    Attributes:
        seen: tickets of the requests whose effects its node had when it was asked.
        before: what its node counted then.
        owed: it was answered, or a node had it that was asked for something else; and some process
            or disk has held it ever since.
        spared: nodes that ended, lost their disk or were set back meanwhile, and may have held it
            before; each with whether it was set back, so that it goes on under its old generation.
    """

    request: Request
    seen: frozenset[int]
    before: int
    owed: bool = False
    spared: dict[str, bool] = attrs.Factory(dict)

    def operation(self, number: int = 0, seen: frozenset[int] = frozenset()) -> Operation:
        """Returns the request as `orders` takes it."""
        request, write = self.request, self.request.write
        group = None if write is None else write.groups[0]
        return Operation(
            number,
            request.amount if request.kind == "sync" else None,
            request.amount,
            self.owed,
            b"" if group is None else group.owner,
            None if group is None else next(e for e in group.entries if e.name == DEFAULT),
            seen,
        )


Times = tuple[float, float]
"""From when to when something lasts, in seconds."""


class _Members(NamedTuple):
    """The members that a node knows.

    Attributes:
        live: those that live.
        counted: those that count for a majority.
    """

    live: frozenset[str]
    counted: frozenset[str]

    @classmethod
    def of(cls, host: Host) -> _Members:
        """Returns those of a node by its rows."""
        rows = [] if host.node is None else host.node.members()
        others = [row for row in rows if not row.removed and row.id != host.id]
        live = [row.id for row in others if row.state in ("alive", "suspect")]
        counted = [row.id for row in others if row.state != "left"]
        # A node that leaves still counts itself: what it alone holds is not what most hold.
        return cls(frozenset([host.id, *live]), frozenset([host.id, *counted]))


def _targets(before: _Members, after: _Members, level: str | None) -> set[int]:
    """Returns how many nodes an ack level may ask for while members change.

    One datagram may tell that some have left and that others are there. The node takes one after
    the other, and answers in between.
    """
    live = range(len(before.live & after.live), len(before.live | after.live) + 1)
    counted = range(len(before.counted & after.counted), len(before.counted | after.counted) + 1)
    all_of, one = set(live), {min(2, number) for number in live}
    targets: dict[str | None, set[int]] = {
        "all": all_of,
        "majority": {number // 2 + 1 for number in counted},
        "one": one,
        "local": {1},
        None: all_of | one,
    }
    return targets[level]


def _reaches(operation: Operation, entries: Entries) -> bool:
    """Returns whether these entries contain what the operation did, or exceed it for a sync."""
    if operation.raises_to is None:
        return holds(operation, entries)
    return any(
        each.name == DEFAULT and each.floor >= operation.raises_to
        for _, listed in entries.values()
        for each in listed
    )


class Counts(Checker):
    """Follows all requests about the counter `DEFAULT` of a world, from its making on.

    Args:
        failing: the times in which writes to a node's disk may fail, by node.
    """

    def __init__(self, world: World, failing: Mapping[str, Sequence[Times]] | None = None) -> None:
        super().__init__(world)
        self._asked: dict[int, _Asked] = {}
        # By node, what it counted last.
        self._least: dict[str, int] = {}
        # The members that each node knew, as of its last input.
        self._members: dict[str, _Members] = {}
        # How many requests each node has not answered yet.
        self._open: dict[str, int] = {}
        self._failing = failing or {}
        self._logs: dict[bytes, list[Entry]] = {}
        world.on_ask.append(self._on_ask)
        world.log.on_answered.append(self._on_answered)
        world.on_step.append(self._on_step)
        world.log.on_event.append(self._on_event)

    def _held_by(self, host: Host) -> Entries:
        state = host.kept if host.node is None else host.node.state()
        return {} if state is None else entries_of(state.groups, self._logs)

    def _on_disk(self, node: str) -> Entries:
        state = self._world.hosts[node].disk_content()
        return {} if state is None else entries_of(state.groups, self._logs)

    def _note_logs(self) -> None:
        """Notes what each owner has counted whom nobody has taken over, for when somebody has.

        Between two such notes nothing is lost, and what is taken over is what all agree on.
        """
        found: dict[bytes, list[Entry]] = {}
        for host in self._world.hosts.values():
            state = host.kept if host.node is None else host.node.state()
            groups = () if state is None else state.groups
            closed = {owner for group in groups for owner in inherited_by(group)}
            for group in groups:
                if group.owner not in closed:
                    found.setdefault(group.owner, []).extend(group.entries)
        self._logs.update(found)

    def _on_ask(self, request: Request) -> None:
        if request.name != DEFAULT:
            return
        self._note_logs()
        entries = self._held_by(self._world.hosts[request.node])
        seen = [
            ticket
            for ticket, asked in self._asked.items()
            if has_effect_of(asked.operation(), entries)
        ]
        for ticket in seen:
            # A request that builds upon another must not see that one vanish.
            self._asked[ticket].owed |= holds(self._asked[ticket].operation(), entries)
        self._open[request.node] = self._open.get(request.node, 0) + 1
        before = self._world.node(request.node).count(DEFAULT)
        self._asked[request.ticket] = _Asked(request, frozenset(seen), before)

    def _on_answered(self, request: Request) -> None:
        if request.name != DEFAULT:
            return
        answer, asked = request.answer, self._asked[request.ticket]
        assert answer is not None
        self._open[request.node] -= 1
        what = f"{request.node} answered {answer.count} to a {request.kind} of {request.amount}"
        if not answer.holders:
            if not self._disk_failed(request):
                self._find("failed for no reason", what)
            return
        asked.owed = True
        least = request.amount + (asked.before if request.kind == "increment" else 0)
        if answer.count < least:
            self._find("answer too low", what)
        if answer.count > self._world.node(request.node).count(DEFAULT):
            self._find("answer too high", what)
        if asked.request.write is not None:
            self._check_holders(asked, answer, what)

    def _check_holders(self, asked: _Asked, answer: Answer, what: str) -> None:
        operation, node = asked.operation(), asked.request.node
        if not has_effect_of(operation, self._on_disk(node)):
            self._find("told before kept", f"{what}, which its disk lacks")
        held = {
            each: None
            for each, set_back in asked.spared.items()
            if set_back or not self._knows_present(node, each)
        }
        for host in self._world.hosts.values():
            # A floor that other nodes raised is told only once it is on disk, as a node's own is.
            known = self._on_disk(host.id) if operation.raises_to else self._held_by(host)
            if _reaches(operation, known):
                held[host.id] = None
        if answer.holders > len(held):
            text = f"{what} and that {answer.holders} hold it, but only"
            self._find("too few holders", f"{text} {', '.join(held) or 'nobody'} did")
        now = _Members.of(self._world.hosts[node])
        level = asked.request.ack
        if answer.target not in _targets(self._members.get(node, now), now, level):
            self._find("wrong target", f"{what} and {answer.target} as target of {level}")

    def _knows_present(self, node: str, other: str) -> bool:
        """Returns whether `node` has a row of the process that runs as `other` now.

        It must not take what an earlier process confirmed for what this one holds. A row of a
        higher generation is of an earlier process, whose clock was ahead.
        """
        subject = self._world.hosts[other]
        if subject.node is None or node == other:
            return False
        present = next(row for row in subject.node.members() if row.id == other).generation
        rows = self._world.node(node).members()
        return any(row.id == other and row.generation == present for row in rows)

    def _disk_failed(self, request: Request) -> bool:
        return any(
            since <= self._world.now and until >= request.asked_at
            for since, until in self._failing.get(request.node, ())
        )

    def _on_step(self, host: Host) -> None:
        if host.node is None:
            return
        count = host.node.count(DEFAULT)
        least = self._least.get(host.id, 0)
        if count < least:
            self._find("count fell", f"from {least} to {count} at {host.id}")
        self._least[host.id] = count
        if self._open.get(host.id):
            self._members[host.id] = _Members.of(host)

    def _on_event(self, observed: Observed) -> None:
        event = observed.event
        if not isinstance(event, Crashed | DiskReplaced | SetBack):
            return
        if event != Crashed():
            # The next process starts from something else than this one had.
            self._least[observed.node] = 0
        self._note_logs()
        held = [self._held_by(host) for host in self._world.hosts.values()]
        for asked in self._asked.values():
            operation = asked.operation()
            asked.spared[observed.node] = isinstance(event, SetBack)
            if asked.owed and not any(holds(operation, entries) for entries in held):
                asked.owed = False

    def differing(self, hosts: Sequence[Host]) -> list[Finding]:
        """Returns a finding if these nodes count differently or hold different entries."""
        values = {host.id: host.running().count(DEFAULT) for host in hosts}
        held = [self._held_by(host) for host in hosts]
        if len(set(values.values())) <= 1 and all(each == held[0] for each in held):
            return []
        text = ", ".join(f"{node} counts {value}" for node, value in values.items())
        sizes = [sum(len(entries) for _, entries in each.values()) for each in held]
        return [Finding("counts never agreed", f"{text}; entries {', '.join(map(str, sizes))}")]

    def judge(self, hosts: Sequence[Host]) -> list[Finding]:
        """Returns what is wrong with the final values of nodes that can all reach each other."""
        differing = self.differing(hosts)
        if differing:
            return differing
        value = hosts[0].running().count(DEFAULT)
        refused = [each.request for each in self._asked.values() if each.request.refused]
        if refused:
            text = f"{refused[0].kind} of {refused[0].amount}: {refused[0].refused}"
            return [Finding("refused", text)]
        asked = list(self._asked.values())
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
