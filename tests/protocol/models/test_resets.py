"""Reset and delete hold in every small world, and tempting designs do not."""

from __future__ import annotations

from functools import reduce

import pytest

from tests.protocol.models.resets import CLIENT, Design
from tests.protocol.models.resets_rivals import (
    DropsEmptyRows,
    DropsOnDiskAtOnce,
    EqualRowsGo,
    Generations,
    RankIsVersion,
    RelativeBases,
    RestartsTotals,
    SaysOnlyWhatIsNew,
    SubtractsTheValue,
)
from tests.protocol.models.resets_world import Bounds, Model, World, with_node


def played(model: Model, steps: str) -> World:
    """Returns the world after some steps, each a letter and digits.

    `c0` counts at node 0, `s0` states a total there, `r0` resets, `d0` deletes, `t0` takes over,
    `w0` sweeps, and `012` tells node 1 what node 0 has of log 2.
    """
    return reduce(lambda world, step: one_step(model, world, step), steps.split(), model.begin())


def one_step(model: Model, world: World, step: str) -> World:
    """Returns the world after one step of those that `played` takes."""
    if step.isdigit():
        return model.tell(world, *map(int, step))
    what, number = step[0], int(step[1:])
    node = world.nodes[number]
    if what == "c":
        return model.change(world, number)
    if what == "s":
        return model.state(world, number, 64)
    if what in "rd":
        return model.cut(world, number, gone=what == "d")
    move = model.design.take_over if what == "t" else model.design.sweep
    return with_node(world, number, move(node))


@pytest.mark.parametrize(
    ("nodes", "bounds", "depth", "begun"),
    [
        (2, Bounds(changes=2, cuts=2), 6, ""),
        (2, Bounds(changes=3, cuts=3), 4, "c0 010 r1 c0"),
        (3, Bounds(changes=2, cuts=2), 4, ""),
        (3, Bounds(changes=2, cuts=2), 4, "c0 c1 010 101 r0 r1"),
        (2, Bounds(changes=2, cuts=2, late=True), 5, ""),
        (2, Bounds(changes=1, cuts=1, stated=2), 5, ""),
        (3, Bounds(changes=0, cuts=2, stated=2), 4, ""),
        (2, Bounds(changes=2, cuts=1, failures=1), 6, ""),
        (2, Bounds(changes=2, cuts=2, failures=1), 4, "c0 010 r1 101 t0 010"),
        (2, Bounds(changes=1, cuts=1, stated=1, failures=1, late=True), 4, ""),
    ],
)
def test_the_design_holds_in_every_order(
    nodes: int, bounds: Bounds, depth: int, begun: str
) -> None:
    """On the way, no view falls; in the end, all agree on what no reset saw, and rows go."""
    model = Model(Design(), nodes, bounds, views=True)
    worlds, complaint = model.explore(depth, played(model, begun))
    assert not complaint
    assert worlds > 300


@pytest.mark.parametrize(
    ("rival", "begun", "wrong"),
    [
        (SubtractsTheValue(), "c0 010", "the value is not 0 but -1"),
        (Generations(), "c0 010", "the value is not -2 but 0"),
        (RelativeBases(), "c0 010 r1 c0 010", "the value is not 4 but 3"),
        (RestartsTotals(), "c0 010 r1 101 t0", "the value is not -2 but -3"),
        (DropsEmptyRows(), "c0 010", "the value is not 0 but 1"),
        (RankIsVersion(), "c0 010", "listed is not False"),
        (EqualRowsGo(), "", "the value is not 64 but 0"),
    ],
)
def test_the_model_rejects_tempting_designs(rival: Design, begun: str, wrong: str) -> None:
    """Each loses, doubles, or resurrects something within a few events."""
    model = Model(rival, 2, Bounds(changes=3, cuts=2, stated=0 if begun else 1))
    assert model.explore(4, played(model, begun), wrong)[1]


def test_a_row_that_leaves_something_out_undoes_a_reset_for_a_while() -> None:
    """Node 2 has the old row of node 1 only, which the new row replaces."""
    before = "s0 010 d1 121 101 t0 010 w1"
    bounds = Bounds(changes=0, cuts=1, stated=2)
    for design, wrong in ((Design(), ""), (SaysOnlyWhatIsNew(), "a view fell")):
        model = Model(design, 3, bounds, views=True)
        complaint = model.explore(2, played(model, before))[1]
        assert complaint.startswith(wrong)
        assert bool(complaint) == bool(wrong)


def test_a_row_that_leaves_the_disk_too_early_undoes_a_reset_for_a_while() -> None:
    """The power fails at the node that reset, before it has stored the owner's own row."""
    model = Model(DropsOnDiskAtOnce(), 2, Bounds(changes=1, cuts=1, failures=1), views=True)
    assert model.explore(2, played(model, "c0 010 r1 101 t0 010"))[1].startswith("a view fell")


def test_vouching_for_a_log_is_not_holding_what_was_dropped_from_it() -> None:
    """Node 2 vouches for the reset, and does not have it until it has the owner's log too."""
    model = Model(Design(), 3, Bounds(changes=1, cuts=1))
    world = played(model, "c0 010 020 r1 101 t0 010 w1 121")
    assert world.nodes[2].have == (1, 1, 0)
    assert model.design.value(world.nodes[2].rows) == 1
    world = model.tell(world, 0, 2, 0)
    assert model.design.value(world.nodes[2].rows) == 0


def test_two_resets_at_once_answer_for_what_both_saw() -> None:
    """It is lost once: the answers overlap in what both saw, and nowhere else."""
    model = Model(Design(), 2, Bounds(changes=3, cuts=2))
    world = played(model, "c0 010 c1 r0 r1 c0")  # Amounts 1, -2, and 4.
    assert [cut.answer for cut in world.cuts] == [1, -1]
    assert [cut.taken for cut in world.cuts] == [((0, 0, 1),), ((0, 0, 1), (1, 0, 1))]
    assert model.design.value(model.peace(world).nodes[0].rows) == 4


def test_a_total_that_was_reset_does_not_count_when_it_is_stated_again() -> None:
    """Neither does it list the counter again."""
    model = Model(Design(), 2, Bounds(changes=0, cuts=1, stated=1))
    world = played(model, "s0 010 d1 101 s0 s1")
    assert model.design.see(world.nodes[0].rows, CLIENT).contribution == 0
    assert not model.design.listed(model.peace(world).nodes[0].rows)
