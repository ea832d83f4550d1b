"""How nodes depart: findings about leaves, and about verdicts on members that are there."""

from __future__ import annotations

from gossipd.protocol import LeaveDone, MemberDead
from gossipd.sim.scenario import make_scenario
from gossipd.sim.world import Commands, World, id_of
from lab.search.departures import Healed, Leaves
from tests.lab.search.puppet import puppets


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


def verdicts(world: World, words: dict[str, object], accuser: int) -> list[str]:
    """Kinds of findings if node 0 takes over that node 1 is dead, long after a partition."""
    healed = Healed(world, make_scenario({"nodes": 4, "duration": 40, **words}))
    world.run(30.0)
    world.host(0).report(MemberDead(id_of(1), id_of(accuser)))
    return [finding.kind for finding in healed.findings]


def test_a_verdict_of_the_other_side_is_not_taken_over() -> None:
    """One that a node reaches itself may be a matter of time-outs."""
    words: dict[str, object] = {"partition": ["n2-3@1+20"]}
    assert ["death after healing"] == verdicts(puppets(4)[0], words, accuser=2)
    assert [] == verdicts(puppets(4)[0], {"partition": ["n3@1+20"]}, accuser=3)
    assert [] == verdicts(puppets(4)[0], {**words, "loss": 5}, accuser=2)
