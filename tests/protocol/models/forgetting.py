"""An executable model of how the row of a member that is gone is forgotten, with rival designs.

A few observers hold a row of one member. Time passes in steps; observers are frozen, restarted with
empty hands or from their disks, and have clocks that are wrong; the member dies, and comes back
under a larger or a smaller generation. From every state that a few such events lead to, the world
is left in peace, and then must hold:

- After all have spoken with all, the hashes of all agree, in every step.
- A member that lives has a live row everywhere.
- The row of one that does not is in nobody's table in the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

LIFE = 3
"""Steps after which a row of a gone member is forgotten."""

ALIVE, GONE, FORGOTTEN = 0, 1, 2


class Row(NamedTuple):
    """What an observer has of the member.

    `age` counts the steps since the verdict, or since the row was forgotten. `since` is the wall
    clock of the observer that gave the verdict.
    """

    generation: int
    incarnation: int
    state: int = ALIVE
    age: int = 0
    since: int = 0

    @property
    def rank(self) -> tuple[int, int, int]:
        """What decides which claim wins."""
        return self[:3]


Held = Row | None


class Rule:
    """The rule of gossipd: a claim carries the age of the verdict, and forgetting is a claim."""

    def hashed(self, row: Held, clock: int) -> tuple[int, int, int] | None:
        """Returns what of the row enters the hash of the table, None for nothing."""
        return row.rank if row and row.state != FORGOTTEN else None

    def told(self, row: Row) -> Row:
        """Returns the row as a claim to others."""
        return row

    def later(self, row: Row, clock: int) -> Held:
        """Returns what becomes of a row within a step."""
        row = row._replace(age=row.age + (row.state != ALIVE))
        if row.age < LIFE:
            return row
        return row._replace(state=FORGOTTEN, age=0) if row.state == GONE else None

    def receive(self, row: Held, claim: Row, clock: int) -> tuple[Held, Row | None]:
        """Returns what a row becomes by a claim, and what is answered."""
        if row is None:
            if claim.state == GONE and claim.age >= LIFE:
                return None, claim._replace(state=FORGOTTEN)
            return (None if claim.state == FORGOTTEN else claim), None
        if claim.rank > row.rank:
            if row.state == ALIVE and claim.state != ALIVE:
                # A doubt: the member is asked first. Here it has no luck.
                return claim._replace(state=GONE, age=0), None
            return claim._replace(age=0 if claim.state == FORGOTTEN else claim.age), None
        if claim.rank == row.rank and row.state == GONE:
            return row._replace(age=max(row.age, claim.age)), None
        return row, row if row.rank > claim.rank else None

    def from_disk(self, row: Row, passed: int) -> Held:
        """Returns what a new process makes of a row on its disk; its clock says how old it is."""
        if row.state != GONE:
            return None
        return row._replace(age=passed) if 0 <= passed < LIFE else None


class EachByItself(Rule):
    """Rival: every node forgets a row some time after it learned of the death, and no more."""

    def told(self, row: Row) -> Row:
        return row._replace(age=0)

    def later(self, row: Row, clock: int) -> Held:
        row = row._replace(age=row.age + (row.state != ALIVE))
        return row if row.age < LIFE else None


class TombstoneOfItsOwn(Rule):
    """Rival: a node that forgot refuses the row for a while, and tells nobody."""

    def told(self, row: Row) -> Row:
        return row._replace(age=0)

    def receive(self, row: Held, claim: Row, clock: int) -> tuple[Held, Row | None]:
        held, answer = super().receive(row, claim, clock)
        return held, None if answer and answer.state == FORGOTTEN else answer


class ByTheClock(Rule):
    """Rival: the verdict has its wall-clock time, and each node goes by its own clock."""

    def _over(self, row: Row, clock: int) -> bool:
        return row.state == GONE and clock - row.since >= LIFE

    def hashed(self, row: Held, clock: int) -> tuple[int, int, int] | None:
        return row.rank if row and not self._over(row, clock) else None

    def later(self, row: Row, clock: int) -> Held:
        return None if self._over(row, clock) else row

    def receive(self, row: Held, claim: Row, clock: int) -> tuple[Held, Row | None]:
        if self._over(claim, clock):
            return row, None
        if row is None or claim.rank > row.rank:
            return claim, None
        return row, row if row.rank > claim.rank else None


class AgeUntold(Rule):
    """Rival: forgetting is a claim, but whoever learns of a death counts from then on."""

    def told(self, row: Row) -> Row:
        return row if row.state == FORGOTTEN else row._replace(age=0)


class World(NamedTuple):
    """The member's process (generation and incarnation, or None), time, and the observers' rows."""

    member: tuple[int, int] | None
    now: int
    rows: tuple[Held, ...]
    starts: int = 0


class Model:
    """All that can happen in a world under one design; `offsets` are how wrong the clocks are."""

    def __init__(self, design: Rule, offsets: tuple[int, ...]) -> None:
        self.design = design
        self.offsets = offsets
        self.pairs = list(combinations(range(len(offsets)), 2))

    def begin(self) -> World:
        """Returns a world in which every observer has the member as alive."""
        count = len(self.offsets)
        return World((5, 0), 0, (Row(5, 0),) * count)

    def clock(self, world: World, observer: int) -> int:
        """Returns what the observer takes for the time."""
        return world.now + self.offsets[observer]

    def hashes(self, world: World) -> list[object]:
        """Returns the hash of each observer."""
        return [
            self.design.hashed(row, self.clock(world, number))
            for number, row in enumerate(world.rows)
        ]

    def step(self, world: World, frozen: int = -1) -> World:
        """Lets a step pass, in which one observer may be frozen."""
        world = world._replace(now=world.now + 1)
        rows = tuple(
            row
            if row is None or number == frozen
            else self.design.later(row, self.clock(world, number))
            for number, row in enumerate(world.rows)
        )
        return world._replace(rows=rows)

    def exchange(self, world: World, one: int, other: int) -> World:
        """Lets two observers make their tables equal, if their hashes differ."""
        hashes = self.hashes(world)
        if hashes[one] == hashes[other]:
            return world
        for source, to in ((one, other), (other, one)):
            row = world.rows[source]
            if row is None or self.hashes(world)[source] is None:
                continue
            held, answer = self.design.receive(
                world.rows[to], self.design.told(row), self.clock(world, to)
            )
            world = _with_row(world, to, held)
            if answer is not None:
                answered = self.design.told(answer)
                held, _ = self.design.receive(row, answered, self.clock(world, source))
                world = _with_row(world, source, held)
        return world

    def verdict(self, world: World, observer: int) -> World:
        """Lets an observer find the member dead, which may be an error."""
        row = world.rows[observer]
        if row is None or row.state != ALIVE:
            return world
        dead = row._replace(state=GONE, age=0, since=self.clock(world, observer))
        return _with_row(world, observer, dead)

    def contact(self, world: World, observer: int) -> World:
        """Lets the member speak with an observer, and refute what the observer holds."""
        if world.member is None:
            return world
        generation, incarnation = world.member
        row = world.rows[observer]
        if row is not None and row.rank > (generation, incarnation, ALIVE):
            if row.generation > generation:
                generation, incarnation = row.generation + 1, 0
            else:
                incarnation = row.incarnation + 1
        world = world._replace(member=(generation, incarnation))
        return _with_row(world, observer, Row(generation, incarnation))

    def restart(self, world: World, observer: int) -> World:
        """Replaces an observer's process by one without a past."""
        return _with_row(world, observer, None)

    def reboot(self, world: World, observer: int, lost: int) -> World:
        """Replaces it by one that reads its disk, with a clock that is wrong by `lost` steps."""
        row = world.rows[observer]
        if row is None:
            return world
        return _with_row(world, observer, self.design.from_disk(row, row.age + lost))

    def forget_now(self, world: World, observer: int) -> World:
        """Lets a person say that a gone member is to be forgotten now."""
        row = world.rows[observer]
        if row is None or row.state != GONE:
            return world
        return _with_row(world, observer, row._replace(state=FORGOTTEN, age=0))

    def events(self, world: World) -> Iterator[World]:
        """Yields the worlds that one event leads to."""
        yield self.step(world)
        if world.member is None and world.starts < 2:
            for generation in (4, 6):
                yield world._replace(member=(generation, 0), starts=world.starts + 1)
        elif world.member is not None:
            yield world._replace(member=None)
        for number in range(len(self.offsets)):
            yield self.step(world, frozen=number)
            yield self.verdict(world, number)
            yield self.contact(world, number)
            yield self.restart(world, number)
            yield self.forget_now(world, number)
            for lost in (-9, 1, 9):
                yield self.reboot(world, number, lost)
        for one, other in self.pairs:
            yield self.exchange(world, one, other)

    def complaint(self, world: World) -> str:
        """Leaves a world in peace, and returns what does not hold then; empty if all does."""
        if world.member is not None and not any(world.rows):
            world = self.contact(world, 0)  # An address that is kept apart is tried.
        for _ in range(4 * LIFE):
            for number in range(len(self.offsets)):
                known = world.rows[number] is not None
                if world.member is None:
                    world = self.verdict(world, number)
                elif known:
                    world = self.contact(world, number)
            for one, other in self.pairs * 2:
                world = self.exchange(world, one, other)
            if len(set(self.hashes(world))) != 1:
                return f"the hashes differ: {world}"
            world = self.step(world)
        shown = self.hashes(world)[0]
        if world.member is None:
            return f"a ghost stays: {world}" if shown else ""
        return "" if shown == (*world.member, ALIVE) else f"a live member is missing: {world}"

    def explore(self, depth: int) -> tuple[int, str]:
        """Judges every world within `depth` events. Returns how many, and the first complaint."""
        seen = {self.begin(): None}
        layer = list(seen)
        for world in layer:
            complaint = self.complaint(world)
            if complaint:
                return len(seen), complaint
        for _ in range(depth):
            found: dict[World, None] = {}
            for world in layer:
                for after in self.events(world):
                    if after not in seen and after not in found:
                        found[after] = None
                        complaint = self.complaint(after)
                        if complaint:
                            return len(seen) + len(found), complaint
            seen.update(found)
            layer = list(found)
        return len(seen), ""

    def rolling(self, rounds: int) -> bool:
        """Replaces the observers by turns, more often than rows live; True if a ghost stays."""
        world = self.verdict(self.begin()._replace(member=None), 0)
        for number in range(rounds):
            for one, other in self.pairs:
                world = self.exchange(world, one, other)
            world = self.step(self.restart(world, number % len(self.offsets)))
        return any(self.hashes(world))


def _with_row(world: World, observer: int, row: Held) -> World:
    rows = list(world.rows)
    rows[observer] = row
    return world._replace(rows=tuple(rows))
