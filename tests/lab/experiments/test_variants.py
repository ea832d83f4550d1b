"""The protocols that are compared."""

from __future__ import annotations

import attrs
import pytest

from gossipd.protocol import ProtocolConfig
from gossipd.sim.scenario import make_scenario
from lab.experiments.variants import VARIANTS

PARTS = {"local_health", "nacks", "dynamic_suspicion", "buddy"}
ADDITIONS = {
    "second_ping",
    "rtt_timeouts",
    "pause_compensation",
    "warned_verdicts",
    "refusals",
    "timetable",
    "sought_confirmations",
    "learned_silences",
    "verdicts_at_once",
    "blames_itself",
    "own_looks",
}


def config(row: str) -> ProtocolConfig:
    """What the nodes of a row run with."""
    return make_scenario({"nodes": 3, "set": dict(VARIANTS[row])}).config


def switched_on(row: str) -> set[str]:
    """The parts and additions that a row has."""
    return {name for name in PARTS | ADDITIONS if getattr(config(row), name)}


def test_each_row_has_its_parts_and_no_addition() -> None:
    """But for gossipd, which has everything."""
    assert {
        "SWIM": set(),
        "LHA-Probe": {"local_health", "nacks"},
        "LHA-Suspicion": {"dynamic_suspicion"},
        "Buddy System": {"buddy"},
        "Lifeguard": PARTS,
        "gossipd": PARTS | ADDITIONS,
    } == {row: switched_on(row) for row in VARIANTS}


@pytest.mark.parametrize("row", [row for row in VARIANTS if row != "gossipd"])
def test_the_others_have_the_time_outs_of_the_paper(row: str) -> None:
    """And differ from the defaults in nothing else."""
    found = config(row)
    assert (5.0, 6.0, 3) == (
        found.suspicion_mult,
        found.suspicion_max_mult,
        found.suspicion_confirmations,
    )
    ours = attrs.asdict(ProtocolConfig())
    changed = {name for name, value in attrs.asdict(found).items() if value != ours[name]}
    assert changed <= PARTS | ADDITIONS | {"suspicion_mult"}


def test_gossipd_runs_with_its_defaults() -> None:
    """Whatever they are."""
    assert ProtocolConfig() == config("gossipd")
