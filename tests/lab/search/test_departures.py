"""How nodes depart: findings about leaves, and about verdicts on members that are there."""

from __future__ import annotations

import pytest

from gossipd.protocol import Entry, Group, LeaveDone, MemberDead
from gossipd.sim.scenario import make_scenario
from gossipd.sim.world import Commands, Faults, SetBack, id_of
from lab.search.departures import Healed, Leaves
from tests.lab.search.puppet import puppets

_Row = tuple[int, str, int, int]


def leaving(done: LeaveDone, *, after: float) -> list[str]:
    """Kinds of findings about a node that has counted and leaves."""
    world, _ = puppets(2)
    leaves = Leaves(world, 1.5)
    Commands(world).increment(0)
    Commands(world).leave(0)
    world.run(after)
    world.host(0).report(done)
    return [finding.kind for finding in leaves.findings]


def test_a_leave_without_a_holder_takes_its_time() -> None:
    """Unless there is nobody to ask."""
    assert ["left too early"] == leaving(LeaveDone(1, 1, 0), after=1.0)
    assert [] == leaving(LeaveDone(1, 1, 0), after=1.5)
    assert [] == leaving(LeaveDone(0, 0, 0), after=1.0)


def test_a_holder_has_what_the_node_counted() -> None:
    """Here nobody has it."""
    assert ["left with counts"] == leaving(LeaveDone(1, 1, 1), after=1.0)


def test_a_leave_begins_once() -> None:
    """A node that is told again to leave need not hand over what it has counted since."""
    world, _ = puppets(3)
    leaves = Leaves(world, 1.5)
    Commands(world).leave(0)
    Faults(world).crash(2)
    Commands(world).increment(0)
    Commands(world).leave(0)
    world.host(0).report(LeaveDone(1, 2, 1))
    assert [] == leaves.findings


def test_a_process_that_is_set_back_goes_on_leaving() -> None:
    """When it may end counts from the first time that it was told to leave."""
    world, _ = puppets(2)
    leaves = Leaves(world, 1.5)
    Commands(world).increment(0)
    Commands(world).leave(0)
    world.run(1.0)
    host = world.host(0)
    host.befall(SetBack(0.5))
    Commands(world).leave(0)
    host.report(LeaveDone(1, 1, 0))
    assert [] == leaves.findings


def verdicts(partition: str, accuser: int, *, at: float, loss: int = 0) -> list[str]:
    """Kinds of findings if node 0 takes over, at that time, that node 1 is dead."""
    world, _ = puppets(4)
    words = {"nodes": 4, "duration": 40, "partition": [partition], "loss": loss}
    healed = Healed(world, make_scenario(words))
    world.run(at)
    world.host(0).report(MemberDead(id_of(1), id_of(accuser)))
    return [finding.kind for finding in healed.findings]


@pytest.mark.parametrize("partition", ["n2-3@1+20", "n3@1+20"])
@pytest.mark.parametrize("accuser", [0, 2, 3])
def test_nobody_dies_of_a_partition_elsewhere(partition: str, accuser: int) -> None:
    """At no time, and even if only one node was cut off; where datagrams are lost it may happen."""
    for at in (10.0, 22.0, 30.0):
        assert ["death after healing"] == verdicts(partition, accuser, at=at)
        assert [] == verdicts(partition, accuser, at=at, loss=5)


def test_verdicts_across_a_partition_end_with_it() -> None:
    """Except for those to which a suspicion of before leads."""
    assert [] == verdicts("n1-2@1+20", 0, at=10.0)
    assert [] == verdicts("n1-2@1+20", 0, at=23.0)
    assert ["death after healing"] == verdicts("n1-2@1+20", 0, at=24.0)


@pytest.mark.parametrize(
    ("kept", "held", "expected"),
    [
        # A named counter that fell is newer, though its sum is smaller.
        ((1, "n", 0, 5), (2, "n", 0, -5), []),
        # A floor that was passed matters only if something was counted under it.
        ((1, "default", 6, 0), (2, "default", 12, 0), []),
        ((1, "default", 6, 3), (2, "default", 12, 0), ["left with counts"]),
        ((2, "default", 12, 0), (1, "default", 6, 3), ["left with counts"]),
        ((1, "default", 6, 0), None, ["left with counts"]),
    ],
)
def test_a_holder_may_have_newer(kept: _Row, held: _Row | None, expected: list[str]) -> None:
    """A row of the same slot, or of a floor by the same owner."""
    world, (node, other) = puppets(2)
    leaves = Leaves(world, 1.5)
    node.groups = [Group(b"o" * 16, 0, kept[0], [Entry(*kept)])]
    if held is not None:
        other.groups = [Group(b"o" * 16, 0, held[0], [Entry(*held)])]
    Commands(world).leave(0)
    world.host(0).report(LeaveDone(1, 1, 1))
    assert expected == [finding.kind for finding in leaves.findings]
