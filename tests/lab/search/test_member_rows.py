"""The checker of memberships, on puppets that break one rule each."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from gossipd.protocol import Beacon, MemberDead, Ping, State
from gossipd.sim.world import Commands, Faults
from lab.search.member_rows import MemberRows, apart, connected
from tests.lab.search.puppet import puppets, step
from tests.protocol.conversation import datagram, sender

A, B, C = (f"10.0.0.{number}:8088" for number in (1, 2, 3))


def kinds(rows: MemberRows) -> list[str]:
    """What was found."""
    return [finding.kind for finding in rows.findings]


def test_rows_that_rise_by_their_subjects_word_are_right() -> None:
    """Suspected, refuted, dead, and back with a new incarnation."""
    world, (a, b) = puppets(2)
    rows = MemberRows(world)
    for state, incarnation in (
        ("alive", 0),
        ("suspect", 0),
        ("alive", 1),
        ("dead", 1),
        ("alive", 2),
    ):
        b.row(B, "alive", incarnation)
        step(world, 1)
        a.row(B, state, incarnation)
        step(world, 0)
    assert [] == kinds(rows)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("dead", 0), ("alive", 0)),
        (("left", 0), ("dead", 0)),
        (("suspect", 0), ("alive", 0)),
        (("alive", 2), ("dead", 1)),
    ],
)
def test_rows_do_not_fall(before: tuple[str, int], after: tuple[str, int]) -> None:
    """Nothing at or below a dead (generation, incarnation) returns."""
    world, (a, b) = puppets(2)
    rows = MemberRows(world)
    b.row(B, "left", 2)
    step(world, 1)
    for state, incarnation in (before, after):
        a.row(B, state, incarnation)
        step(world, 0)
    assert ["row fell"] == kinds(rows)


@pytest.mark.parametrize(
    ("state", "more"), [("alive", {"incarnation": 1}), ("left", {}), ("alive", {"generation": 2})]
)
def test_nobody_else_says_what_only_the_subject_may(state: str, more: dict[str, Any]) -> None:
    """Incarnations, generations and leaving are the subject's own."""
    world, (a, _) = puppets(2)
    rows = MemberRows(world)
    a.row(B, state, **more)
    step(world, 0)
    assert ["never said"] == kinds(rows)


def test_rows_are_not_forgotten() -> None:
    """As long as the process runs; the next one begins anew."""
    world, (a, _) = puppets(2)
    rows = MemberRows(world)
    a.row(B, "alive")
    step(world, 0)
    a.views = a.views[:1]
    step(world, 0)
    Faults(world).restart(0)
    world.run(0.1)
    assert ["row gone"] == kinds(rows)


@pytest.mark.parametrize(("after", "found"), [(3.0, ["row gone"]), (4.1, [])])
def test_the_gone_may_be_forgotten_in_time(after: float, found: list[str]) -> None:
    """No sooner than the time, counted from the first verdict; ages are in whole seconds."""
    world, (a, _) = puppets(2)
    rows = MemberRows(world, forget_after=5.0)
    a.row(B, "dead")
    step(world, 0)
    world.run(after)
    a.views = a.views[:1]
    step(world, 0)
    assert found == kinds(rows)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ([("left", 1)], []),
        ([("alive", 1), ("left", 2)], []),
        ([("left", 0), ("alive", 1)], ["row gone"]),
        ([("alive", 1)], ["row gone"]),
    ],
)
def test_only_the_gone_are_forgotten(said: list[tuple[str, int]], found: list[str]) -> None:
    """A node may hear at once that a member started again, has left, and is forgotten."""
    world, (a, b) = puppets(2)
    rows = MemberRows(world, forget_after=5.0)
    for state, generation in said:
        b.row(B, state, generation=generation)
        step(world, 1)
    a.row(B, "alive")
    step(world, 0)
    world.run(6)
    a.views = a.views[:1]
    step(world, 0)
    assert found == kinds(rows)


def test_a_removal_ends_with_the_member() -> None:
    """Also if the member is forgotten while the node does not run."""
    world, (a, _) = puppets(2)
    rows = MemberRows(world, forget_after=5.0)
    a.row(B, "dead")
    step(world, 0)
    Commands(world).remove(0, 1)
    world.run(6)
    Faults(world).restart(0)
    world.run(0.1)
    world.node(0).row(B, "alive", 1)
    world.node(1).row(B, "alive", 1)
    step(world, 1)
    step(world, 0)
    assert [] == kinds(rows)


def test_who_never_had_a_fault_is_never_dead() -> None:
    """To anybody; others may be."""
    world, _ = puppets(3)
    rows = MemberRows(world, spared=[B])
    for member in (B, C):
        world.host(0).report(MemberDead(member, A))
    assert ["false death"] == kinds(rows)


def test_removed_peers_get_nothing_and_are_not_shown() -> None:
    """Until they are registered again; what a blocked node had sent before may come late.

    A beacon is not sent to anybody, and reaches them as well.
    """
    ping, beacon = datagram(sender(1), Ping(1)), datagram(sender(1), Beacon())
    for bursting, expected in ([], ["sent to removed"]), ([A], []):
        world, (a, _) = puppets(2)
        rows = MemberRows(world, bursting=bursting)
        to = world.host(1).address
        world.host(0).perform(a.say(ping, to))
        a.row(B, "alive")
        Commands(world).remove(0, 1)
        world.host(0).perform(a.say(beacon, to))
        world.host(0).perform(a.say(ping, to))
        Commands(world).register(0, 1)
        world.host(0).perform(a.say(ping, to))
        assert expected == kinds(rows)
    a.listed = [B]
    Commands(world).remove(0, 1)
    assert ["shown"] == kinds(rows)


def test_a_node_does_as_it_is_told_about_its_peers() -> None:
    """Removes, registers, and remembers both until its disk is another one."""
    world, (a, _) = puppets(2)
    rows = MemberRows(world)
    Commands(world).remove(0, 1)
    a.row(B, "alive")
    step(world, 0)
    Commands(world).remove(0, 1)
    Commands(world).register(0, 1)
    assert [] == kinds(rows)
    a.remove = a.register = a.nothing
    Commands(world).remove(0, 1)
    assert ["not as told"] == kinds(rows)
    a.row(B, "alive", removed=True)
    step(world, 0)
    assert ["not as told"] * 2 == kinds(rows)


def test_a_machine_that_is_set_back_knows_what_it_knew() -> None:
    """Its rows fall, and what it was told since it was not told."""
    world, (a, _) = puppets(2)
    rows = MemberRows(world)
    a.row(B, "alive")
    step(world, 0)
    snapshot = world.host(0).snapshot()
    assert snapshot is not None
    Commands(world).remove(0, 1)
    a.row(B, "dead", removed=True)
    step(world, 0)
    Faults(world).set_back(0, snapshot)
    step(world, 0)
    assert [] == kinds(rows)


def test_a_process_is_newer_than_what_its_disk_knows() -> None:
    """By its generation."""
    world, (a, _) = puppets(2)
    rows = MemberRows(world)
    a.views = [attrs.evolve(a.views[0], generation=1)]
    a.state = lambda: State(1)
    Faults(world).restart(0)
    world.run(0.1)
    assert ["old generation"] == kinds(rows)


def test_everybody_must_be_alive_at_the_end_and_who_does_not_run_must_not() -> None:
    """Unknown is not alive; a removed row is as it may be."""
    world, (a, b, _) = puppets(3)
    rows = MemberRows(world)
    hosts = list(world.hosts.values())
    a.row(B, "suspect")
    a.row(C, "alive")
    b.row(C, "suspect", removed=True)
    Faults(world).crash(2)
    found = rows.judge([(hosts[0], hosts[1]), (hosts[1], hosts[0])], [hosts[2]])
    assert [
        f"not alive: {A} has {B} as suspect",
        f"not alive: {B} has {A} as unknown",
        f"not dead: {A} has {C} as alive, which does not run",
    ] == [str(finding) for finding in found]


def test_who_removed_whom_decides_who_can_reach_whom() -> None:
    """One removal parts two nodes both ways; a third joins them."""
    world, (a, _, _) = puppets(3)
    hosts = list(world.hosts.values())
    assert connected(hosts, apart(hosts))
    a.row(B, "alive", removed=True)
    assert {(A, B), (B, A)} == set(apart(hosts))
    assert connected(hosts, apart(hosts))
    assert not connected(hosts[:2], apart(hosts))
    assert connected([], {})
