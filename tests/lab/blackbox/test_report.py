"""A report says what failed and how it is played again."""

from __future__ import annotations

from lab.blackbox.ledger import Finding
from lab.blackbox.report import costs, failed, passed
from lab.blackbox.run import Played
from lab.blackbox.schedule import draw

PLAN = draw(7, 3)


def played(*findings: Finding) -> Played:
    """A cycle with these findings."""
    return Played(list(findings), agreed=1.25, rested=2.0, seconds=14.0, summary="9 acknowledged")


def test_a_failed_cycle_is_told_with_its_plan_and_how_to_repeat_it() -> None:
    """With the flags of the run."""
    lines = failed(PLAN, played(Finding("it is lost", "by all")), " --no-syncs --clocks 0")
    assert "cycle 3 of seed 7 FAILED" == lines[0]
    assert "  it is lost: by all" in lines
    assert {f"  {line}" for line in PLAN.lines()} <= set(lines)
    assert "  scripts/blackbox 600 --seed 7 --only 3 --no-syncs --clocks 0" in lines


def test_many_findings_are_cut() -> None:
    """And it is said how many there are."""
    lines = failed(PLAN, played(*[Finding("k", str(number)) for number in range(50)]), "")
    assert "  and 30 more" in lines


def test_costs_are_those_of_all_cycles() -> None:
    """A good cycle is one line; a run without any says so."""
    assert "agreed after 1.2 s, at rest after 2.0 s; 14 s in all" in passed(PLAN, played())
    text = "\n".join(costs([played(), played()], 0.5, 30.0, 18))
    assert "2 cycles in 30 s" in text
    assert "a cycle takes 14 s" in text
    assert ["no cycle was played"] == costs([], 0.5, 1.0, 0)
