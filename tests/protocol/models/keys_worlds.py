"""The worlds in which a design of keyed increments is tried: all that can happen there.

A few nodes are members of a cluster. Clients try keys, and count without one. Processes end and
start, with a new owner id each; directories are wiped, set back to a copy, or cloned; rows travel
whole, cut off, ahead of others, and late. A partition is a time in which rows do not travel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.protocol.models.keys import WINDOW, Design, Disk, Key, Node, Row

VARIANTS = {"k": (("x", 1), ("y", 10)), "j": (("x", 100),)}
"""What clients ask for under a key. The digits of a value tell what counted, and how often."""

PLAIN = 1000


class World(NamedTuple):
    """Nodes, time, and what the judge keeps: how often what was done that makes an exception."""

    nodes: tuple[Node, ...]
    now: int = 0
    boots: int = 1
    late: Row | None = None
    first: tuple[tuple[str, int], ...] = ()
    again: tuple[str, ...] = ()
    plain: int = 0
    faults: int = 0
    forgotten: frozenset[int] = frozenset()
    returned: int = 0


Step = tuple[str, *tuple[object, ...]]


class Events:
    """All that can happen under a design. The n-th process that writes has the n-th of `owners`."""

    def __init__(self, design: Design, size: int, owners: tuple[int, ...]) -> None:
        self.design = design
        self.owners = owners
        self.size = size
        self.names = ("x", "y")

    def begin(self) -> World:
        """Returns a world in which all nodes but a newcomer know each other."""
        members = frozenset(range(self.size))
        return World(tuple(Node(number, table=members) for number in sorted(members)))

    def play(self, *steps: Step, world: World | None = None) -> World:
        """Returns the world after steps, each the name of a method and its arguments."""
        world = world or self.begin()
        for name, *arguments in steps:
            act: Callable[..., World] = getattr(self, name)
            world = act(world, *arguments)
        return world

    # What clients do.

    def attempt(self, world: World, number: int, key: str, variant: int = 0) -> World:
        """Lets a client try a key at a node."""
        node = world.nodes[number]
        if not node.up or any(row.key == key for row in node.disk.keyed()):
            return world
        world, owner = self._owner(world, number)
        first = dict(world.first)
        if world.now - first.setdefault(key, world.now) >= WINDOW:
            world = world._replace(again=(*world.again, key))
        disk = world.nodes[number].disk
        name, amount = VARIANTS[key][variant]
        row = Key(owner, disk.upto(owner) + 1, name, key, amount, world.now)
        world = world._replace(first=tuple(sorted(first.items())))
        return self._put(world, number, disk=self.design.write(disk, row))

    def count(self, world: World, number: int) -> World:
        """Lets a client count without a key."""
        if not world.nodes[number].up:
            return world
        world, owner = self._owner(world, number)
        disk = world.nodes[number].disk
        old = disk.sum(owner, "x")
        row = old._replace(version=disk.upto(owner) + 1, total=old.total + PLAIN)
        world = world._replace(plain=world.plain + 1)
        return self._put(world, number, disk=self.design.write(disk, row))

    # How rows travel.

    def pass_on(self, world: World, source: int, to: int, most: int = 99) -> World:
        """Passes what a node lacks of each log, at most so many rows of each, and the table."""
        one, other = world.nodes[source], world.nodes[to]
        if not (one.up and other.up) or {source, to} & world.forgotten:
            return world
        disk = other.disk
        for owner in sorted({row.owner for row in one.disk.rows} | set(dict(one.disk.have))):
            floor, vouched = disk.upto(owner), one.disk.upto(owner)
            rows = sorted(
                (each for each in one.disk.rows if each.owner == owner and each.version > floor),
                key=lambda each: each.version,
            )
            for row in (*self.design.along(one.disk, owner), *rows[:most]):
                disk = self.design.take(disk, row)
            last = vouched if len(rows) <= most else min(vouched, rows[most - 1].version)
            disk = disk.complete(owner, last)
        table = one.table | other.table | {source, to}
        return self._put(world, to, disk=disk, table=table)

    def push(self, world: World, source: int, to: int) -> World:
        """Passes the newest row of the process itself ahead of all others."""
        one, other = world.nodes[source], world.nodes[to]
        rows = [row for row in one.disk.rows if row.owner == one.owner]
        if not (rows and one.up and other.up) or {source, to} & world.forgotten:
            return world
        row = max(rows, key=lambda each: each.version)
        return self._put(world, to, disk=self.design.take(other.disk, row))

    def delay(self, world: World, source: int) -> World:
        """Lets the network keep a row of a key."""
        rows = world.nodes[source].disk.keyed()
        return world._replace(late=rows[0]) if rows and world.late is None else world

    def arrive(self, world: World, to: int) -> World:
        """Lets the row that the network kept arrive, for the first time or again."""
        if world.late is None or not world.nodes[to].up:
            return world
        return self._put(world, to, disk=self.design.take(world.nodes[to].disk, world.late))

    # What processes and directories suffer.

    def tick(self, world: World) -> World:
        """Lets a step of time pass, which no datagram survives."""
        return world._replace(now=world.now + 1, late=None)

    def stop(self, world: World, number: int) -> World:
        """Ends a process."""
        node = world.nodes[number]
        if not node.up:
            return world
        line = (*node.disk.line, node.owner) if node.owner else node.disk.line
        return self._put(
            world,
            number,
            disk=node.disk._replace(line=line),
            owner=0,
            up=False,
            answers=frozenset(),
        )

    def start(self, world: World, number: int) -> World:
        """Starts a process on a directory. Who was forgotten is a member again."""
        if world.nodes[number].up:
            return world
        returned = world.returned + (number in world.forgotten)
        world = world._replace(returned=returned, forgotten=world.forgotten - {number})
        return self._put(world, number, up=True)

    def restart(self, world: World, number: int) -> World:
        """Ends a process, and starts another one."""
        return self.start(self.stop(world, number), number)

    def backup(self, world: World, number: int) -> World:
        """Copies a directory away."""
        return self._put(world, number, copy=world.nodes[number].disk)

    def restore(self, world: World, number: int) -> World:
        """Sets a directory back to its copy, which leaves the line of its heirs."""
        copy = world.nodes[number].copy
        if copy is None:
            return world
        world = self.stop(world._replace(faults=world.faults + 1), number)
        disk = copy._replace(line=(), sure=frozenset())
        return self.start(self._put(world, number, disk=disk), number)

    def wipe(self, world: World, number: int) -> World:
        """Takes the directory away, with its table, and its copy."""
        world = self.stop(world._replace(faults=world.faults + 1), number)
        world = self._put(world, number, disk=Disk(), copy=None, table=frozenset())
        return self.start(world, number)

    def blackout(self, world: World, number: int) -> World:
        """Cuts the power: rows of others are on disk as of the copy, and own rows are all there."""
        world = self.stop(world._replace(faults=world.faults + 1), number)
        now = world.nodes[number].disk
        disk = world.nodes[number].copy or Disk()
        disk = disk._replace(line=now.line, sure=frozenset())
        for owner in now.line:
            for row in sorted((each for each in now.rows if each.owner == owner), key=str):
                disk = self.design.take(disk, row)
            disk = disk.complete(owner, now.upto(owner))
        return self.start(self._put(world, number, disk=disk), number)

    def clone(self, world: World, source: int, to: int) -> World:
        """Replaces a directory that holds nothing by a copy of another one."""
        if world.nodes[to].disk.rows:
            return world
        world = self.stop(world._replace(faults=world.faults + 1), to)
        disk = world.nodes[source].disk._replace(line=(), sure=frozenset())
        return self.start(self._put(world, to, disk=disk), to)

    def estrange(self, world: World, number: int) -> World:
        """Makes a node a newcomer that has met nobody yet."""
        members = world.nodes[number].table
        nodes = tuple(
            each._replace(table=frozenset() if each.number == number else members - {number})
            for each in world.nodes
        )
        return world._replace(nodes=nodes)

    def forget(self, world: World, number: int) -> World:
        """Lets the others forget a member that is down for long."""
        others = self._present(world)
        if world.nodes[number].up or world.now < WINDOW or len({*others, number}) < 2:
            return world
        nodes = tuple(
            each if each.number == number else each._replace(table=each.table - {number})
            for each in world.nodes
        )
        return world._replace(nodes=nodes, forgotten=world.forgotten | {number})

    # How keys go.

    def ask(self, world: World, number: int, member: int, home: int = 0) -> World:
        """Lets the home of a log, or its heir, ask a member."""
        node, other = world.nodes[number], world.nodes[member]
        home = home or node.owner
        if not (home and node.up and other.up) or number == member:
            return world
        if {number, member} & world.forgotten:
            return world
        if self.design.compares_tables and node.table != other.table:
            return world
        if member not in node.table:
            return world
        answer = self.design.answer(other, home, node.disk.upto(home))
        if answer is None:
            return world
        kept = {each for each in node.answers if (each.member, each.home) != (member, home)}
        return self._put(world, number, answers=frozenset(kept | {answer}))

    def gather(self, world: World, number: int) -> World:
        """Lets a process exchange rows with all, and ask all for its logs."""
        others = [each for each in range(self.size) if each != number]
        for _ in range(2):
            for each in others:
                world = self.pass_on(self.pass_on(world, each, number), number, each)
        for home in (0, *world.nodes[number].disk.line):
            for each in others:
                world = self.ask(world, number, each, home)
        return world

    def fold(self, world: World, number: int, name: str = "x") -> World:
        """Lets a process fold what it can of its own keys."""
        node = world.nodes[number]
        if not (node.up and node.owner and self._met(node)):
            return world
        node = self.design.fold(node, node.owner, name, self._asked(world, number), world.now)
        return self._put(world, number, disk=node.disk)

    def close(self, world: World, number: int, home: int, name: str = "x") -> World:
        """Lets a process take over a name from an earlier process of its directory."""
        node = world.nodes[number]
        if not (node.up and home in node.disk.line and self._met(node)):
            return world
        drawn, owner = self._owner(world, number)
        node, asked = drawn.nodes[number], self._asked(world, number)
        after = self.design.close(node, owner, home, name, asked, world.now)
        return world if after == node else self._put(drawn, number, disk=after.disk)

    def _met(self, node: Node) -> bool:
        return node.number in node.table or not self.design.waits_to_meet

    def _asked(self, world: World, number: int) -> frozenset[int]:
        asked = world.nodes[number].table - {number}
        if self.design.asks_the_silent:
            return asked
        return frozenset(each for each in asked if world.nodes[each].up)

    def _owner(self, world: World, number: int) -> tuple[World, int]:
        node = world.nodes[number]
        if node.owner:
            return world, node.owner
        boots = world.boots
        owner = self.owners[boots - 1] if boots <= len(self.owners) else 100 + boots
        return self._put(world._replace(boots=boots + 1), number, owner=owner), owner

    def _put(self, world: World, number: int, **changes: object) -> World:
        nodes = list(world.nodes)
        nodes[number] = nodes[number]._replace(**changes)  # type: ignore[arg-type]
        return world._replace(nodes=tuple(nodes))
