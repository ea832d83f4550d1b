"""Histories of neighbouring clusters, and the checker that finds where two become one."""

from __future__ import annotations

import pytest

from lab.search.neighbours import Neighbours, draw_neighbours
from lab.search.play import play_history

TWO = {"clusters": "2+1", "nodes": 3, "duration": 20, "seed": 1}
COUNTED = ["n0@1,amount=1", "n2@1,amount=2"]


def test_clusters_that_are_left_alone_stay_what_they_are() -> None:
    """Each agrees in the end."""
    history = Neighbours({**TWO, "increment": COUNTED})
    history.run()
    assert [] == history.findings()
    assert [1, 1, 2] == [history.world.node(node).count("default") for node in range(3)]
    assert history.agreed[0] is not None


def test_an_address_is_given_to_another_cluster() -> None:
    """The node there has the counts of the cluster that it joins."""
    history = Neighbours({**TWO, "increment": COUNTED, "take-over": ["n1@12+0.5,joins=n2"]})
    history.run()
    assert [] == history.findings()
    assert [1, 2, 2] == [history.world.node(node).count("default") for node in range(3)]


@pytest.mark.parametrize("asked", [True, False])
def test_counts_that_meet_are_found_unless_somebody_asked(asked: bool) -> None:
    """Here they meet because of a command that the history knows of, or does not."""
    words = {**TWO, "increment": COUNTED, "register": ["n0@12,peer=n2"] if asked else []}
    history = Neighbours(words)
    if not asked:
        node = history.world.host(0)
        history.world.at(12.0, node.command, lambda running, now: running.join([_third()], now))
    history.run()
    assert ([] if asked else ["counts met"]) == [found.kind for found in history.findings()]


def _third() -> str:
    return "10.0.0.3:8088"


def test_a_member_that_is_not_with_its_cluster_is_found() -> None:
    """It was told to remove the other one."""
    history = Neighbours({**TWO, "increment": COUNTED})
    node = history.world.host(0)
    history.world.at(5.0, node.command, lambda running, now: running.remove("10.0.0.2:8088", now))
    history.run()
    assert "cluster fell apart" in {found.kind for found in history.findings()}


def test_equal_seeds_give_equal_histories() -> None:
    """And equal runs."""
    words = draw_neighbours(5)
    assert words == draw_neighbours(5)
    assert play_history(words, traced=True) == play_history(words, traced=True)
