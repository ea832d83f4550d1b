"""Calls on files that fail, one by one: what is answered is kept, and the daemon goes on."""

from __future__ import annotations

import os

import pytest

from tests.daemon.storage.faults.shim import play

SWEEP = "tests.daemon.storage.faults.sweep.sweep"
LONG = bool(os.environ.get("GOSSIPD_LONG"))


def test_a_fault_at_every_other_call() -> None:
    """Increments are answered or refused; reads go on; readiness is off meanwhile, and back after.

    With GOSSIPD_LONG at each call. Then and after a power cut the count lies between what was
    acknowledged and that with what was not answered. Checkpoints of the counters are under way all
    the time, and no owner's versions may have a gap.
    """
    report = play(SWEEP, seed=1, thorough=LONG, stride=1 if LONG else 2)
    print({**report, "problems": len(report["problems"])})
    assert [] == report["problems"]
    assert report["histories"] > (250 if LONG else 125)


@pytest.mark.parametrize(
    "broken", ["answers before the commit", "same id after a failure", "no sync"]
)
def test_broken_code_is_found_out(broken: str) -> None:
    """The same faults make it lose what it acknowledged, or count what it did not."""
    report = play(SWEEP, seed=1, stride=5, broken=broken)
    print(*report["problems"][:5], sep="\n")
    assert report["problems"]
