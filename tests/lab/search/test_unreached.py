"""Findings about nodes whose address never answered."""

from __future__ import annotations

import pytest

from gossipd.sim.world import Faults, id_of
from lab.search.play import play_history
from lab.search.unreached import Unreached
from tests.lab.search.puppet import puppets, step


def seen(
    state: str, *, generation: int = 1, mapped: bool = False, early: bool = False
) -> list[str]:
    """Kinds of findings if node 0 has node 1, which started anew behind NAT, in this state."""
    world, nodes = puppets(2)
    checker = Unreached(world)
    if early:
        Faults(world).translate(1, mapped=mapped)
    Faults(world).restart(1)
    if not early:
        world.run(0.1)
        Faults(world).translate(1, mapped=mapped)
    world.run(0.1)
    nodes[0].row(id_of(1), state, generation=generation)
    step(world, 0)
    return [finding.kind for finding in checker.findings]


@pytest.mark.parametrize("state", ["alive", "suspect"])
def test_a_process_that_never_answered_is_nowhere_alive(state: str) -> None:
    """Nor is it a suspect."""
    assert ["never answered"] == seen(state, early=True)
    assert [] == seen("dead", early=True)
    assert [] == seen(state, early=True, generation=0)


def test_others_may_be_alive() -> None:
    """Those that can be reached, and those that could once."""
    assert [] == seen("alive", early=True, mapped=True)
    assert [] == seen("alive")


def test_the_watch_ends_with_the_process_and_with_the_translation() -> None:
    """What follows is another story."""
    world, nodes = puppets(2)
    checker = Unreached(world)
    Faults(world).translate(1, mapped=False)
    Faults(world).restart(1)
    world.run(0.1)
    world.carrier.translation.clear()
    world.host(1).perform(nodes[1].say(b"hello", world.host(0).address))
    world.run(0.1)
    nodes[0].row(id_of(1), "alive")
    step(world, 0)
    assert [] == checker.findings


def test_a_history_with_nat_holds() -> None:
    """Both kinds, with restarts behind it; afterwards all are members again."""
    words = {
        "nodes": 4,
        "duration": 30,
        "seed": 5,
        "start": "together",
        "nat": ["n1@1,mapped=no", "n2@1,mapped=yes"],
        "restart": ["n1@3+0.1,state=lost", "n2@4+0.1"],
    }
    assert [] == list(play_history(words).findings)
