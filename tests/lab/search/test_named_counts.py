"""Named counters hold what was acknowledged, once."""

from __future__ import annotations

import pytest

from gossipd.sim.world import Commands, Faults, resets
from lab.search.named_counts import judge_named
from tests.lab.search.puppet import puppets

RIGHT = {"up 0": 3, "down 0": -3, "cut 0": 3, "keyed 0": 3, "stated 0": 2, "brief 0": 3}


def judged(*, lost: bool = False, later: float = 0.0, **values: int) -> list[str]:
    """Judges a node with these values, of which 1, 2 and 4 were asked for, and 1 and 2 answered.

    Values by kind of counter; those that are not given are what they should be.
    """
    world, (node,) = puppets(1)
    Commands(world).increments(0, [1, 2], names=1)
    node.answered = (0, 1)
    Commands(world).increments(0, [4], names=1)
    if lost:
        Faults(world).restart(0, keep=False)
    world.run(0.1 + later)
    shown = RIGHT | {f"{kind} 0": value for kind, value in values.items()}
    world.node(0).count = shown.__getitem__
    return [each.kind for each in judge_named(world, world.live())]


@pytest.mark.parametrize(
    ("up", "down", "found"),
    [
        (3, -3, []),
        (7, -3, []),
        (3, -7, []),
        (1, -3, ["lost"]),
        (5, -3, ["lost"]),
        (3, -6, ["lost"]),
        (8, -3, ["invented"]),
        (3, 3, ["invented"]),
        (-3, -3, ["invented"]),
    ],
)
def test_what_was_answered_is_there_once(up: int, down: int, found: list[str]) -> None:
    """And what was not may be there or not, but no other amount."""
    assert found == judged(up=up, down=down)


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        *[("keyed", value, found) for value, found in ((7, []), (2, ["lost"]), (8, ["invented"]))],
        *[("stated", value, found) for value, found in ((4, []), (1, ["lost"]), (3, ["invented"]))],
        *[("cut", value, found) for value, found in ((1, ["lost"]), (9, ["invented"]))],
    ],
)
def test_each_kind_holds_what_was_answered(kind: str, value: int, found: list[str]) -> None:
    """Of totals the largest that was stated, of all others each amount."""
    assert found == judged(**{kind: value})


def test_what_expires_is_gone_in_the_end() -> None:
    """And not before, whatever it shows."""
    assert [] == judged(brief=1)
    assert [["not expired"], []] == [judged(later=20, brief=value) for value in (1, 0)]


@pytest.mark.parametrize(
    ("removed", "holders", "value", "found"),
    [
        *((1, 1, 2, []), (3, 1, 0, []), (1, 1, 3, ["not reset"]), (1, 1, 0, ["lost"])),
        *((9, 1, 0, ["invented"]), (1, 0, 0, [])),
    ],
)
def test_a_reset_takes_what_it_answers(
    removed: int, holders: int, value: int, found: list[str]
) -> None:
    """A reset that was not answered may have taken anything."""
    world, (node,) = puppets(1)
    Commands(world).increments(0, [1, 2], names=1)
    node.answered, node.removed = (holders, 1), removed
    Commands(world).change(0, resets(1, delete=False))
    node.count = (RIGHT | {"cut 0": value}).__getitem__
    assert found == [each.kind for each in judge_named(world, world.live())]


def test_a_lost_disk_excuses_what_is_missing() -> None:
    """But not what nobody asked for."""
    nothing = dict.fromkeys(("up", "down", "cut", "keyed", "stated"), 0)
    assert [] == judged(**nothing, lost=True)
    assert ["invented"] == judged(**(nothing | {"down": -9}), lost=True)


def test_nodes_must_agree_on_each_counter() -> None:
    """Those are named that differ."""
    world, nodes = puppets(2)
    Commands(world).increments(0, [1], names=1)
    for value, node in zip((1, 0), nodes, strict=True):
        node.count = (RIGHT | {"up 0": value}).__getitem__
    [finding] = judge_named(world, world.live())
    assert ("counts never agreed", "up 0: [0, 1]") == (finding.kind, finding.text)
