"""The log by itself."""

from __future__ import annotations

import pytest

from gossipd.protocol import (
    Answer,
    MemberDead,
    MemberSuspect,
)
from gossipd.sim.world import (
    Log,
    Observed,
    Request,
    World,
)
from gossipd.sim.world.incidents import (
    Started,
)
from tests.sim.checks import latest


def test_the_latest_event_is_that_of_one_process() -> None:
    """A later process of the same node starts without knowledge."""
    world = World(1)
    log = world.log
    first = Observed(1.0, "a", 1, MemberSuspect("b", "c"))
    second = Observed(2.0, "a", 1, MemberDead("b", "c"))
    log.note(first)
    log.note(second)
    assert latest(world, "a", 1, "b") is second
    assert latest(world, "a", 2, "b") is None
    assert list(log.of(MemberSuspect)) == [first]


def test_a_second_answer_is_an_error() -> None:
    """So is one without a request; one with no holders acknowledges nothing."""
    log = Log()
    log.requests.append(Request(1, "a", 1, "increment", "default", 1, 0.0))
    request = log.answered(Answer(1, 5, 0, 3), 2.0)
    assert (request.answered_at, request.acknowledged) == (2.0, False)
    with pytest.raises(AssertionError, match="a second answer"):
        log.answered(Answer(1, 5, 3, 3), 3.0)
    with pytest.raises(AssertionError, match="no request"):
        log.answered(Answer(2, 5, 3, 3), 3.0)


def test_membership_events_may_be_left_out() -> None:
    """Observers hear of them all the same."""
    log, heard = Log(keep_member_events=False), list[Observed]()
    log.on_event.append(heard.append)
    seen = [Observed(1.0, "a", 1, MemberDead("b", "c")), Observed(2.0, "a", 1, Started())]
    for each in seen:
        log.note(each)
    assert (seen[1:], seen) == (log.events, heard)
