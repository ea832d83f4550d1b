"""What can happen to a counter that expires, on nodes whose clocks differ."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

from .expiry import GRACE, TTL, Design, Row, Rows, Slot, lives


class Change(NamedTuple):
    """A change, and the interval that its row had then; `anew` if its owner saw no life for it."""

    owner: int
    rank: int
    amount: int
    time: int
    until: int
    anew: bool


class Node(NamedTuple):
    """The rows of a node, and the version of the last row that it wrote."""

    held: tuple[tuple[Slot, Row], ...] = ()
    last: int = 0


class World(NamedTuple):
    """Time, the nodes, the changes, and the ranks (source, up to) that resets took."""

    now: int
    nodes: tuple[Node, ...]
    changes: tuple[Change, ...] = ()
    resets: tuple[tuple[int, int], ...] = ()


class Model:
    """All that can happen under one design; `offsets` are how wrong the clocks are."""

    def __init__(
        self,
        design: Design,
        offsets: tuple[int, ...],
        changes: int,
        limit: int = 0,
        resets: int = 0,
    ) -> None:
        self.design = design
        self.offsets = offsets
        self.changes = changes
        self.limit = limit
        self.resets = resets
        self.numbers = range(len(offsets))
        self.pairs = list(permutations(self.numbers, 2))

    def begin(self) -> World:
        """Returns a world in which nobody has counted."""
        return World(10, tuple(Node() for _ in self.numbers))

    def clock(self, world: World, number: int) -> int:
        """Returns what a node takes for the time."""
        return world.now + self.offsets[number]

    def value(self, world: World, number: int) -> int | None:
        """Returns what a node shows."""
        return self.design.value(dict(world.nodes[number].held), self.clock(world, number))

    def wrote(self, world: World, number: int, rows: Rows) -> World:
        """Returns the world with the rows of a node, without those that are over."""
        last = max(
            [world.nodes[number].last, *(r.version for s, r in rows.items() if s[0] == number)]
        )
        clock = self.clock(world, number)
        held = tuple(sorted((s, r) for s, r in rows.items() if not self.design.over(r, clock)))
        nodes = list(world.nodes)
        nodes[number] = Node(held, last)
        return world._replace(nodes=tuple(nodes))

    def count(self, world: World, number: int) -> World:
        """Lets a node count, unless the limit forbids it; each set of changes has its own sum."""
        amount = 1 if self.limit else 2 ** len(world.changes)
        node, clock = world.nodes[number], self.clock(world, number)
        before = dict(node.held)
        if self.limit and (self.design.value(before, clock) or 0) + amount > self.limit:
            return world
        rows = self.design.count(before, number, node.last, amount, clock)
        row, old = rows[number, number], before.get((number, number))
        anew = old is None or row.start != old.start
        now = self.design.time(before, clock)
        change = Change(number, row.rank, amount, now, row.until, anew)
        return self.wrote(world, number, rows)._replace(changes=(*world.changes, change))

    def reset(self, world: World, number: int) -> World:
        """Lets a node reset what it sees."""
        node = world.nodes[number]
        rows = dict(node.held)
        taken = [(owner, row.rank) for owner, row in self.design.own_rows(rows).items()]
        after = self.design.reset(rows, number, node.last)
        return self.wrote(world, number, after)._replace(resets=(*world.resets, *taken))

    def tell(self, world: World, one: int, other: int) -> World:
        """Lets a node tell another all that it has."""
        rows = dict(world.nodes[other].held)
        for slot, row in world.nodes[one].held:
            if slot[0] != other and (slot not in rows or rows[slot].version < row.version):
                rows[slot] = row
        return self.wrote(world, other, rows)

    def tick(self, world: World) -> World:
        """Lets time pass; rows that are over go, and owners extend theirs."""
        world = world._replace(now=world.now + 1)
        for number in self.numbers:
            node, clock = world.nodes[number], self.clock(world, number)
            rows = self.design.extend(dict(node.held), number, node.last, clock)
            world = self.wrote(world, number, rows)
        return world

    def events(self, world: World) -> Iterator[tuple[World, bool]]:
        """Yields the worlds that one event leads to, and whether it brought news to a node."""
        yield self.tick(world), False
        for number in self.numbers:
            if len(world.changes) < self.changes:
                yield self.count(world, number), False
            if len(world.resets) < self.resets and world.nodes[number].held:
                yield self.reset(world, number), False
        for one, other in self.pairs:
            yield self.tell(world, one, other), True

    def met(self, world: World) -> World:
        """Returns the world after all have told all."""
        for one, other in (*self.pairs, *self.pairs):
            world = self.tell(world, one, other)
        return world

    def due(self, world: World, number: int) -> tuple[int, int]:
        """Returns the least and the most that a node may show once all have met."""
        changes = [each for each in world.changes if not self.taken(world, each)]
        clock = self.clock(world, number)
        now = max([clock, *(each.time for each in world.changes if each.anew)])
        spans = [(each.time, each.until) for each in world.changes]
        life = next((each for each in lives(spans) if each[0] <= now < each[1]), None)
        if life is None:
            return 0, 0
        within = [each for each in changes if life[0] <= each.time < life[1]]
        lost = sum(each.amount for each in within if self.excused(world, each, life))
        most = sum(each.amount for each in within)
        return most - lost, most

    def taken(self, world: World, change: Change) -> bool:
        """Returns whether a reset saw a change."""
        return any(s == change.owner and change.rank <= rank for s, rank in world.resets)

    def excused(self, world: World, change: Change, life: tuple[int, int]) -> bool:
        """Returns whether a change may be gone although its life goes on.

        Its owner began anew, or did not hear within GRACE that the life goes on.
        """
        mine = [each for each in world.changes if each.owner == change.owner]
        if any(each.anew and each.rank > change.rank for each in mine):
            return True
        fastest = world.now + max(self.offsets)
        held = [
            row.until
            for node in world.nodes
            for slot, row in node.held
            if slot == (change.owner, change.owner)
        ]
        until = max([*held, *(each.until for each in mine)])
        return until + GRACE < fastest

    def complaint(self, world: World) -> str:
        """Lets all meet, and returns what does not hold then; empty if all does."""
        end = self.met(world)
        for number in self.numbers:
            least, most = self.due(end, number)
            value = self.value(end, number) or 0
            if value & ~most:
                return f"{value & ~most} of {value} came back at {number}: {world}"
            if least & ~value:
                return f"{least & ~value} is missing at {number}: {world}"
        alone = end
        while any(self.value(alone, number) is not None for number in self.numbers):
            alone = self.tick(alone)
            if alone.now > 99:
                return f"it never expires: {world}"
        for number in self.numbers:
            after = self.met(self.count(alone, number))
            amount = after.changes[-1].amount
            shown = {self.value(after, each) for each in self.numbers}
            if self.value(after, number) != amount or not shown <= self.allowed(amount):
                return f"what is counted after the end does not count alone: {world}"
        return ""

    def allowed(self, amount: int) -> set[int | None]:
        """Returns what nodes may show of a change alone; fast ones may be past its time to live."""
        short = max(self.offsets) - min(self.offsets) >= TTL
        return {amount, None} if short else {amount}

    def explore(self, depth: int, like: str = "") -> tuple[int, str]:
        """Judges every world within `depth` events. Returns how many, and the first complaint."""
        layer = [self.begin()]
        found = set(layer)
        for _ in range(depth):
            after: list[World] = []
            for world in layer:
                for next_world, news in self.events(world):
                    if next_world in found:
                        continue
                    found.add(next_world)
                    after.append(next_world)
                    complaint = self.complaint(next_world)
                    if not complaint and not news:
                        complaint = self.risen(world, next_world)
                    if complaint and complaint.startswith(like):
                        return len(found), complaint
            layer = after
        return len(found), ""

    def risen(self, before: World, after: World) -> str:
        """Returns whether time or an own act brought back a change at some node."""
        new = sum(each.amount for each in after.changes[len(before.changes) :])
        for number in self.numbers:
            old, value = self.value(before, number) or 0, self.value(after, number) or 0
            if value & ~old & ~new:
                return f"{value} rose from {old} by itself: {after}"
        return ""

    def most(self, depth: int, begin: World, *, still: bool) -> int:
        """Returns the largest value that nodes which keep to a limit reach together.

        With `still`, no time passes.
        """
        layer, found = [begin], {begin}
        for _ in range(depth):
            reached = {after for world in layer for after, _ in self.events(world)}
            reached = {each for each in reached if not still or each.now == begin.now}
            layer = list(reached - found)
            found |= reached
        ends = [self.met(world) for world in found]
        return max(self.value(end, number) or 0 for end in ends for number in self.numbers)
