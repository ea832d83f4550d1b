"""Tickets of writes, without a node."""

from __future__ import annotations

import pytest

from gossipd.daemon.tickets import Tickets
from gossipd.protocol import Answer
from tests.daemon.waiting import outcome


async def test_an_answer_settles_the_future_of_its_ticket() -> None:
    """No other one; and only what is answered, not what is refused, counts among the times."""
    tickets = Tickets()
    first, one = tickets.issue()
    second, other = tickets.issue()
    assert 2 == len(tickets)
    tickets.answer(Answer(second, 5, 1, 1))
    assert 5 == (await outcome(other)).count
    assert 1 == len(tickets)
    tickets.refuse(first, ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        await outcome(one)
    assert 0 == len(tickets)
    assert ("+Inf", 1) == [*tickets.seconds.cumulative()][-1]


async def test_requests_are_counted() -> None:
    """Those that share a ticket each; not those that are asked for once more by another one."""
    tickets = Tickets()
    tickets.issue()
    shared, _ = tickets.issue(requests=3)
    assert 4 == len(tickets)
    tickets.drop(shared)
    tickets.issue(requests=2)
    assert 3 == len(tickets)
