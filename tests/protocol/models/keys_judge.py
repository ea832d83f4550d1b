"""The laws that a design of keyed increments must keep, and how it is tried.

From every state that a few steps, or a random history, lead to, the world is left in peace, and
then must hold:

- All nodes read the same value, and folding does not change it.
- A key counts once. It may count more often only by tries after `WINDOW`, by each such write once,
  and once more for each node that the others had forgotten and that came back.
- A key that was known in a directory which was neither wiped nor set back since has not gone.
- A change without a key counts once.
- No row of a key stays, but in logs that have no heir, against such a log, or at a lone newcomer.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import permutations

from tests.protocol.models.keys import WINDOW
from tests.protocol.models.keys_worlds import PLAIN, VARIANTS, Events, Step, World


class Model(Events):
    """A design under judgement."""

    def steps(self, world: World, keys: str = "k") -> Iterator[Step]:
        """Yields what may happen next."""
        yield ("tick",)
        numbers = range(self.size)
        for number in numbers:
            for key in keys:
                yield from (("attempt", number, key, each) for each in range(len(VARIANTS[key])))
            for name in ("restart", "stop", "start", "backup", "delay", "arrive", "fold", "forget"):
                yield (name, number)
            yield ("fold", number, "y")
            if world.faults < 2:
                yield from ((name, number) for name in ("restore", "wipe", "blackout"))
            for home in world.nodes[number].disk.line:
                yield from (("close", number, home, name) for name in self.names)
        for one, other in permutations(numbers, 2):
            if world.faults < 2:
                yield ("clone", one, other)
            yield from (("pass_on", one, other), ("pass_on", one, other, 1), ("push", one, other))
            yield ("ask", one, other)
            yield from (("ask", one, other, home) for home in world.nodes[one].disk.line)

    def complaint(self, world: World) -> str:
        """Leaves a world in peace, and returns what does not hold then; empty if all does."""
        for number in range(self.size):
            if number not in world.forgotten:
                world = self.arrive(self.start(world, number), number)
        world = self._mixed(world)
        before = self._judged(world, "before folding")
        if before:
            return before
        value = self._values(world)[0]
        world = world._replace(now=world.now + 2 * WINDOW, late=None)
        for _ in range(6):
            last = world
            world = self._folded(world)
            if world == last:
                break
        if self._values(world)[0] != value:
            return f"folding changed {value}: {self._values(world)}"
        return self._judged(world, "after folding") or self._left(world)

    def _present(self, world: World) -> list[int]:
        return [each for each in range(self.size) if each not in world.forgotten]

    def _mixed(self, world: World) -> World:
        for _ in range(2):
            for one, other in permutations(self._present(world), 2):
                world = self.pass_on(world, one, other)
        return world

    def _folded(self, world: World) -> World:
        for one in self._present(world):
            for home in (0, *world.nodes[one].disk.line):
                for other in self._present(world):
                    world = self.ask(world, one, other, home)
                for name in self.names:
                    if home:
                        world = self.close(world, one, home, name)
                    else:
                        world = self.fold(world, one, name)
            world = self._mixed(world)
        return world

    def _values(self, world: World) -> list[int]:
        return [self.design.value(world.nodes[each].disk) for each in self._present(world)]

    def _judged(self, world: World, when: str) -> str:
        values = self._values(world)
        if len(set(values)) > 1:
            return f"nodes differ {when}: {values}"
        value = values[0]
        counted = {"k": value % 10 + value // 10 % 10, "j": value // 100 % 10}
        sure = {key for each in self._present(world) for key in world.nodes[each].disk.sure}
        for key, times in counted.items():
            if times > 1 + world.again.count(key) + world.returned:
                return f"doubled {when}: {key} counts {times} times"
            if key in sure and not times:
                return f"lost {when}: {key}"
        fewer = value // PLAIN < world.plain and not (world.faults or world.forgotten)
        if value // PLAIN > world.plain or fewer:
            return f"lost {when}: {value // PLAIN} of {world.plain} counts"
        return ""

    def _left(self, world: World) -> str:
        if not all(self._met(world.nodes[each]) for each in self._present(world)):
            return ""  # Whoever is alone with a new directory waits for the others.
        alive = {world.nodes[each].owner for each in self._present(world)}
        rows = {row for each in self._present(world) for row in world.nodes[each].disk.keyed()}
        orphans = {row.key for row in rows if row.owner not in alive}
        stay = [row for row in rows if row.owner in alive and row.key not in orphans]
        if stay or (orphans and not (world.faults or world.forgotten)):
            return f"rows stay: {sorted(rows)}"
        return ""

    def explore(self, depth: int, *starts: World) -> tuple[int, str]:
        """Judges all worlds within `depth` steps. Returns how many, and the first complaint."""
        layer: dict[World, None] = dict.fromkeys(starts or (self.begin(),))
        seen = dict(layer)
        for left in range(depth, -1, -1):
            found: dict[World, None] = {}
            for world in layer:
                complaint = self.complaint(world)
                if complaint:
                    return len(seen), f"{complaint}: {world}"
                if left:
                    for step in self.steps(world):
                        after = self.play(step, world=world)
                        if after not in seen:
                            seen[after] = found[after] = None
            layer = found
        return len(seen), ""

    def history(self, seed: int, length: int) -> tuple[list[Step], str]:
        """Returns a random history, and what does not hold at its end."""
        rng = random.Random(seed)
        world, steps = self.begin(), []
        for _ in range(length):
            number = rng.randrange(self.size)
            choices = [("count", number), ("gather", number), *self.steps(world, "kj")]
            kinds = sorted({step[0] for step in choices} - {"tick"}) * 3 + ["tick"]
            kind = rng.choice(kinds)
            step = rng.choice([each for each in choices if each[0] == kind])
            if kind in {"restore", "wipe", "blackout", "forget"} and rng.random() < 0.6:
                continue
            after = self.play(step, world=world)
            if after != world:
                steps.append(step)
            world = after
        return steps, self.complaint(world)
