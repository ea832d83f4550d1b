"""The worlds in which a design of folded keys and resets is tried, and the laws it must keep.

Every amount is a power of ten, so that a value tells what it has, and how often. A reset takes away
what its node had seen, and nothing else: in the end the value is what no reset had seen.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import NamedTuple, TypeVar

from tests.protocol.models.key_resets import HOME, Ask, Cut, Design, Fold, Key, Node, Sum

_Item = TypeVar("_Item")


class World(NamedTuple):
    """Nodes, the home's log, and what the judge keeps.

    `seen` are the amounts that each node has heard of, and `gone` those that a reset had seen.
    """

    nodes: tuple[Node, ...]
    log: tuple[tuple[Sum | Key, frozenset[int]], ...] = ()
    ask: Ask | None = None
    amount: int = 1
    seen: tuple[frozenset[int], ...] = ()
    gone: frozenset[int] = frozenset()


Step = tuple[str, *tuple[int, ...]]


class Model:
    """All that can happen under a design, and whether it holds.

    Args:
        design: what is tried.
        size: the number of nodes.
        most: how many changes there are at most.
    """

    def __init__(self, design: Design, size: int = 2, most: int = 3) -> None:
        self.design = design
        self.size = size
        self.most = most

    def begin(self) -> World:
        """Returns a world in which nobody has counted."""
        return World((Node(),) * self.size, seen=(frozenset[int](),) * self.size)

    def play(self, *steps: Step, world: World | None = None) -> World:
        """Returns the world after steps, each the name of a method and its arguments."""
        world = world or self.begin()
        for name, *arguments in steps:
            act: Callable[..., World] = getattr(self, name)
            world = act(world, *arguments)
        return world

    def steps(self, world: World) -> Iterator[Step]:
        """Yields what may happen next."""
        yield from (("count",), ("key",), ("restate",), ("ask",), ("fold",))
        yield from (("reset", each) for each in range(self.size))
        for one, other in permutations(range(self.size), 2):
            yield from (("pass_on", one, other), ("pass_on", one, other, 1), ("cuts", one, other))
            yield ("keys_cut", one, other)
        for each in range(1, self.size):
            yield from (("push", each), ("agree", each))

    # What clients do.

    def count(self, world: World) -> World:
        """Lets the home count without a key."""
        if world.amount >= 10**self.most:
            return world
        total = world.nodes[HOME].total
        version = len(world.log) + 1
        row = total._replace(version=version, rank=version, total=total.total + world.amount)
        return self._counted(world, row)

    def key(self, world: World) -> World:
        """Lets the home take a key."""
        if world.amount >= 10**self.most:
            return world
        return self._counted(world, Key(len(world.log) + 1, world.amount))

    def reset(self, world: World, number: int) -> World:
        """Resets the counter at a node."""
        design, node = self.design, world.nodes[number]
        if not design.value(node):
            return world
        world = world._replace(gone=world.gone | world.seen[number])
        cut = max(design.cut(node), Cut(node.total.rank, node.total.total))
        living = design.living(node)
        if number != HOME:
            old = {each for each in node.cuts if each[0] == number}
            node = node._replace(
                cuts=node.cuts - old | {(number, cut)} if cut.rank else node.cuts,
                keys_cut=node.keys_cut | {key.amount for key in living},
            )
            return self._put(world, number, node)
        world = self._written(world, node.total._replace(version=len(world.log) + 1, cut=cut))
        for key in living:
            row = key._replace(version=len(world.log) + 1, is_cut=True)
            world = self._written(world, row)
        return world

    # How rows travel.

    def pass_on(self, world: World, source: int, to: int, most: int = 99) -> World:
        """Passes what a node lacks of the home's log, at most so many rows, and all cuts."""
        one, seen = world.nodes[source], set(world.seen[to])
        other = world.nodes[to]
        held = {one.total, *one.keys}
        upto = other.have
        for row, amounts in world.log[other.have : one.have][:most]:
            upto = row.version
            if row in held:
                other, seen = self.design.take(other, row), seen | amounts
        other = other._replace(have=max(upto, other.have))
        world = world._replace(seen=_with(world.seen, to, frozenset(seen)))
        world = self._put(world, to, other)
        return world if most == 1 else self.keys_cut(self.cuts(world, source, to), source, to)

    def cuts(self, world: World, source: int, to: int) -> World:
        """Passes what a node knows of cuts about the sum."""
        cuts: dict[int, Cut] = {}
        for number, cut in (*world.nodes[source].cuts, *world.nodes[to].cuts):
            cuts[number] = max(cut, cuts.get(number, cut))
        return self._put(world, to, world.nodes[to]._replace(cuts=frozenset(cuts.items())))

    def keys_cut(self, world: World, source: int, to: int) -> World:
        """Passes what a node knows of cuts about keys."""
        other = world.nodes[to]
        more = other.keys_cut | world.nodes[source].keys_cut
        return self._put(world, to, other._replace(keys_cut=more))

    def push(self, world: World, to: int) -> World:
        """Passes the home's newest row, ahead of all others."""
        if not world.log:
            return world
        row, amounts = world.log[-1]
        world = world._replace(seen=_with(world.seen, to, world.seen[to] | amounts))
        return self._put(world, to, self.design.take(world.nodes[to], row))

    # How keys go.

    def restate(self, world: World) -> World:
        """Lets the home take over what others took away."""
        node, design = world.nodes[HOME], self.design
        cut = design.cut(node)
        if cut > node.total.cut:
            row = node.total._replace(version=len(world.log) + 1, cut=cut)
            world = self._written(world, row)
        for key in sorted(node.keys):
            if key.amount in node.keys_cut and not key.is_cut:
                row = key._replace(version=len(world.log) + 1, is_cut=True)
                world = self._written(world, row)
        return world

    def ask(self, world: World) -> World:
        """Lets the home ask, after it has written a mark."""
        node = world.nodes[HOME]
        if not node.keys:
            return world
        mark = len(world.log)
        amount = sum(key.amount for key in self.design.living(node))
        if self.design.marks:
            mark += 1
            world = self._written(world, node.total._replace(version=mark, rank=mark))
        return world._replace(ask=Ask(mark, amount))

    def agree(self, world: World, number: int) -> World:
        """Lets a member answer."""
        ask = world.ask
        if ask is None or not self.design.agrees(world.nodes[number], ask.mark):
            return world
        return world._replace(ask=ask._replace(agreed=ask.agreed | {number}))

    def fold(self, world: World) -> World:
        """Lets the home fold, if all members have agreed."""
        ask, total = world.ask, world.nodes[HOME].total
        if ask is None or len(ask.agreed) < self.size - 1:
            return world
        version = len(world.log) + 1
        row = Sum(
            *(version, version, total.total + ask.amount, self.design.replaced(total)),
            Fold(ask.mark, version, ask.amount),
        )
        return self._written(world._replace(ask=None), row)

    # What must hold.

    def complaint(self, world: World) -> str:
        """Leaves a world in peace, and returns what does not hold then; empty if all does."""
        for _ in range(3):
            world = self._mixed(self.restate(self._mixed(world)))
            complaint = self._judged(world)
            if complaint:
                return complaint
            world = self._mixed(self.ask(world))
            for each in range(1, self.size):
                world = self.agree(world, each)
            world = self._mixed(self.fold(world))
        if any(node.keys for node in world.nodes):
            return "keys stay"
        return self._judged(world)

    def _judged(self, world: World) -> str:
        values = {self.design.value(node) for node in world.nodes}
        counted = {10**each for each in range(self.most) if 10**each < world.amount}
        expected = sum(counted - world.gone)
        return "" if values == {expected} else f"{sorted(values)}, and not {expected}"

    def explore(self, depth: int, *starts: World) -> tuple[int, str]:
        """Judges all worlds within `depth` steps. Returns how many, and the first complaint."""
        layer = dict.fromkeys(starts or (self.begin(),))
        seen = dict(layer)
        for left in range(depth, -1, -1):
            found: dict[World, None] = {}
            for world in layer:
                complaint = self.complaint(world)
                if complaint:
                    return len(seen), f"{complaint}: {world}"
                for step in self.steps(world) if left else ():
                    after = self.play(step, world=world)
                    if after not in seen:
                        seen[after] = found[after] = None
            layer = found
        return len(seen), ""

    def history(self, seed: int, length: int) -> tuple[list[Step], str]:
        """Returns a random history, and what does not hold at its end."""
        rng = random.Random(seed)
        world, steps = self.begin(), list[Step]()
        for _ in range(length):
            choices = list(self.steps(world))
            kind = rng.choice(sorted({step[0] for step in choices}))
            step = rng.choice([each for each in choices if each[0] == kind])
            after = self.play(step, world=world)
            if after != world:
                steps.append(step)
            world = after
        return steps, self.complaint(world)

    def _mixed(self, world: World) -> World:
        for _ in range(2):
            for one, other in permutations(range(self.size), 2):
                world = self.pass_on(world, one, other)
        return world

    def _counted(self, world: World, row: Sum | Key) -> World:
        amounts = frozenset({world.amount})
        world = world._replace(amount=10 * world.amount)
        seen = _with(world.seen, HOME, world.seen[HOME] | amounts)
        return self._written(world._replace(seen=seen), row, amounts)

    def _written(
        self, world: World, row: Sum | Key, amounts: frozenset[int] = frozenset()
    ) -> World:
        """Returns the world after the home wrote a row; a sum tells of all sums before it."""
        if isinstance(row, Sum):
            before = [told for each, told in world.log if isinstance(each, Sum)]
            amounts = amounts.union(*before)
            for each, told in world.log:
                if isinstance(each, Key) and each.version <= row.fold.upto:
                    amounts |= told
        else:
            for each, told in world.log:
                if isinstance(each, Key) and each.amount == row.amount:
                    amounts |= told
        world = world._replace(log=(*world.log, (row, amounts)))
        node = self.design.take(world.nodes[HOME], row)
        return self._put(world, HOME, node._replace(have=row.version))

    def _put(self, world: World, number: int, node: Node) -> World:
        return world._replace(nodes=_with(world.nodes, number, node))


def _with(items: tuple[_Item, ...], number: int, item: _Item) -> tuple[_Item, ...]:
    return (*items[:number], item, *items[number + 1 :])
