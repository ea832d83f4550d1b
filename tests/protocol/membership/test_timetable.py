"""Who probes whom, and when."""

from __future__ import annotations

from random import Random

import pytest

from gossipd.protocol.membership.timetable import Ring, phase

SIZES = [2, 3, 5, 16, 64, 200]


def ring(members: list[str]) -> Ring:
    """Returns a ring of these."""
    made = Ring()
    for member in members:
        made.add(member)
    return made


def ids(size: int) -> list[str]:
    """Returns so many ids."""
    return [f"10.0.{number // 250}.{number % 250 + 1}:8088" for number in range(size)]


@pytest.mark.parametrize("size", SIZES)
def test_each_is_probed_once_a_round_and_nobody_probes_itself(size: int) -> None:
    """Whatever the number of the round."""
    members = ids(size)
    table = ring(members)
    for number in range(1_700_000_000, 1_700_000_050):
        targets = {member: table.target(member, number) for member in members}
        assert sorted(members) == sorted(str(target) for target in targets.values())
        assert all(member != target for member, target in targets.items())


@pytest.mark.parametrize("size", SIZES)
def test_each_probes_every_other_one(size: int) -> None:
    """Within three times as many rounds as there are others."""
    members = ids(size)
    table, first = ring(members), 1_700_000_000
    met = {table.target(members[0], first + number) for number in range(3 * (size - 1))}
    assert {*members[1:]} == met


def test_views_that_differ_a_little_differ_in_few_probes() -> None:
    """A member that one node knows and another does not shifts those behind it by one place."""
    members = ids(64)
    whole, less = ring(members), ring(members[:-1])
    same = sum(
        whole.target(member, number) == less.target(member, number)
        for member in members[:-1]
        for number in range(100)
    )
    assert same > 0.1 * 63 * 100


def test_eight_neighbours_on_the_ring_are_probed_by_others() -> None:
    """Of eight that end together, none waits for more than some rounds."""
    members = ids(64)
    table = ring(members)
    order = sorted(members, key=lambda member: table._places.index(_place_of(table, member)))
    gone = {*order[20:28]}
    for start in range(200):
        missed = 0
        waiting = set(gone)
        while waiting:
            probed = {table.target(member, start + missed) for member in {*members} - gone}
            waiting -= probed
            missed += 1
        assert missed <= 4


def _place_of(table: Ring, member: str) -> tuple[int, str]:
    return next(place for place in table._places if place[1] == member)


def test_a_lone_node_probes_nobody() -> None:
    """Nor does one that others have left."""
    members = ids(2)
    table = ring(members)
    table.drop(members[1])
    assert (None, 1) == (table.target(members[0], 7), len(table))


def test_phases_are_spread_over_the_round() -> None:
    """And do not follow the order of the ring, in which a prober and its target stand."""
    phases = [phase(member) for member in ids(200)]
    tenths = [sum(part <= 10 * one < part + 1 for one in phases) for part in range(10)]
    assert all(0 <= one < 1 for one in phases)
    assert min(tenths) >= 8
    members = ids(200)
    Random(1).shuffle(members)
    assert phases != sorted(phases)
