"""A node that shows what a test tells it to show, and does nothing by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import attrs

from gossipd.protocol import (
    DEFAULT,
    Answer,
    Effect,
    Entry,
    Group,
    Identity,
    Increment,
    MemberView,
    Persist,
    Reset,
    State,
    Statistics,
    Transmit,
    Write,
)
from gossipd.sim.world import FixedDelay, Network, World


class Puppet:
    """Counts as it is told to, each increment under one owner and floor 0.

    Attributes:
        views: what `members` shows, its own row first.
        answered: (holders, target) of the next answers.
        removed: what each reset takes away.
        raised: syncs up to this value are news and write a floor.
        groups: what it holds.
    """

    def __init__(
        self, config: Any, identity: Identity, *, state: Any, rng: Random, now: float
    ) -> None:
        self.id = identity.node_id
        self.owner = rng.randbytes(16)
        self.views = [MemberView(self.id, "alive", 1, 0, False)]
        self.listed: list[str] = []
        self.counted = 0
        self.answered = (1, 1)
        self.groups: list[Group] = [] if state is None else list(state.groups)
        self.raised = 0
        self.removed = 0
        self.waiting: dict[str, int] = {}
        self._sequence = 0

    def row(self, member: str, state: str, incarnation: int = 0, **more: Any) -> None:
        """Sets one row."""
        more = {"generation": 1, "removed": False, **more}
        row = MemberView(member, state, more["generation"], incarnation, more["removed"])
        self.views = [*(view for view in self.views if view.id != member), row]

    def answer(self, ticket: int) -> Answer:
        """As the test says, and with what is counted by then."""
        return Answer(ticket, self.counted, *self.answered)

    def nothing(self, *arguments: Any) -> list[Effect]:
        return []

    start = handle_datagram = handle_timeout = persisted = persist_failed = resolved = nothing
    join = leave = renew = nothing

    def remove(self, text: str, now: float) -> list[Effect]:
        """Does so."""
        return self._show(text, removed=True)

    def register(self, text: str, now: float) -> list[Effect]:
        """Does so."""
        return self._show(text, removed=False)

    def _show(self, member: str, *, removed: bool) -> list[Effect]:
        self.views = [
            attrs.evolve(view, removed=removed) if view.id == member else view
            for view in self.views
        ]
        return []

    def say(self, data: bytes, to: tuple[str, int]) -> list[Effect]:
        """Effects that send a datagram."""
        return [Transmit(data, to)]

    def increment(self, name: str, amount: int, ack: Any, ticket: int, now: float) -> list[Effect]:
        self.counted += amount
        self._sequence += 1
        entry = Entry(self._sequence, name, 0, self.counted)
        write = Write(
            self._sequence, (Group(self.owner, self._sequence - 1, self._sequence, [entry]),)
        )
        self.groups = [Group(self.owner, 0, self._sequence, [entry])]
        return [Persist(write), self.answer(ticket)]

    def increments(self, asked: Sequence[Increment], now: float) -> list[Effect]:
        """Takes the changes of the default counter, and says that it made all others."""
        effects: list[Effect] = []
        for changes, ack, ticket, _ in asked:
            done = [self.removed if isinstance(each, Reset) else 1 for each in changes]
            [amount] = [each.amount for each in changes if each[:1] == (DEFAULT,)] or [0]
            [write, answer] = self.increment(DEFAULT, amount, ack, ticket, now)
            effects += [write, attrs.evolve(answer, done=tuple(done))]
        return effects

    def sync(self, value: int, ack: Any, ticket: int, now: float) -> list[Effect]:
        if value <= self.raised:
            entry = Entry(1, DEFAULT, value, 0)
            self.counted = value
            self.groups = [Group(self.owner, 0, 1, [entry])]
            return [Persist(Write(1, tuple(self.groups))), self.answer(ticket)]
        return [self.answer(ticket)]

    def next_timeout(self) -> float | None:
        return None

    def members(self) -> list[MemberView]:
        return self.views

    def peers(self) -> list[str]:
        return self.listed

    def count(self, name: str) -> int:
        return self.counted

    def statistics(self) -> Statistics:
        return Statistics(waiting=self.waiting)

    def gates(self) -> tuple[int, int]:
        return 0, 0

    def state(self) -> State:
        return State(groups=tuple(self.groups))

    def checkpoint(self, most: int) -> Iterator[list[Group]]:
        yield list(self.groups)


def puppets(nodes: int) -> tuple[World, list[Any]]:
    """A world of puppets."""
    world = World(1, factory=Puppet, network=Network(Random(1), delay=FixedDelay(0.001)))
    for _ in range(nodes):
        world.add()
    return world, [world.node(number) for number in range(nodes)]


def step(world: World, number: int) -> None:
    """Lets the checkers look at a node."""
    world.host(number).perform([])
