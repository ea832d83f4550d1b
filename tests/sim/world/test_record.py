"""The record by itself."""

from __future__ import annotations

import pytest

from gossipd.protocol import Answer, MemberDead, MemberSuspect
from gossipd.sim.world.record import Observed, Record, Request


def test_the_latest_event_is_that_of_one_process() -> None:
    """A later process of the same node starts without knowledge."""
    record = Record()
    first = Observed(1.0, "a", 1, MemberSuspect("b", "c"))
    second = Observed(2.0, "a", 1, MemberDead("b", "c"))
    record.note(first)
    record.note(second)
    assert record.latest("a", 1, "b") is second
    assert record.latest("a", 2, "b") is None
    assert list(record.of(MemberSuspect)) == [first]


def test_a_second_answer_is_an_error() -> None:
    """So is one without a request; one with no holders acknowledges nothing."""
    record = Record()
    record.requests.append(Request(1, "a", 1, "increment", "default", 1, 0.0))
    request = record.answered(Answer(1, 5, 0, 3), 2.0)
    assert (request.answered_at, request.acknowledged) == (2.0, False)
    with pytest.raises(AssertionError, match="a second answer"):
        record.answered(Answer(1, 5, 3, 3), 3.0)
    with pytest.raises(AssertionError, match="no request"):
        record.answered(Answer(2, 5, 3, 3), 3.0)
