"""The rule by which members are forgotten holds in every small world, and its rivals do not."""

from __future__ import annotations

import pytest

from tests.protocol.models.forgetting import (
    AgeUntold,
    ByTheClock,
    EachByItself,
    Model,
    Rule,
    TombstoneOfItsOwn,
)


@pytest.mark.parametrize(("offsets", "depth"), [((0, 7), 6), ((0, 7, -7), 4)])
def test_the_rule_holds_in_every_order_of_events(offsets: tuple[int, ...], depth: int) -> None:
    """Whatever happens before, and however wrong the clocks are, all agree and ghosts go."""
    worlds, complaint = Model(Rule(), offsets).explore(depth)
    assert not complaint
    assert worlds > 1000


def test_replacing_every_node_more_often_does_not_keep_ghosts() -> None:
    """The age of a verdict is handed on from process to process."""
    assert not Model(Rule(), (0, 0, 0)).rolling(60)


@pytest.mark.parametrize(
    ("rival", "wrong"),
    [
        (EachByItself(), "a ghost stays"),
        (TombstoneOfItsOwn(), "the hashes differ"),
        (ByTheClock(), "the hashes differ"),
    ],
)
def test_the_model_rejects_tempting_designs(rival: Rule, wrong: str) -> None:
    """Forgetting alone brings ghosts back; unanswered refusals and clocks leave hashes apart."""
    assert Model(rival, (0, 7)).explore(4)[1].startswith(wrong)


def test_an_age_that_is_not_told_keeps_ghosts_in_a_rolling_cluster() -> None:
    """Where each process counts from when it learned of a death, a daily deployment is enough."""
    assert Model(AgeUntold(), (0, 0, 0)).rolling(60)
