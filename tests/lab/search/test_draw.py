"""Histories drawn from seeds."""

from __future__ import annotations

import pytest

from gossipd.sim.scenario import COMMANDS, FAULTS, make_scenario
from lab.search.draw import (
    KINDS,
    MOST_INCREMENTS,
    MOST_NODES,
    MOST_ORDERED,
    NEIGHBOURS,
    draw_history,
)

SEEDS = range(400)
SCENARIOS = [seed for seed in SEEDS if "clusters" not in draw_history(seed)]
"""All but the histories of several clusters, which are played by a player of their own."""


def test_every_history_is_a_scenario() -> None:
    """Of 2 to 9 nodes, with commands and at least now and then faults."""
    sizes = {make_scenario(draw_history(seed)).nodes for seed in SCENARIOS}
    assert (2, MOST_NODES) == (min(sizes), max(sizes))


@pytest.mark.parametrize("word", [*FAULTS, *COMMANDS, "loss", "duplicate", "reorder", "set"])
def test_everything_occurs_and_is_missing(word: str) -> None:
    """Swarm testing: each kind of fault is in some histories and not in others."""
    having = sum(word in draw_history(seed) for seed in SEEDS)
    assert 10 < having < len(SEEDS) - 10 or word == "increment"


def test_equal_seeds_give_equal_histories() -> None:
    """And others give others."""
    assert draw_history(7) == draw_history(7)
    assert draw_history(7) != draw_history(8)


def test_syncs_come_few_at_a_time_and_increments_name_themselves() -> None:
    """So that outcomes can be told: by trying all orders, or by the powers of two in a sum."""
    for seed in SCENARIOS:
        history = make_scenario(draw_history(seed))
        commands = [fault for fault, _ in history.faults if fault.kind in ("increment", "sync")]
        asked = [command.details.get("amount", (0,)) for command in commands]
        amounts = [amount for together in asked for amount in together]
        if any(command.kind == "sync" for command in commands):
            assert len(amounts) <= MOST_ORDERED
        elif sum(amounts) != sum(set(amounts)) or len(amounts) > MOST_ORDERED:
            assert len(amounts) <= (MOST_ORDERED if max(amounts) <= 5 else MOST_INCREMENTS)


def test_clocks_jump_by_hours_days_and_years_and_back() -> None:
    """Each is followed by a restart of its node, and some are put right."""
    jumps = {seed: draw_history(seed).get("clock-jump", []) for seed in range(2000)}
    seconds = [
        abs(int(text.rpartition("=")[2].removesuffix("s")))
        for texts in jumps.values()
        for text in texts
    ]
    day = 86_400
    assert any(each < day for each in seconds)
    assert any(day < each < 100 * day for each in seconds)
    assert any(each > 365 * day for each in seconds)
    for seed, texts in jumps.items():
        if texts:
            node = texts[0].partition("@")[0]
            assert any(each.startswith(f"{node}@") for each in draw_history(seed)["restart"])


def test_some_increments_come_together() -> None:
    """Which are one write."""
    together = [
        text for seed in SEEDS for text in draw_history(seed).get("increment", ()) if "+" in text
    ]
    alone = [
        text
        for seed in SEEDS
        for text in draw_history(seed).get("increment", ())
        if "+" not in text
    ]
    assert len(alone) > len(together) > 20


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_history_is_a_scenario_and_occurs(kind: str) -> None:
    """Each meeting, and those in which anything may meet anything."""
    if kind != NEIGHBOURS:
        assert all(make_scenario(draw_history(seed, kind)).nodes > 1 for seed in range(40))
    drawn = [draw_history(seed) for seed in SEEDS]
    assert any(draw_history(seed, kind) == drawn[seed] for seed in SEEDS)
