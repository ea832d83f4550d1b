"""Expiry by intervals holds in every small world, and tempting designs do not."""

from __future__ import annotations

import pytest

from tests.protocol.models.expiry import (
    GRACE,
    TTL,
    ByFirstUntil,
    ByOwnClock,
    ByResetAlone,
    Design,
    EachByItsOwn,
    NeverExtends,
)
from tests.protocol.models.expiry_world import Model, World


def played(model: Model, steps: str) -> World:
    """Returns the world after some steps.

    `c0` counts at node 0, `r0` resets there, `t` lets time pass, `01` tells node 1 what node 0 has.
    """
    world = model.begin()
    for step in steps.split():
        if step == "t":
            world = model.tick(world)
        elif step.isdigit():
            world = model.tell(world, *map(int, step))
        else:
            act = model.count if step[0] == "c" else model.reset
            world = act(world, int(step[1:]))
    return world


@pytest.mark.parametrize(
    ("offsets", "changes", "depth", "resets"),
    [
        ((0, 0), 3, 7, 0),
        ((0, 1), 4, 7, 0),
        ((0, 3), 3, 6, 0),
        ((0, 0), 3, 5, 2),
        ((0, 1), 3, 5, 2),
        ((0, 1, -1), 3, 4, 0),
    ],
)
def test_the_design_holds_in_every_order(
    offsets: tuple[int, ...], changes: int, depth: int, resets: int
) -> None:
    """What is missing in the end, its own owner dropped, which began anew or heard too late."""
    worlds, complaint = Model(Design(), offsets, changes, resets=resets).explore(depth)
    assert not complaint
    assert worlds > 300


@pytest.mark.parametrize(
    ("rival", "wrong"),
    [
        (EachByItsOwn(), "1 is missing"),
        (ByFirstUntil(), "1 is missing"),
        (ByResetAlone(), "1 of 3 came back"),
        (ByOwnClock(), "what is counted after the end does not count alone"),
    ],
)
def test_the_model_rejects_tempting_designs(rival: Design, wrong: str) -> None:
    """Each loses what somebody prolonged, or brings back what is past, or hides what is new."""
    assert Model(rival, (0, 1), 3).explore(7, wrong)[1]


PROLONGED = " c1 10 01 t" * (TTL + GRACE + 2)


def test_an_owner_that_does_not_take_over_the_end_of_a_life_loses_its_counts() -> None:
    """Its row is dropped while the life goes on, through the changes of another."""
    for design, counts in ((Design(), 1), (NeverExtends(), 0)):
        model = Model(design, (0, 0), 99)
        world = played(model, "c0 01" + PROLONGED)
        assert [(model.value(world, number) or 0) & 1 for number in (0, 1)] == [counts] * 2


def test_a_reset_outlives_its_row_once_the_owner_has_taken_it_over() -> None:
    """The row of the reset is dropped with the end that was seen, and the life goes on."""
    model = Model(Design(), (0, 0), 99)
    world = played(model, "c0 01 r1" + PROLONGED)
    assert (1, 0) not in dict(world.nodes[1].held)
    assert [(model.value(world, number) or 0) & 1 for number in (0, 1)] == [0, 0]


def test_a_late_reset_does_not_touch_a_new_life() -> None:
    """The new life has a base with a larger rank."""
    model = Model(Design(), (0, 0), 9)
    world = played(model, "c0 01 r1 t t c0 10 01")
    assert [model.value(world, number) for number in (0, 1)] == [2, 2]


def test_a_prolongation_that_was_not_heard_costs_the_owner_its_own_earlier_counts() -> None:
    """Node 0 prolonged; node 1, which had counted 2 and did not hear of it, began anew with 8."""
    model = Model(Design(), (0, 0), 9)
    world = model.met(played(model, "c0 c1 01 10 t c0 t c1"))
    assert [model.value(world, number) for number in (0, 1)] == [1 + 4 + 8] * 2


@pytest.mark.parametrize(
    ("offsets", "limit", "begun", "depth", "still", "most"),
    [
        ((0, 0), 2, "", 6, False, 4),
        ((0, 1), 2, "", 6, False, 4),
        ((0, 0), 2, "c0 01", 6, True, 3),
        ((0, 0), 2, "c0 01", 6, False, 4),
        ((0, 0, 0), 2, "c0 01 02", 5, True, 4),
        ((0, 0, 0), 1, "", 4, False, 3),
    ],
)
def test_nodes_overshoot_a_limit_by_what_they_do_not_see(
    offsets: tuple[int, ...], limit: int, begun: str, depth: int, still: bool, most: int
) -> None:
    """k nodes reach k times the limit; while no life ends, only what is beyond what all saw."""
    model = Model(Design(), offsets, 9, limit=limit)
    assert model.most(depth, played(model, begun), still=still) == most
