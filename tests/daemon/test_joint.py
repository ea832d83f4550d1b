"""Requests that become one, and the answer of each."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gossipd.daemon.future import Future
from gossipd.daemon.joint import Joint, Request, joined, summed, values_between
from gossipd.protocol import Answer, Asked, Bounded, Change


def asking(*changes: Asked, ack: str | None = None) -> Request:
    """A request for changes."""
    return Request(changes, ack, Future(), 0.0)


def told(requests: Sequence[Request]) -> list[Answer | Exception]:
    """What each request was answered."""
    found: list[Answer | Exception] = []
    for request in requests:
        request.answer.then(found.append)
    return found


def test_changes_of_one_counter_are_one_change() -> None:
    """Unless they go up and down; each is told the value after it all the same."""
    changes = [Change("a", 1), Change("b", -1), Change("a", 0), Change("a", 4), Change("b", -2)]
    written = [Change("a", 5), Change("b", -3)]
    assert written == summed(changes)
    answer = Answer(1, 7, 1, 1, (15, 7), (5, -3))
    assert [11, 9, 11, 15, 7] == values_between(changes, written, answer)


@pytest.mark.parametrize("name", ["a", "default"])
def test_what_is_not_summed(name: str) -> None:
    """What goes up and down, and `default`, of which only the node knows the values between."""
    changes = [Change(name, 1), Change(name, -1 if name == "a" else 1)]
    assert changes is summed(changes)
    assert (6, 5) == values_between(changes, changes, Answer(1, 5, 1, 1, (6, 5), (1, -1)))


def test_each_is_answered_by_itself() -> None:
    """As if it had been alone, in order; one that asks for several changes hears of each."""
    requests = [asking(Change("a", 2)), asking(Change("a", 1), Change("b", 5)), asking()]
    requests.append(asking(Change("a", 4)))
    [joint] = joined(requests)
    assert [Change("a", 7), Change("b", 5)] == joint.changes
    joint.settle(Answer(9, 5, 2, 3, (17, 5), (7, 5)))
    assert [
        Answer(9, 12, 2, 3, (), (2,)),
        Answer(9, 5, 2, 3, (13, 5), (1, 5)),
        Answer(9, 17, 2, 3, (), (4,)),
    ] == told([requests[0], requests[1], requests[3]])


def test_who_stays_alone() -> None:
    """Whoever sets conditions, or asks for another ack level."""
    bounded = asking(Bounded("a", 1, 1000))
    requests = [asking(Change("a", 1)), bounded, asking(Change("a", 1), ack="all")]
    assert [[requests[0]], [requests[2]], [bounded]] == [one.requests for one in joined(requests)]


def test_one_alone_is_answered_what_the_node_says() -> None:
    """And told of an error."""
    request, failing = asking(Change("a", 1)), asking(Change("b", 1))
    answer = Answer(1, 5, 1, 1, (), (1,))
    Joint([request], counts=True).settle(answer)
    Joint([failing], counts=True).settle(error := ValueError("no"))
    assert [answer, error] == told([request, failing])


def test_a_client_alone_costs_one_change_as_well() -> None:
    """Many commands of one client that were read at once are one request."""
    request = asking(*[Change("a", 1)] * 3)
    [joint] = joined([request])
    assert [Change("a", 3)] == joint.changes
    joint.settle(Answer(1, 5, 1, 1, (), (3,)))
    assert [Answer(1, 5, 1, 1, (3, 4, 5), (1, 1, 1))] == told([request])
