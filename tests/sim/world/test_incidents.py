"""The text of incidents, which is in the trace of every run."""

from __future__ import annotations

import pytest

from gossipd.sim.world import (
    Crashed,
    Incident,
    Left,
)
from gossipd.sim.world.incidents import (
    Blocked,
    ClockJumped,
    DiskReplaced,
    Leaving,
    Moved,
    Paused,
    Quickened,
    Resumed,
    SetBack,
    Slowed,
    Started,
    Unblocked,
)


@pytest.mark.parametrize(
    ("incident", "text"),
    [
        (Started(), "started"),
        (Crashed(), "crashed"),
        (Crashed(power_cut=True), "crashed by a power cut"),
        (Crashed(state_lost=True), "crashed, state lost"),
        (Leaving(), "leaving"),
        (Left(), "left"),
        (DiskReplaced("empty"), "disk replaced: empty"),
        (SetBack(3.0), "set back to 3 s"),
        (Paused(), "paused"),
        (Resumed(), "resumed"),
        (Blocked(), "blocked"),
        (Unblocked(), "unblocked"),
        (Slowed(), "slow"),
        (Quickened(), "prompt"),
        (Moved("10.0.0.9:8088"), "moves to 10.0.0.9:8088"),
        (ClockJumped(-3600.0), "clock -3600 s"),
    ],
)
def test_an_incident_has_a_text(incident: Incident, text: str) -> None:
    """For people, and for hashes that stay as they are."""
    assert text == str(incident)


def test_incidents_of_one_kind_are_equal() -> None:
    """If their details are; those of two kinds never are."""
    assert Paused() == Paused() != Resumed()
    assert Crashed() != Crashed(power_cut=True)
