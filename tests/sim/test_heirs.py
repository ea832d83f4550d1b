"""What a directory holds does not grow with the processes that ran on it."""

from __future__ import annotations

from random import Random

import pytest

from gossipd.protocol import Change, ProtocolConfig
from gossipd.sim.world import Commands, Faults, FixedDelay, Network, World

NODES = 3
NAMES = 40


class Restarts:
    """Nodes each of whose processes counts, folds, and gives way to the next one.

    Attributes:
        expected: the value that each counter must have.
    """

    def __init__(self) -> None:
        network = Network(Random(3), delay=FixedDelay(0.001))
        self.world = World(3, config=ProtocolConfig(fold_after=1.0), network=network)
        for number in range(NODES):
            self.world.add(number, seeds=[each for each in range(NODES) if each != number])
        self.world.run(2.0)
        names = [f"c{number}" for number in range(NAMES)]
        self.expected = dict.fromkeys([*names, "default"], NODES)
        for number in range(NODES):
            changes = [Change(name, 1) for name in self.expected]
            Commands(self.world).change(number, changes)
        self._random = Random(5)
        self._number = 0

    def go_on(self, restarts: int) -> None:
        """Lets so many processes follow each other."""
        commands, faults = Commands(self.world), Faults(self.world)
        for _ in range(restarts):
            node, self._number = self._number % NODES, self._number + 1
            amount, name = self._random.randint(1, 5), f"c{self._random.randrange(NAMES)}"
            commands.change(node, [Change(name, amount), Change("default", amount)])
            for each in (name, "default"):
                self.expected[each] += amount
            self.world.run(2.5)
            faults.restart(node)
            self.world.run(0.7)

    def held(self, node: int) -> tuple[int, int]:
        """Returns how many owners a node holds, and how many rows that are about counters."""
        groups = self.world.node(node).state().groups
        rows = [row for group in groups for row in group.rows]
        return len(groups), sum(not getattr(row, "source", b"").startswith(b"c") for row in rows)

    def wrong(self) -> list[str]:
        """Returns the counters that do not have their value everywhere."""
        nodes = [self.world.node(number) for number in range(NODES)]
        return [
            name
            for name, value in self.expected.items()
            if any(node.count(name) != value for node in nodes)
        ]


@pytest.mark.parametrize("restarts", [150])
def test_owners_and_rows_level_off(restarts: int) -> None:
    """After three times as many processes there is as much, and every counter is right."""
    run = Restarts()
    run.go_on(restarts // 3)
    before = [run.held(node) for node in range(NODES)]
    run.go_on(restarts - restarts // 3)
    assert run.wrong() == []
    for node, (owners, rows) in enumerate(before):
        assert owners <= run.held(node)[0] <= NODES + 1
        assert run.held(node)[1] <= 1.3 * rows
