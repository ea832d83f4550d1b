"""Several increments as one write: each has its answer, and none counts twice or not at all."""

from __future__ import annotations

import pytest

from gossipd.protocol import VALUE_LIMIT, Change, Increment, LimitExceeded
from gossipd.protocol.wire import Confirm, Delta, Entry, Group, Push
from tests.protocol.conversation import (
    address,
    answers_of,
    converse,
    datagram,
    make_node,
    messages_of,
    sender,
    writes_of,
)

NAME = "default"
OTHER = b"o" * 16


def asked(*amounts: int, ack: str | None = "local") -> list[Increment]:
    """Increments by these amounts, with tickets 1, 2, 3 …"""
    return [
        Increment((Change(NAME, amount),), ack, ticket) for ticket, amount in enumerate(amounts, 1)
    ]


def test_they_are_one_write_and_one_push_and_each_is_answered_with_its_value() -> None:
    """Increments that share a write are answered in order, each with the value after it."""
    node, other = make_node(1), make_node(2)
    talk = converse(node, other, hold=True)
    effects = node.increments(asked(1, 5, 1), talk.now)
    [write] = writes_of(effects)
    assert [] == answers_of(effects)
    effects = node.persisted(write, talk.now)
    assert [(1, 1), (2, 6), (3, 7)] == [(each.ticket, each.count) for each in answers_of(effects)]
    assert 1 == len(messages_of(effects, Push))
    assert 7 == node.count(NAME)


def test_levels_may_differ() -> None:
    """Increments of different ack levels share a write, and each waits for its own target."""
    node, other = make_node(1), make_node(2)
    talk = converse(node, other, hold=True)
    both = [*asked(1), Increment((Change(NAME, 1),), "all", 2)]
    [write] = writes_of(node.increments(both, talk.now))
    effects = node.persisted(write, talk.now)
    assert [(1, 1, 1)] == [(each.ticket, each.holders, each.target) for each in answers_of(effects)]
    [push] = messages_of(effects, Push)
    confirm = Confirm(push.number, push.group.owner, push.group.upto)
    effects = node.handle_datagram(datagram(sender(2), confirm), address(2), talk.now)
    assert [(2, 2, 2)] == [(each.ticket, each.holders, each.target) for each in answers_of(effects)]


def test_all_or_none() -> None:
    """If one of them is bad, or all together pass the limit, nothing is counted."""
    node = make_node(1)
    with pytest.raises(ValueError, match="amount"):
        node.increments(asked(1, 0), 0.0)
    with pytest.raises(ValueError, match="ack"):
        node.increments([*asked(1), Increment((Change(NAME, 1),), "most", 2)], 0.0)
    with pytest.raises(LimitExceeded):
        node.increments(asked(VALUE_LIMIT, 1), 0.0)
    [write] = writes_of(node.increments(asked(VALUE_LIMIT - 1, 1), 0.0))
    node.persisted(write, 0.0)
    assert VALUE_LIMIT == node.count(NAME)


def test_a_failed_write_fails_each_of_them() -> None:
    """If the shared write fails, each increment is answered with no holders and none counts."""
    node = make_node(1)
    [write] = writes_of(node.increments(asked(1, 2), 0.0))
    effects = node.persist_failed(write, 0.0)
    assert [(1, 0), (2, 0)] == [(each.ticket, each.holders) for each in answers_of(effects)]
    assert 0 == node.count(NAME)


def test_a_floor_that_comes_in_between_takes_all_of_them_in() -> None:
    """Increments under a floor that was passed meanwhile are all answered with the final value."""
    node, other = make_node(1), make_node(2)
    talk = converse(node, other, hold=True)
    group = Group(OTHER, 0, 1, [Entry(1, NAME, 100, 0)])
    # The floor is staged first and takes effect first; the increments know it.
    learned = node.handle_datagram(datagram(sender(2), Delta([group])), address(2), talk.now)
    effects = node.increments(asked(1, 2), talk.now)
    node.persisted(writes_of(learned)[0], talk.now)
    effects = node.persisted(writes_of(effects)[0], talk.now)
    assert [101, 103] == [each.count for each in answers_of(effects)]


def test_a_retired_id_fails_them_together() -> None:
    """A peer that has more of the id than this process: a copy may have made this very write."""
    node, other = make_node(1), make_node(2)
    talk = converse(node, other, hold=True)
    [first] = writes_of(node.increments(asked(1), talk.now))
    node.persisted(first, talk.now)
    owner = first.groups[0].owner
    [second] = writes_of(node.increments(asked(2, 4), talk.now))
    more = Group(owner, 0, 9, [Entry(9, NAME, 0, 50)])
    node.handle_datagram(datagram(sender(2), Delta([more])), address(2), talk.now)
    answers = answers_of(node.persisted(second, talk.now))
    assert [(1, 0), (2, 0)] == [(each.ticket, each.holders) for each in answers]
    assert 50 == node.count(NAME)
