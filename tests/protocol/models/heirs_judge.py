"""All that can happen to directories whose ids are folded, and what must hold whatever happens.

A change is held where a row that counts includes it. Whatever the order of events:

- No node shows a change twice, and none stops showing one, but for a loss of its directory.
- Left in peace, all nodes agree, and show exactly the changes that anybody holds, less those that a
  reset which anybody has heard of took away.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from tests.protocol.models.heirs import CLAIM, NAMES, Design, Directory, totals


class World(NamedTuple):
    """Directories with their processes.

    Attributes:
        nodes: The directory of each node.
        sides: The side of each node; nodes of two sides have forgotten each other.
        shelf: A copy that was made of a directory.
        drawn: How many ids were drawn.
        counted: How many changes were made.
    """

    nodes: tuple[Directory, ...]
    sides: tuple[int, ...]
    shelf: Directory = Directory()
    drawn: int = 0
    counted: int = 0

    def place(self, node: int, directory: Directory) -> World:
        """Returns the world with another directory at a node."""
        nodes = list(self.nodes)
        nodes[node] = directory
        return self._replace(nodes=tuple(nodes))


class Judge:
    """All that can happen under one design.

    Args:
        design: The rules.
        faults: What can happen to directories, of "wipe", "copy" and "part".
        counts: How many changes are made at most, resets among them.
        names: How many names there are.
        resets: Whether counters are reset.
        careful: Whether the world keeps what the design takes for granted.
    """

    def __init__(
        self,
        design: Design,
        faults: str = "wipe copy part",
        counts: int = 4,
        names: int = 1,
        resets: bool = False,
        careful: bool = True,
    ) -> None:
        self.design = design
        self.faults = faults
        self.counts = counts
        self.names = NAMES[:names]
        self.resets = resets
        self.careful = careful

    def begin(self, nodes: int) -> World:
        """Returns a world of nodes that start on empty directories."""
        return World((Directory(),) * nodes, (0,) * nodes)

    def do(self, world: World, *words: str) -> World:
        """Plays a history: "count 0", "merge 0 1", "fold 1" and the like."""
        for word in words:
            event, *numbers = word.split()
            world = getattr(self, event)(world, *map(int, numbers))
        return world

    def count(self, world: World, node: int, name: int = 0) -> World:
        """Lets a process count; with its first change it draws an id, which claims the last."""
        world = self._drawn(world, node)
        directory = world.nodes[node]
        own, inherited = totals(directory.log(directory.running), name)
        own += 1 << world.counted
        log = directory.log(directory.running).write([(("sum", name, 0), (own, inherited))])
        world = world._replace(counted=world.counted + 1)
        return world.place(node, directory.with_log(directory.running, log))

    def reset(self, world: World, node: int, name: int = 0) -> World:
        """Lets a process reset a counter."""
        world = self._drawn(world._replace(counted=world.counted + 1), node)
        return world.place(node, self.design.reset(world.nodes[node], name))

    def _drawn(self, world: World, node: int) -> World:
        directory = world.nodes[node]
        if directory.running:
            return world
        drawn = world.drawn + 1
        log = directory.log(drawn).write([(CLAIM, (directory.line,))])
        directory = directory.with_log(drawn, log)._replace(line=drawn, running=drawn)
        return world._replace(drawn=drawn).place(node, directory)

    def restart(self, world: World, node: int) -> World:
        """Replaces a process by one that has what is on the disk."""
        directory = world.nodes[node]._replace(running=0, asked=((), frozenset()))
        return world.place(node, directory)

    def wipe(self, world: World, node: int) -> World:
        """Replaces a directory by an empty one."""
        return world.place(node, Directory())

    def copy(self, world: World, node: int) -> World:
        """Makes a copy of a directory, as a process would find it."""
        return world._replace(shelf=self.restart(world, node).nodes[node])

    def restore(self, world: World, node: int) -> World:
        """Sets a directory back, or gives a node the directory of another."""
        return world.place(node, world.shelf)

    def part(self, world: World, node: int) -> World:
        """Lets a node go to the other side, for longer than nodes are remembered, or come back."""
        sides = list(world.sides)
        sides[node] = 1 - sides[node]
        return world._replace(sides=tuple(sides))

    def merge(self, world: World, source: int, to: int) -> World:
        """Brings a node all that another has."""
        directory = world.nodes[to]
        for owner, log in world.nodes[source].logs:
            directory = self.design.receive(directory, owner, log)
        return world.place(to, directory)

    def delta(self, world: World, source: int, to: int, owner: int, cut: int = 0) -> World:
        """Brings a node the log of one owner, maybe cut."""
        log = world.nodes[source].log(owner)
        return world.place(to, self.design.receive(world.nodes[to], owner, log, cut))

    def push(self, world: World, source: int, to: int, owner: int) -> World:
        """Brings a node the newest row of one owner."""
        log = world.nodes[source].log(owner)
        return world.place(to, self.design.push(world.nodes[to], owner, log))

    def ask(self, world: World, node: int, member: int) -> World:
        """Lets a process ask a member whether it may fold."""
        directory = world.nodes[node]
        batch, (asked, yes) = self.design.batch(directory), directory.asked
        if asked != batch:
            yes = frozenset()
        if batch and self.design.answer(world.nodes[member], batch, directory.running):
            yes |= {member}
        return world.place(node, directory._replace(asked=(batch, yes)))

    def fold(self, world: World, node: int) -> World:
        """Lets a process fold, if its rules allow it and the world is as it is taken to be."""
        members = {
            member
            for member, side in enumerate(world.sides)
            if side == world.sides[node] and member != node
        }
        directory = world.nodes[node]
        if not members and not directory.asked[0]:
            directory = directory._replace(asked=(self.design.batch(directory), frozenset()))
        if not self.design.ready(directory, members) or (self.careful and self.strays(world, node)):
            return world
        return world.place(node, self.design.fold(directory))

    def agree(self, world: World, node: int) -> World:
        """Lets a process ask all, and fold."""
        for member, side in enumerate(world.sides):
            if side == world.sides[node] and member != node:
                world = self.ask(world, node, member)
        return self.fold(world, node)

    def strays(self, world: World, node: int) -> bool:
        """Returns whether somebody who is not asked holds what forbids the fold."""
        directory = world.nodes[node]
        batch = self.design.batch(directory)
        away = [
            other
            for other, side in zip(world.nodes, world.sides, strict=True)
            if side != world.sides[node]
        ]
        return not all(
            self.design.answer(other, batch, directory.running) for other in (*away, world.shelf)
        )

    def events(self, world: World) -> Iterator[World]:
        """Yields the worlds that one event leads to."""
        nodes = range(len(world.nodes))
        for node in nodes:
            if world.counted < self.counts:
                for name in self.names:
                    yield self.count(world, node, name)
                    if self.resets and world.nodes[node].logs:
                        yield self.reset(world, node, name)
            yield self.restart(world, node)
            yield self.fold(world, node)
            for other in nodes:
                if other != node and world.sides[node] == world.sides[other]:
                    yield self.ask(world, node, other)
                    yield from self._messages(world, node, other)

    def _messages(self, world: World, node: int, other: int) -> Iterator[World]:
        yield self.merge(world, node, other)
        for owner, _ in world.nodes[node].logs:
            yield self.delta(world, node, other, owner)
            yield self.delta(world, node, other, owner, 1)
            yield self.delta(world, node, other, owner, 2)
            yield self.push(world, node, other, owner)

    def losses(self, world: World) -> Iterator[World]:
        """Yields the worlds that a fault leads to."""
        for node in range(len(world.nodes)):
            if "wipe" in self.faults:
                yield self.wipe(world, node)
            if "copy" in self.faults:
                yield self.copy(world, node)
                yield self.restore(world, node)
            if "part" in self.faults:
                yield self.part(world, node)

    def held(self, directory: Directory, name: int) -> int:
        """Returns the changes that rows which count include."""
        held = 0
        for _, log in directory.logs:
            own, inherited = totals(log, name)
            held |= own | (inherited if self.design.whole(log) else 0)
        return held

    def shown(self, directory: Directory) -> tuple[int, ...]:
        """Returns what a node shows of each counter."""
        return tuple(self.design.value(directory, name) for name in NAMES)

    def change(self, before: World, after: World) -> str:
        """Returns what is wrong with an event that is no loss; empty if nothing is."""
        if self.resets:
            return ""
        for node, directory in enumerate(after.nodes):
            if directory is before.nodes[node]:
                continue
            old = self.shown(before.nodes[node])
            for name, value in enumerate(self.shown(directory)):
                if value != self.held(directory, name):
                    return f"a change shows twice: {after}"
                if old[name] & ~value:
                    return f"a change goes: {after}"
        return ""

    def complaint(self, world: World) -> str:
        """Leaves a world in peace, and returns what does not hold then; empty if all does."""
        held, taken, idle = [0] * len(NAMES), 0, self.unread(world)
        for directory in world.nodes:
            taken |= directory.taken
            for name in NAMES:
                held[name] |= self.held(directory, name)
        peace = self.peace(world)
        if len({directory.logs for directory in peace.nodes}) > 1:
            return f"nodes differ in peace: {world}"
        for name, value in enumerate(self.shown(peace.nodes[0])):
            expected = held[name] & ~taken
            if (value ^ expected) & ~idle or value & ~held[name]:
                fate = "counts twice" if value > expected else "is lost"
                return f"a change {fate}, {value} for {expected}: {world}"
        return ""

    def unread(self, world: World) -> int:
        """Returns what was taken of a bundle that nobody has whole, so that nobody can tell."""
        read = {
            owner
            for directory in world.nodes
            for owner, log in directory.logs
            if self.design.whole(log)
        }.union(*(self.design.closed(directory) for directory in world.nodes))
        unread = 0
        for directory in world.nodes:
            for _, log in directory.logs:
                for row in log.rows:
                    if row.slot[0] == "base" and row.slot[2] not in read:
                        unread |= row.value[2] or 0
        return unread

    def peace(self, world: World) -> World:
        """Lets all nodes exchange all that they have."""
        world = world._replace(sides=(0,) * len(world.nodes))
        nodes = range(len(world.nodes))
        before = None
        while before != world:
            before = world
            for one in nodes:
                for other in nodes:
                    if one != other:
                        world = self.merge(world, one, other)
        return world

    def explore(self, start: World, depth: int, faults: int = 1) -> tuple[int, str]:
        """Judges all worlds within `depth` events, so many of them faults; says how many."""
        seen = {start: faults}
        layer = [(start, faults)]
        for _ in range(depth):
            found = list[tuple[World, int]]()
            for world, left in layer:
                steps = [(after, left, False) for after in self.events(world)]
                if left:
                    steps += [(after, left - 1, True) for after in self.losses(world)]
                for after, rest, loss in steps:
                    known = seen.get(after, -1)
                    if known >= rest:
                        continue
                    seen[after] = rest
                    found.append((after, rest))
                    wrong = "" if loss else self.change(world, after)
                    wrong = wrong or ("" if known >= 0 else self.complaint(after))
                    if wrong:
                        return len(seen), wrong
            layer = found
        return len(seen), ""

    def wander(self, seed: int, nodes: int, length: int) -> str:
        """Judges a random history, in which processes mostly count, restart and fold."""
        random = Random(seed)
        world = self.begin(nodes)
        for step in range(length):
            node, other = random.sample(range(nodes), 2)
            kind = random.randrange(10)
            loss = kind == 0
            if loss:
                after = random.choice(list(self.losses(world)))
            elif kind < 4:
                after = random.choice(list(self.events(world)))
            elif kind < 7 or world.sides[node] != world.sides[other]:
                after = self.agree(world, node)
            elif kind < 9 and world.counted < self.counts:
                after = self.count(self.restart(world, node), node, random.choice(self.names))
            else:
                after = self.merge(world, node, other)
            wrong = "" if loss else self.change(world, after)
            if step % 5 == 4:
                wrong = wrong or self.complaint(after)
            if wrong:
                return wrong
            world = after
        return self.complaint(world)
