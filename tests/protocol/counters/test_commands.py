"""What clients ask for: changes of several counters, in one write."""

from __future__ import annotations

import pytest

from gossipd.protocol import Change, Increment, LimitExceeded, ProtocolConfig
from tests.protocol.conversation import answers_of, converse, make_node, writes_of

ONE = ProtocolConfig(max_counters=1)


def test_sums_are_in_the_order_of_first_use() -> None:
    """So that the same requests make the same entries."""
    asked = [
        Increment((Change("b", 1), Change("a", 2)), "all", 1),
        Increment((Change("b", -5),), "all", 2),
    ]
    [write] = writes_of(make_node(1).increments(asked, 0.0))
    [group] = write.groups
    assert [("b", -4), ("a", 2)] == [(entry.name, entry.count) for entry in group.entries]


def test_a_batch_is_answered_with_the_value_after_each_change() -> None:
    """Also where a counter is changed twice, and others share the write."""
    node = make_node(1)
    batch = (Change("a", 5), Change("b", -3), Change("a", -1), Change("default", 2))
    asked = [Increment((Change("a", 1),), "local", 1), Increment(batch, "local", 2)]
    [write] = writes_of(node.increments(asked, 0.0))
    [group] = write.groups
    assert [("a", 5, 1), ("b", -3, 2), ("default", 2, 3)] == [
        (each.name, each.count, each.version) for each in group.entries
    ]
    first, second = answers_of(node.persisted(write, 0.0))
    assert (1, 2, (6, -3, 5, 2)) == (first.count, second.count, second.counts)


def test_a_batch_is_done_whole_or_not_at_all() -> None:
    """One bad change refuses all."""
    node = make_node(1, ONE)
    with pytest.raises(ValueError, match="name"):
        node.increments([Increment((Change("a", 5), Change("", 1)), None, 1)], 0.0)
    with pytest.raises(LimitExceeded, match="counters"):
        node.increments([Increment((Change("a", 5), Change("b", 1)), None, 1)], 0.0)
    [write] = writes_of(node.increment("a", 2, "local", 2, 0.0))
    assert [2] == [answer.count for answer in answers_of(node.persisted(write, 0.0))]
    assert [("a", 2)] == node.values().page("a")


def test_the_limit_of_counters_can_be_raised() -> None:
    """While the node runs."""
    node = make_node(1, ONE)
    batch = [Increment((Change("a", 5), Change("b", 1)), "local", 1)]
    with pytest.raises(LimitExceeded):
        node.increments(batch, 0.0)
    node.limit(2)
    assert writes_of(node.increments(batch, 0.0))


def test_a_peer_has_the_changes_and_names_of_another() -> None:
    """Beyond its own limit too: what others counted is never refused."""
    first, second = make_node(1), make_node(2, ONE)
    talk = converse(first, second)
    names = ["up", "down", "ünder"]
    batch = [Change("up", 5), Change("down", -7), Change("ünder", 0)]
    talk.carry(first, first.increments([Increment(batch, "all", 1)], talk.now))
    talk.persist(first)
    talk.deliver()
    assert [("default", 0), ("down", -7), ("up", 5), ("ünder", 0)] == second.values().page()
    assert [True, True, True, False] == [
        second.values().knows(name) for name in (*names, "default")
    ]
    assert [("up", 5)] == second.values().page(after="down", most=1)
