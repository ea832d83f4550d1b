"""What resets take of keys that are folded is gone, and nothing else; rival designs fail."""

from __future__ import annotations

import pytest

from tests.protocol.models import key_resets
from tests.protocol.models.key_resets import Design
from tests.protocol.models.key_resets_world import Model, Step

KEY: Step = ("key",)
ASKED: list[Step] = [KEY, ("ask",), ("pass_on", 0, 1)]
MARK_AHEAD: list[Step] = [("count",), KEY, ("ask",), ("push", 1)]
IN_BETWEEN: list[Step] = [*ASKED, ("agree", 1), ("reset", 1)]


@pytest.mark.parametrize(
    ("size", "start", "depth"),
    [
        (2, [], 6),
        (3, [], 4),
        (2, ASKED, 4),
        (3, ASKED, 3),
        (2, MARK_AHEAD, 4),
        (3, MARK_AHEAD, 3),
        (2, IN_BETWEEN, 4),
        (3, [*IN_BETWEEN, ("pass_on", 0, 2), ("agree", 2)], 3),
        (2, [*IN_BETWEEN, ("fold",), KEY], 4),
    ],
)
def test_resets_take_what_they_had_seen_in_every_order_of_events(
    size: int, start: list[Step], depth: int
) -> None:
    """All nodes come to agree, no key stays, and nothing comes back."""
    model = Model(Design(), size)
    worlds, complaint = model.explore(depth, model.play(*start))
    assert not complaint
    assert worlds > 200


@pytest.mark.parametrize("seed", range(0, 3000, 100))
def test_resets_take_what_they_had_seen_in_random_histories(seed: int) -> None:
    """Several folds, with resets between all of their steps."""
    for number in range(seed, seed + 100):
        steps, complaint = Model(Design(), 2 + number % 2, 6).history(number, 20 + number % 30)
        assert not complaint, steps


@pytest.mark.parametrize(
    ("rival", "steps"),
    [
        (key_resets.SeenInKeys, [*IN_BETWEEN, ("fold",)]),
        (key_resets.TakenByAllBefore, [("count",), ("reset", 0), KEY]),
        (
            key_resets.Unmarked,
            [("count",), ("pass_on", 0, 1), KEY, ("ask",), *IN_BETWEEN[2:], ("fold",)],
        ),
        (key_resets.GapsPassed, [KEY, ("ask",), ("push", 1), ("agree", 1), KEY, ("reset", 1)]),
        (
            key_resets.CutsPassed,
            [KEY, ("pass_on", 0, 1), ("reset", 1), ("ask",), ("pass_on", 0, 1, 1), ("agree", 1)],
        ),
        (
            key_resets.CutsAfterTheMark,
            [
                *MARK_AHEAD,
                ("reset", 1),
                ("cuts", 1, 0),
                ("restate",),
                ("pass_on", 0, 1),
                ("agree", 1),
            ],
        ),
        (
            key_resets.TakenOverLate,
            [
                KEY,
                ("push", 1),
                ("reset", 1),
                ("ask",),
                ("keys_cut", 1, 0),
                ("restate",),
                ("pass_on", 0, 1),
                ("agree", 1),
            ],
        ),
        (key_resets.NoteReplaced, [*IN_BETWEEN, ("fold",), KEY]),
    ],
)
def test_the_model_rejects_tempting_designs(rival: type[Design], steps: list[Step]) -> None:
    """The rival fails within three steps of a history, where the design holds."""
    design, model = Model(Design()), Model(rival())
    assert not design.explore(3, design.play(*steps))[1]
    assert model.explore(3, model.play(*steps))[1]
