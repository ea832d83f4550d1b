"""The checker of the counter, on puppets that break one rule each."""

from __future__ import annotations

from typing import Any

import pytest

from gossipd.protocol.messages import Entry, Group
from gossipd.sim.search.counts import Counts
from gossipd.sim.world import World
from tests.sim.search.puppet import puppets, step


def watched(nodes: int) -> tuple[World, list[Any], Counts]:
    """A world of puppets with a checker."""
    world, nodes_ = puppets(nodes)
    return world, nodes_, Counts(world)


def kinds(counts: Counts) -> list[str]:
    """What was found on the way."""
    return [finding.kind for finding in counts.findings]


def judged(world: World, counts: Counts) -> list[str]:
    """What is found at the end."""
    return [finding.kind for finding in counts.judge(world.live())]


def tell(source: Any, *targets: Any) -> None:
    """Others now hold what `source` does, and count as much."""
    for target in targets:
        target.groups = [*target.groups, *source.groups]
        target.counted = source.counted


def test_what_is_answered_and_everywhere_is_right() -> None:
    """Also where a holder has crashed meanwhile, and restarts from its disk."""
    world, (a, b), counts = watched(2)
    world.increment(0, 1)
    tell(a, b)
    a.answered = (2, 2)
    world.increment(0, 2)
    tell(a, b)
    assert [] == judged(world, counts)


def test_a_missing_increment_is_lost_if_it_was_answered() -> None:
    """One that was not may be missing."""
    world, (a, b), counts = watched(2)
    world.increment(0, 1)
    a.answered = (0, 1)
    world.increment(0, 2)
    b.groups = a.groups
    for value, expected in (1, []), (3, []), (2, ["lost"]), (0, ["lost"]), (5, ["invented"]):
        a.counted = b.counted = value
        assert expected == judged(world, counts)


def test_nodes_must_agree() -> None:
    """Before anything else is asked; equal values of other entries are no agreement."""
    world, (_, b), counts = watched(2)
    world.increment(0, 1)
    assert ["counts differ"] == judged(world, counts)
    b.counted = 1
    assert ["counts differ"] == judged(world, counts)


def test_equal_amounts_are_judged_by_orders() -> None:
    """Their sum does not tell which of them it contains, but their number does."""
    world, (a,), counts = watched(1)
    world.increment(0, 1)
    world.increment(0, 1)
    assert [] == judged(world, counts)
    for value in (1, 3):
        a.counted = value
        assert ["no order"] == judged(world, counts)


def test_a_sync_comes_after_what_its_node_had_seen() -> None:
    """Ten counted and seen, raised to ten: ten, and not twenty."""
    world, (a,), counts = watched(1)
    world.increment(0, 10)
    world.sync(0, 10)
    assert [] == judged(world, counts)
    a.counted = 20
    assert ["no order"] == judged(world, counts)


@pytest.mark.parametrize("holders", [1, 2, 3])
def test_an_answer_claims_no_more_holders_than_there_are(holders: int) -> None:
    """Here two of three hold it."""
    world, (a, b, _), counts = watched(3)
    a.answered = (holders, 3)
    b.groups = [Group(a.owner, 0, 1, [Entry(1, "default", 0, 1)])]
    world.increment(0, 1)
    assert (["too few holders"] if holders > 2 else []) == kinds(counts)


def test_a_version_without_its_entry_is_no_holding() -> None:
    """Having everything up to a version must mean having it."""
    world, (a, b), counts = watched(2)
    a.answered = (2, 2)
    b.groups = [Group(a.owner, 0, 1, [])]
    world.increment(0, 1)
    assert ["too few holders"] == kinds(counts)


def test_a_count_does_not_fall_within_a_process() -> None:
    """The next one may begin with less."""
    world, (a,), counts = watched(1)
    world.increment(0, 4)
    step(world, 0)
    world.restart(0, keep=False)
    world.run(0.1)
    assert [] == kinds(counts)
    a = world.node(0)
    world.increment(0, 4)
    a.counted = 3
    step(world, 0)
    assert ["count fell"] == kinds(counts)


def test_an_answer_contains_what_was_asked_for() -> None:
    """A value below the amount cannot."""
    world, (a,), counts = watched(1)
    a.counted = -3
    world.increment(0, 4)
    assert ["answer too low"] == kinds(counts)[:1]


def test_what_nobody_holds_any_more_is_not_owed() -> None:
    """Its only disk was replaced; while another one has it, it is owed."""
    for held_by_another, expected in (True, ["lost"]), (False, []):
        world, (a, b), counts = watched(2)
        world.increment(0, 1)
        if held_by_another:
            tell(a, b)
        world.crash(0)
        world.replace_disk(0, None, "empty")
        b.counted = 0
        assert expected == judged(world, counts)


def test_refused_requests_do_not_count() -> None:
    """Nobody took them."""
    world, (a,), counts = watched(1)

    def refuse(*arguments: Any) -> Any:
        raise ValueError("no")

    a.increment = refuse
    world.increment(0, 1)
    assert [] == judged(world, counts)
    a.counted = 1
    assert ["invented"] == judged(world, counts)
