"""What can happen to nodes that count, reset, and delete, and what must hold after it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

from .resets import CLIENT, Delta, Design, Node, Rows, of_log, receive

STATED = (64, 192)
"""The totals that the client states, each at any node, in any order, and more than once."""


class Cut(NamedTuple):
    """A reset or delete: its node, its answer, and the ranks (above, up to) it took by source."""

    node: int
    gone: bool
    answer: int
    taken: tuple[tuple[int, int, int], ...]


class World(NamedTuple):
    """The nodes, a delta that is late, and what was done. A change is (source, rank, amount)."""

    nodes: tuple[Node, ...]
    late: Delta | None = None
    changes: frozenset[tuple[int, int, int]] = frozenset()
    cuts: tuple[Cut, ...] = ()
    failures: int = 0


class Bounds(NamedTuple):
    """How much is done in a world; `stated` is how many of the totals in STATED."""

    changes: int
    cuts: int
    stated: int = 0
    failures: int = 0
    late: bool = False


def with_node(world: World, number: int, node: Node) -> World:
    """Returns the world with another state of a node."""
    return world._replace(nodes=(*world.nodes[:number], node, *world.nodes[number + 1 :]))


def all_of(node: Node, log: int, above: int) -> Delta:
    """Returns what a node has of a log above a version."""
    return Delta(log, of_log(node, log, above), above, node.have[log])


class Model:
    """All that can happen to some nodes under one design.

    With `views`, what nodes see on the way is judged as well as what comes of it in the end.
    """

    def __init__(self, design: Design, nodes: int, bounds: Bounds, *, views: bool = False) -> None:
        self.design = design
        self.views = views
        self.bounds = bounds
        self.logs = nodes * (2 if bounds.failures else 1)
        self.numbers = range(nodes)
        self.pairs = list(permutations(self.numbers, 2))

    def begin(self) -> World:
        """Returns a world in which nobody has counted."""
        have = (0,) * self.logs
        disk = have if self.bounds.failures else ()
        return World(tuple(Node(number, (), have, (), disk) for number in self.numbers))

    # What happens

    def change(self, world: World, number: int) -> World:
        """Lets a node count; every set of changes has a sum of its own."""
        amount = (-2) ** sum(source != CLIENT for source, _, _ in world.changes)
        node = self.design.count(world.nodes[number], amount)
        change = (node.owner, node.have[node.owner], amount)
        return with_node(world, number, node)._replace(changes=world.changes | {change})

    def state(self, world: World, number: int, total: int) -> World:
        """Lets the client state a total at a node."""
        node = self.design.state(world.nodes[number], total)
        change = (CLIENT, total, total)
        return with_node(world, number, node)._replace(changes=world.changes | {change})

    def cut(self, world: World, number: int, gone: bool) -> World:
        """Lets a node reset or delete the counter."""
        node = world.nodes[number]
        taken = tuple(
            (source, seen.base_rank, max(seen.base_rank, seen.rank))
            for source, seen in self.design.view(node.rows).items()
        )
        cut = Cut(number, gone, self.design.value(node.rows), taken)
        node = self.design.cut(node, gone)
        return with_node(world, number, node)._replace(cuts=(*world.cuts, cut))

    def fail(self, world: World, number: int) -> World:
        """Lets the power of a node fail; its next process counts under an owner of its own."""
        node = world.nodes[number]
        node = node._replace(
            owner=node.owner + len(self.numbers), held=node.disk, have=node.disk_have
        )
        return with_node(world, number, node)._replace(failures=world.failures + 1)

    def flush(self, node: Node) -> Node:
        """Returns the node after it brought its disk up to date."""
        return node._replace(disk=node.held, disk_have=node.have) if node.disk_have else node

    def deltas(self, node: Node, log: int, above: int) -> Iterator[Delta]:
        """Yields what a node may send to one that vouches for `above`: all, a head, or a tail."""
        delta = all_of(node, log, above)
        if delta.rows or delta.high > above:
            yield delta
        if len(delta.rows) > 1:
            first, last = delta.rows[0], delta.rows[-1]
            yield delta._replace(rows=(first,), high=first[1].version)
            yield delta._replace(rows=(last,), low=last[1].version - 1)

    def events(self, world: World) -> Iterator[World]:
        """Yields the worlds that one event leads to."""
        bounds = self.bounds
        counted = sum(source != CLIENT for source, _, _ in world.changes)
        for number in self.numbers:
            node = world.nodes[number]
            if counted < bounds.changes:
                yield self.change(world, number)
            for total in STATED[: bounds.stated]:
                yield self.state(world, number, total)
            if len(world.cuts) < bounds.cuts and node.held:
                yield self.cut(world, number, gone=False)
                yield self.cut(world, number, gone=True)
            for step in (self.design.take_over, self.design.sweep, self.flush):
                yield with_node(world, number, step(node))
            if world.failures < bounds.failures:
                yield self.fail(world, number)
            if world.late:
                yield with_node(world, number, receive(node, world.late))
            elif bounds.late:
                for log in range(self.logs):
                    yield world._replace(late=all_of(node, log, 0))
        for one, other in self.pairs:
            for log in range(self.logs):
                held = world.nodes[other]
                for delta in self.deltas(world.nodes[one], log, held.have[log]):
                    yield with_node(world, other, receive(held, delta))

    # What must hold

    def taken(self, world: World, source: int, low: int, high: int) -> int:
        """Returns the sum of a source's changes with ranks above `low` and up to `high`."""
        done = [item for item in sorted(world.changes) if item[0] == source]
        if source != CLIENT:
            return sum(amount for _, rank, amount in done if low < rank <= high)
        return max(0, high - low)

    def wrong_view(self, world: World) -> str:
        """Returns what does not hold of what a node sees now."""
        for node in world.nodes:
            ranks = {s: (e.base_rank, e.rank) for s, e in self.design.view(node.rows).items()}
            due = sum(self.taken(world, source, *between) for source, between in ranks.items())
            if due != self.design.value(node.rows):
                return f"a view is no sum of changes: {world}"
        for cut in world.cuts[-1:]:
            if cut.answer != sum(self.taken(world, *interval) for interval in cut.taken):
                return f"an answer is no sum of changes: {world}"
        return ""

    def fallen(self, before: World, after: World) -> str:
        """Returns whether an event made a node see less than before."""
        for number in self.numbers:
            old, new = before.nodes[number], after.nodes[number]
            if old is new:
                continue
            least = self.own(after, number) if old.owner != new.owner else self.sight(old.rows)
            sight = self.sight(new.rows)
            for source, (rank, base) in least.items():
                now = sight.get(source, (0, 0))
                if max(now) < rank or now[1] < base:
                    return f"a view fell: {before} to {after}"
        return ""

    def sight(self, rows: Rows) -> dict[int, tuple[int, int]]:
        """Returns by source the rank and the base rank that rows show."""
        return {s: (seen.rank, seen.base_rank) for s, seen in self.design.view(rows).items()}

    def own(self, world: World, number: int) -> dict[int, tuple[int, int]]:
        """Returns the ranks that a node must show after its power failed."""
        least: dict[int, tuple[int, int]] = {}
        for source, rank, _ in world.changes:
            if source == number:
                least[source] = (max(rank, least.get(source, (0, 0))[0]), 0)
        for cut in world.cuts:
            for source, _, high in cut.taken:
                rank, base = least.get(source, (0, 0))
                if cut.node == number:
                    least[source] = (rank, max(base, high))
        return least

    def tell(self, world: World, one: int, other: int, log: int) -> World:
        """Lets a node tell another all that it has of a log."""
        node = world.nodes[other]
        delta = all_of(world.nodes[one], log, node.have[log])
        if not delta.rows and delta.high <= delta.low:
            return world
        return with_node(world, other, receive(node, delta))

    def met(self, world: World) -> World:
        """Returns the world after all have told all."""
        for one, other in (*self.pairs, *self.pairs):
            for log in range(self.logs):
                world = self.tell(world, one, other, log)
        return world

    def peace(self, world: World) -> World:
        """Returns the world after all have met, and done what the rules make them do."""
        world = self.met(world)
        for number in self.numbers:
            world = with_node(world, number, self.design.take_over(world.nodes[number]))
        world = self.met(world)
        for number in self.numbers:
            world = with_node(world, number, self.design.sweep(world.nodes[number]))
        return world

    def complaint(self, world: World) -> str:
        """Leaves a world in peace, and returns what does not hold then; empty if all does."""
        end = self.peace(world)
        cut_at: dict[tuple[int, bool], int] = {}
        for cut in world.cuts:
            for source, _, high in cut.taken:
                for kind in {cut.gone, False}:
                    cut_at[source, kind] = max(high, cut_at.get((source, kind), 0))
        last: dict[int, int] = {}
        for source, rank, _ in world.changes:
            last[source] = max(rank, last.get(source, 0))
        due = sum(self.taken(world, s, cut_at.get((s, False), 0), r) for s, r in last.items())
        listed = any(rank > cut_at.get((source, True), 0) for source, rank in last.items())
        for node in end.nodes:
            if due != self.design.value(node.rows):
                return f"the value is not {due} but {self.design.value(node.rows)}: {world}"
        if listed != self.design.listed(end.nodes[0].rows):
            return f"listed is not {listed}: {world}"
        if len({(node.held, node.have) for node in end.nodes}) > 1:
            return f"rows differ: {world}"
        return self.left_over(end) or self.wrong_answers(world, due)

    def left_over(self, end: World) -> str:
        """Returns which rows are left in the end that should not be."""
        living = {node.owner for node in end.nodes}
        rows = end.nodes[0].rows
        if any(log != source and source in living for log, source in rows):
            return f"a row about an owner is left: {end}"
        clients = [log for log, source in rows if source == CLIENT]
        if len(clients) > 1 and self.design.leader(rows) in living:
            return f"rows about a client are left: {end}"
        return ""

    def wrong_answers(self, world: World, value: int) -> str:
        """Returns whether what was lost is not the union of what the answers took."""
        stated = [rank for source, rank, _ in world.changes if source == CLIENT]
        counted = sum(amount for source, _, amount in world.changes if source != CLIENT)
        lost = counted + max(stated, default=0) - value
        union = 0
        reached: dict[int, int] = {}
        for source, low, high in sorted(taken for cut in world.cuts for taken in cut.taken):
            done = reached.get(source, 0)
            union += self.taken(world, source, max(low, done), high)
            reached[source] = max(done, high)
        return "" if lost == union else f"answers do not match the loss: {world}"

    def explore(self, depth: int, begin: World, like: str = "") -> tuple[int, str]:
        """Judges every world within `depth` events of one.

        Returns how many there are, and the first complaint that begins with `like`.
        """
        layer = [begin]
        found = {begin}
        for _ in range(depth):
            after: list[World] = []
            for world in layer:
                for next_world in self.events(world):
                    if next_world in found:
                        continue
                    found.add(next_world)
                    after.append(next_world)
                    complaint = self.complaint(next_world) or self.unsound(world, next_world)
                    if complaint and complaint.startswith(like):
                        return len(found), complaint
            layer = after
        return len(found), ""

    def unsound(self, before: World, after: World) -> str:
        """Returns what is wrong with what nodes see after an event."""
        if not self.views:
            return ""
        return self.fallen(before, after) or self.wrong_view(after)
