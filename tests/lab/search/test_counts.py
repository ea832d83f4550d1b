"""The checker of the counter, on puppets that break one rule each."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from gossipd.protocol import Answer, Entry, Group, Resolve
from gossipd.sim.world import Commands, Faults, World
from lab.search.counts import Counts
from tests.lab.search.puppet import puppets, step

A = "10.0.0.1:8088"


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
    Commands(world).increment(0, 1)
    tell(a, b)
    a.answered = (2, 2)
    Commands(world).increment(0, 2)
    tell(a, b)
    assert [] == judged(world, counts)


def test_a_missing_increment_is_lost_if_it_was_answered() -> None:
    """One that was not may be missing."""
    world, (a, b), counts = watched(2)
    Commands(world).increment(0, 1)
    a.answered = (0, 1)
    Commands(world).increment(0, 2)
    b.groups = a.groups
    for value, expected in (1, []), (3, []), (2, ["lost"]), (0, ["lost"]), (5, ["invented"]):
        a.counted = b.counted = value
        assert expected == judged(world, counts)


def test_nodes_must_agree() -> None:
    """Before anything else is asked; equal values of other entries are no agreement."""
    world, (_, b), counts = watched(2)
    Commands(world).increment(0, 1)
    assert ["counts never agreed"] == judged(world, counts)
    b.counted = 1
    assert ["counts never agreed"] == judged(world, counts)


def test_equal_amounts_are_judged_by_orders() -> None:
    """Their sum does not tell which of them it contains, but their number does."""
    world, (a,), counts = watched(1)
    Commands(world).increment(0, 1)
    Commands(world).increment(0, 1)
    assert [] == judged(world, counts)
    for value in (1, 3):
        a.counted = value
        assert ["no order"] == judged(world, counts)


def test_a_sync_comes_after_what_its_node_had_seen() -> None:
    """Ten counted and seen, raised to ten: ten, and not twenty."""
    world, (a,), counts = watched(1)
    Commands(world).increment(0, 10)
    Commands(world).sync(0, 10)
    assert [] == judged(world, counts)
    a.counted = 20
    assert ["no order"] == judged(world, counts)


@pytest.mark.parametrize("holders", [1, 2, 3])
def test_an_answer_claims_no_more_holders_than_there_are(holders: int) -> None:
    """Here two of three hold it."""
    world, (a, b, _), counts = watched(3)
    for number in 2, 3:
        a.row(f"10.0.0.{number}:8088", "alive")
    a.answered = (holders, 3)
    b.groups = [Group(a.owner, 0, 1, [Entry(1, "default", 0, 1)])]
    Commands(world).increment(0, 1)
    assert (["too few holders"] if holders > 2 else []) == kinds(counts)


@pytest.mark.parametrize(
    ("ends", "generation", "expected"),
    [("set back", 1, []), ("crash", 1, ["too few holders"]), ("crash", 2, [])],
)
def test_a_holder_that_is_set_back_may_be_counted(
    ends: str, generation: int, expected: list[str]
) -> None:
    """It goes on under its generation, so nobody can know that it lost what it confirmed.

    A process that starts anew has another one. It is the lower one if the clock was put back, and
    the node still knows the process before as long as its row has the higher one.
    """
    world, (a, b), counts = watched(2)
    a.row("10.0.0.2:8088", "alive", generation=generation)
    a.answered = (2, 2)
    answer = a.answer
    late: list[Answer] = []
    a.answer = lambda ticket: late.append(answer(ticket)) or Resolve("none", 1, 1)
    snapshot = world.host(1).snapshot()
    assert snapshot is not None
    Commands(world).increment(0, 1)
    if ends == "set back":
        Faults(world).set_back(1, snapshot)
    else:
        Faults(world).restart(1)
        world.run(0.1)
    assert [] == b.groups
    world.host(0).perform([attrs.evolve(late[0], count=1)])
    assert expected == kinds(counts)


def test_a_version_without_its_entry_is_no_holding() -> None:
    """Having everything up to a version must mean having it."""
    world, (a, b), counts = watched(2)
    a.row("10.0.0.2:8088", "alive")
    a.answered = (2, 2)
    b.groups = [Group(a.owner, 0, 1, [])]
    Commands(world).increment(0, 1)
    assert ["too few holders"] == kinds(counts)


def test_a_count_does_not_fall_within_a_process() -> None:
    """The next one may begin with less."""
    world, (a,), counts = watched(1)
    Commands(world).increment(0, 4)
    step(world, 0)
    Faults(world).restart(0, keep=False)
    world.run(0.1)
    assert [] == kinds(counts)
    a = world.node(0)
    Commands(world).increment(0, 4)
    a.counted = 3
    step(world, 0)
    assert ["count fell"] == kinds(counts)


def test_an_answer_contains_what_was_asked_for() -> None:
    """On top of what there was before; and nothing that its node does not count."""
    for answered, expected in (9, []), (8, ["answer too low"]), (10, ["answer too high"]):
        world, (a,), counts = watched(1)
        a.counted = 5
        a.answer = lambda ticket, answered=answered: Answer(ticket, answered, 1, 1)
        Commands(world).increment(0, 4)
        assert expected == kinds(counts)


def test_what_nobody_holds_any_more_is_not_owed() -> None:
    """Its only disk was replaced; while another one has it, it is owed."""
    for held_by_another, expected in (True, ["lost"]), (False, []):
        world, (a, b), counts = watched(2)
        Commands(world).increment(0, 1)
        if held_by_another:
            tell(a, b)
        Faults(world).crash(0)
        Faults(world).replace_disk(0, None, "empty")
        b.counted = 0
        assert expected == judged(world, counts)


@pytest.mark.parametrize(
    ("ack", "target", "right"),
    [
        ("all", 3, True),
        ("all", 2, False),
        ("majority", 3, True),
        ("majority", 2, False),
        ("one", 2, True),
        ("one", 1, False),
        ("local", 1, True),
        ("local", 3, False),
        (None, 3, True),
        (None, 2, True),
        (None, 1, False),
    ],
)
def test_an_answer_asks_for_as_many_as_its_level(ack: str | None, target: int, right: bool) -> None:
    """Here of three live members, one dead, one that left, and one that was removed."""
    world, (a,), counts = watched(1)
    for number, state in enumerate(("alive", "suspect", "dead", "left"), start=2):
        a.row(f"10.0.0.{number}:8088", state)
    a.row("10.0.0.9:8088", "alive", removed=True)
    a.answered = (1, target)
    Commands(world).increment(0, 1, ack=ack)
    assert ([] if right else ["wrong target"]) == kinds(counts)


@pytest.mark.parametrize(("target", "expected"), [(2, []), (1, ["wrong target"])])
def test_a_node_that_leaves_counts_itself_for_a_majority(target: int, expected: list[str]) -> None:
    """Of two members, of which one leaves while its write waits, both are a majority."""
    world, (a,), counts = watched(1)
    a.row(A, "left")
    a.row("10.0.0.2:8088", "alive")
    a.answered = (1, target)
    Commands(world).increment(0, 1, ack="majority")
    assert expected == kinds(counts)


def test_a_write_fails_only_if_its_disk_does() -> None:
    """At some time between the question and the answer."""
    for failing, expected in ({}, ["failed for no reason"]), ({A: [(0.0, 1.0)]}, []):
        world, (a,) = puppets(1)
        counts = Counts(world, failing)
        a.answered = (0, 1)
        Commands(world).increment(0, 1)
        assert expected == kinds(counts)
        world.run(2.0)
        Commands(world).increment(0, 2)
        assert [*expected, "failed for no reason"] == kinds(counts)


def test_a_floor_that_others_raised_is_told_once_it_is_on_their_disks() -> None:
    """Having it in memory is not holding it."""
    for lazy, expected in (None, []), (1.0, ["too few holders"]):
        world, (a, b), counts = watched(2)
        a.row("10.0.0.2:8088", "alive")
        world.host(1).disk.sync_interval = lazy
        a.raised = 7
        b.groups = [Group(a.owner, 0, 1, [Entry(1, "default", 7, 0)])]
        a.answered = (2, 2)
        Commands(world).sync(0, 7)
        assert expected == kinds(counts)


def test_nothing_that_is_asked_for_may_be_refused() -> None:
    """No limit is near."""
    world, (a,), counts = watched(1)

    def refuse(*arguments: Any) -> Any:
        raise ValueError("no")

    a.increment = refuse
    Commands(world).increment(0, 1)
    assert ["refused"] == judged(world, counts)


@pytest.mark.parametrize("told", [True, False])
def test_a_machine_that_is_set_back_may_count_less(told: bool) -> None:
    """What it alone had is owed no more; what others have of it is."""
    world, (a, b), counts = watched(2)
    Commands(world).increment(0, 1)
    tell(a, b)
    snapshot = world.host(0).snapshot()
    assert snapshot is not None
    Commands(world).increment(0, 2)
    if told:
        tell(a, b)
    Faults(world).set_back(0, snapshot)
    assert ([], 1) == (kinds(counts), world.node(0).count("default"))
    tell(world.node(0), b)
    assert (["lost"] if told else []) == judged(world, counts)
