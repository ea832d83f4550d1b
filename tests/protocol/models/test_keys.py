"""Keyed increments count once in every small world, and under rival designs they do not."""

from __future__ import annotations

import pytest

from tests.protocol.models import keys_rivals as rivals
from tests.protocol.models.keys import Design, Key
from tests.protocol.models.keys_judge import Model
from tests.protocol.models.keys_worlds import Step, World

RISING = (1, 2, 3, 4, 5, 6, 7, 8, 9)
FALLING = RISING[::-1]
MIXED = (3, 5, 2, 9, 1, 4, 8, 6, 7)

TWO: list[Step] = [("attempt", 0, "k"), ("attempt", 1, "k")]
LATER: list[Step] = [("tick",), ("tick",)]
MET: list[Step] = [("pass_on", 0, 1), ("pass_on", 1, 0)]
ORPHAN: list[Step] = [*TWO, ("pass_on", 1, 2), ("wipe", 1), *LATER, ("pass_on", 0, 1)]


def play(model: Model, *steps: Step) -> World:
    """Returns a world after steps, which is judged."""
    world = model.play(*steps)
    assert not model.complaint(world)
    return world


@pytest.mark.parametrize("owners", [RISING, FALLING])
@pytest.mark.parametrize(
    ("size", "start", "depth"),
    [
        (2, [], 3),
        (2, [*TWO, *LATER, *MET], 2),
        (2, [*TWO, ("backup", 1), ("restart", 1), *LATER, *MET], 2),
        (3, [*TWO, *LATER, ("pass_on", 1, 2)], 1),
        (3, ORPHAN, 1),
    ],
)
def test_a_key_counts_once_in_every_order_of_events(
    owners: tuple[int, ...], size: int, start: list[Step], depth: int
) -> None:
    """Whichever home is the least, all agree, fold, and count once."""
    model = Model(Design(), size, owners)
    worlds, complaint = model.explore(depth, model.play(*start))
    assert not complaint
    assert worlds > 20


@pytest.mark.parametrize("seed", range(240))
def test_a_key_counts_once_in_random_histories(seed: int) -> None:
    """Two keys, two names, other amounts under the same key, and all faults."""
    model = Model(Design(), 2 + seed % 2, (RISING, FALLING, MIXED)[seed % 3])
    steps, complaint = model.history(seed, 30 + seed % 30)
    assert not complaint, steps


@pytest.mark.parametrize(
    ("rival", "size", "steps", "wrong"),
    [
        (rivals.ByAge, 2, TWO, "folding changed"),
        (rivals.KnownHere, 2, [*TWO, *LATER, ("fold", 0)], "doubled"),
        (rivals.FirstSeen, 2, TWO, "folding changed"),
        (
            rivals.GreaterDropped,
            2,
            [*TWO, ("backup", 1), *LATER, *MET, ("ask", 0, 1), ("fold", 0), ("restore", 1)],
            "nodes differ",
        ),
        (
            rivals.VoidedAtOnce,
            3,
            [
                *TWO,
                ("pass_on", 1, 2),
                ("backup", 1),
                *LATER,
                MET[0],
                ("fold", 1),
                ("push", 1, 2),
                ("wipe", 0),
                ("restore", 1),
            ],
            "lost",
        ),
        (
            rivals.SealedApart,
            2,
            [TWO[0], *LATER, *MET, ("ask", 0, 1), ("fold", 0), ("pass_on", 0, 1, 1), ("wipe", 0)],
            "doubled",
        ),
        (
            rivals.NothingNamed,
            3,
            [*ORPHAN, ("pass_on", 0, 2), ("ask", 0, 1), ("ask", 0, 2), ("fold", 0)],
            "doubled",
        ),
        (
            rivals.NewestSeen,
            3,
            [
                TWO[0],
                ("count", 0),
                TWO[1],
                ("pass_on", 1, 2),
                ("wipe", 1),
                *LATER,
                ("pass_on", 0, 1),
                ("push", 0, 2),
                ("ask", 0, 1),
                ("ask", 0, 2),
                ("fold", 0),
            ],
            "doubled",
        ),
        (
            rivals.LogsUnheld,
            2,
            [
                *TWO,
                ("backup", 0),
                ("backup", 1),
                *LATER,
                *MET,
                ("ask", 1, 0),
                ("fold", 1),
                ("blackout", 0),
                ("ask", 0, 1, 1),
                ("close", 0, 1),
                ("restore", 1),
            ],
            "doubled",
        ),
        (rivals.SilentUnasked, 2, [*TWO, ("stop", 1), *LATER, ("fold", 0)], "doubled"),
        (
            rivals.TablesUncompared,
            3,
            [
                ("estrange", 2),
                ("pass_on", 1, 2),
                ("pass_on", 2, 1),
                TWO[0],
                ("attempt", 2, "k"),
                *LATER,
                MET[0],
                ("ask", 0, 1),
                ("fold", 0),
            ],
            "doubled",
        ),
        (
            rivals.AloneAtOnce,
            2,
            [TWO[0], ("wipe", 1), TWO[1], *LATER, ("fold", 1)],
            "doubled",
        ),
        (
            rivals.WaitingSkipped,
            3,
            [TWO[0], ("attempt", 2, "k", 1), ("attempt", 0, "j")],
            "folding changed",
        ),
        (rivals.ClosedUnasked, 2, [*TWO, ("restart", 1)], "folding changed"),
        (
            rivals.ClosingLeftBehind,
            2,
            [
                ("count", 0),
                ("restart", 0),
                TWO[0],
                ("backup", 0),
                ("close", 0, 1),
                ("pass_on", 0, 1, 1),
                ("restore", 0),
            ],
            "nodes differ",
        ),
    ],
)
def test_the_model_rejects_tempting_designs(
    rival: type[Design], size: int, steps: list[Step], wrong: str
) -> None:
    """The rival fails where the design, in the same history, holds."""
    play(Model(Design(), size, RISING), *steps)
    model = Model(rival(), size, RISING)
    assert model.complaint(model.play(*steps)).startswith(wrong)


def test_a_key_is_doubled_by_a_partition_that_outlasts_forgetting() -> None:
    """Both sides take it, forget each other, and fold; then it counts once for each side."""
    model = Model(Design(), 2, RISING)
    apart = [*TWO, ("stop", 1), *LATER, ("forget", 1), ("fold", 0)]
    world = play(model, *apart, ("start", 1), *MET)
    assert [2, 2] == [model.design.value(node.disk) for node in world.nodes]


def test_a_row_against_that_of_a_lost_directory_does_not_hold_up_others() -> None:
    """It is written again behind the version up to which keys are folded."""
    model = Model(Design(), 3, RISING)
    steps = [*ORPHAN[:2], ("attempt", 0, "j"), *ORPHAN[2:], ("pass_on", 0, 2)]
    world = play(model, *steps, ("ask", 0, 1), ("ask", 0, 2), ("fold", 0))
    assert [Key(1, 3, "x", "k", 1, 0)] == world.nodes[0].disk.keyed()


def test_an_heir_closes_a_log_with_its_keys() -> None:
    """What the closed log still brings is not counted again."""
    model = Model(Design(), 2, RISING)
    steps = [("attempt", 0, "k"), ("delay", 0), ("restart", 0), *LATER, ("pass_on", 0, 1)]
    world = play(model, *steps, ("ask", 0, 1, 1), ("close", 0, 1), ("delay", 1), ("pass_on", 0, 1))
    assert not world.nodes[1].disk.keyed()
    assert 1 == model.design.value(play(model, *steps).nodes[1].disk)
    assert 1 == model.design.value(model.arrive(world, 1).nodes[1].disk)
