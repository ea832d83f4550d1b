"""The counter against all sequential orders, with whole nodes, slow disks and crashes."""

from __future__ import annotations

from random import Random

import attrs
import pytest

from gossipd.protocol import Answer, Node, State
from gossipd.protocol.counters.ledger import Ledger
from lab.search.orders import Operation, entries_of, has_effect_of, outcomes
from tests.protocol.conversation import (
    WALL_MS,
    Conversation,
    address,
    make_node,
    node_id,
    writes_of,
)
from tests.protocol.histories import NAME

NUMBERS = (1, 2, 3)


class Story:
    """Three nodes on a lossy wire whose writes wait for their disks."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.boots = 0
        self.talk = Conversation(*(make_node(number) for number in NUMBERS))
        self.talk.meet()
        self.talk.hold = True
        self.disks = {number: Ledger(b"") for number in NUMBERS}
        self.operations: list[Operation] = []
        self.made_by: dict[int, int] = {}

    def node(self, number: int) -> Node:
        """Returns the present process of the node of that number."""
        return self.talk.nodes[address(number)]

    def persist(self, number: int, count: int) -> None:
        """Puts the oldest `count` writes of a node on disk, and reports them to it."""
        for write in self.talk.persist(self.node(number), count):
            for group in write.groups:
                self.disks[number].apply(group)

    def operate(self, number: int) -> None:
        """Makes a random increment or sync, which is not answered yet."""
        node, rng = self.node(number), self.rng
        entries = dict(entries_of(node.state().groups))
        for write in self.talk.writes[address(number)]:
            for group in write.groups:
                have, kept = entries.get(group.owner, (0, []))
                entries[group.owner] = (max(have, group.upto), [*kept, *group.entries])
        seen = frozenset(each.number for each in self.operations if has_effect_of(each, entries))
        ticket = len(self.operations)
        raises_to = None if rng.random() < 0.6 else rng.randint(1, 12)
        amount = rng.choice([1, 1, 2, 5])
        if raises_to is None:
            effects = node.increment(NAME, amount, "local", ticket, self.talk.now)
        else:
            effects = node.sync(raises_to, "local", ticket, self.talk.now)
        written = [group for write in writes_of(effects) for group in write.groups]
        self.operations.append(
            Operation(
                ticket,
                raises_to,
                amount,
                False,
                written[0].owner if written else b"",
                written[0].entries[0] if written else None,
                seen,
            )
        )
        self.made_by[ticket] = number
        self.talk.carry(node, effects)

    def crash(self, number: int) -> None:
        """Restarts a node after some of its staged writes reached the disk without a report."""
        waiting = self.talk.writes[address(number)]
        for write in list(waiting)[: self.rng.randint(0, len(waiting))]:
            for group in write.groups:
                self.disks[number].apply(group)
        self.boots += 1
        state = State(WALL_MS + self.boots, (), (), tuple(self.disks[number].all_groups()))
        again = make_node(
            number,
            state=state,
            wall_ms=WALL_MS + 10 * self.boots,
            nonce=9000 + self.boots,
            now=self.talk.now,
        )
        self.talk.add(again)
        other = self.rng.choice([each for each in NUMBERS if each != number])
        self.talk.carry(again, again.register(node_id(other), self.talk.now))

    def step(self, wanted: int) -> None:
        """Makes one random thing happen."""
        rng = self.rng
        number, what = rng.choice(NUMBERS), rng.random()
        if what < 0.2 and len(self.operations) < wanted:
            self.operate(number)
        elif what < 0.35:
            self.persist(number, rng.randint(1, 2))
        elif what < 0.4:
            self.crash(number)
        elif what < 0.5:
            self.talk.run(rng.choice([0.02, 0.3])) if rng.random() < 0.2 else None
        elif self.talk.wire:
            index = rng.randrange(len(self.talk.wire))
            self.talk.wire.rotate(-index)
            if rng.random() < 0.1:
                self.talk.wire.popleft()
            else:
                self.talk.deliver_next()

    def finish(self) -> list[int]:
        """Brings everything to every disk and every node, and returns their values."""
        for number in NUMBERS:
            self.persist(number, 1_000_000)
        self.talk.hold = False
        for number in NUMBERS:
            self.talk.carry(self.node(number), self.node(number).start(self.talk.now))
            for other in NUMBERS:
                if other != number:
                    effects = self.node(number).register(node_id(other), self.talk.now)
                    self.talk.carry(self.node(number), effects)
        self.talk.run(12)
        return [self.node(number).count(NAME) for number in NUMBERS]


def story(seed: int) -> tuple[list[int], set[int], list[Operation]]:
    """Returns the final values, those that sequential orders give, and the operations."""
    told = Story(seed)
    wanted = told.rng.randint(2, 6)
    for _ in range(120):
        told.step(wanted)
    values = told.finish()
    answered: dict[int, Answer] = {}
    for answers in told.talk.answers.values():
        answered |= {answer.ticket: answer for answer in answers if answer.holders}
    sure = [attrs.evolve(each, sure=each.number in answered) for each in told.operations]
    return values, outcomes(sure), sure


def counterexample(seeds: range) -> int | None:
    """Returns the first seed that no sequential order explains."""
    for seed in seeds:
        values, explained, _ = story(seed)
        if len(set(values)) != 1 or values[0] not in explained:
            return seed
    return None


@pytest.mark.parametrize("part", range(4))
def test_every_history_of_nodes_has_a_sequential_explanation(part: int) -> None:
    """Whatever slow disks, lost datagrams and crashes do, answered writes count exactly once."""
    assert counterexample(range(part * 50, part * 50 + 50)) is None
