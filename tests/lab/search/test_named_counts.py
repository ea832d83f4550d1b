"""Named counters hold what was acknowledged, once."""

from __future__ import annotations

import pytest

from gossipd.sim.world import Commands, Faults
from lab.search.named_counts import judge_named
from tests.lab.search.puppet import puppets


def judged(up: int, down: int, *, lost: bool = False) -> list[tuple[str, str]]:
    """Judges a node with these values, of which 1, 2 and 4 were asked for, and 1 and 2 answered."""
    world, (node,) = puppets(1)
    Commands(world).increments(0, [1, 2], names=1)
    node.answered = (0, 1)
    Commands(world).increments(0, [4], names=1)
    if lost:
        Faults(world).restart(0, keep=False)
        world.run(0.1)
    values = {"up 0": up, "down 0": down}
    world.node(0).count = values.__getitem__
    return [(each.kind, each.text) for each in judge_named(world, world.live())]


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
    assert found == [kind for kind, _ in judged(up, down)]


def test_a_lost_disk_excuses_what_is_missing() -> None:
    """But not what nobody asked for."""
    assert [] == judged(0, 0, lost=True)
    assert ["invented"] == [kind for kind, _ in judged(0, -9, lost=True)]


def test_nodes_must_agree_on_each_counter() -> None:
    """Those are named that differ."""
    world, nodes = puppets(2)
    Commands(world).increments(0, [1], names=1)
    for value, node in zip((1, 0), nodes, strict=True):
        node.count = {"up 0": value, "down 0": -1}.__getitem__
    [finding] = judge_named(world, world.live())
    assert ("counts never agreed", "up 0: [0, 1]") == (finding.kind, finding.text)
