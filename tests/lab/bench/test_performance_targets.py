"""Whether the targets are reached."""

from __future__ import annotations

import pytest

from lab.bench.performance_targets import TARGETS, Target, judged
from tests.lab.bench.made_up_findings import findings


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.what)
def test_every_target_is_found_in_what_the_benchmarks_return(target: Target) -> None:
    """A target must not count as not measured because a row was renamed."""
    assert None is not target.find({name: one.values for name, one in findings().items()})
    assert None is target.find({})


def test_verdicts() -> None:
    """A value equal to a bound reaches it."""
    least = Target("a", lambda results: None, 2, 4)
    assert ["no", "must", "goal"] == [least.verdict(value) for value in (1.9, 2, 4)]
    most = Target("a", lambda results: None, 4, 2, most=True)
    assert ["no", "must", "goal"] == [most.verdict(value) for value in (4.1, 4, 2)]
    only = Target("a", lambda results: None, 0, most=True)
    assert ["not measured", "no", "must"] == [only.verdict(value) for value in (None, 1, 0)]


def test_the_table_has_every_target() -> None:
    """Each row has what was measured and the bounds."""
    lines = judged({name: one.values for name, one in findings().items()})
    assert 2 + len(TARGETS) == len(lines)
    (udp,) = [line for line in lines if "pings of a peer" in line]
    assert udp.endswith("| 52,500 | at least | 25,000 | 40,000 | goal |")
