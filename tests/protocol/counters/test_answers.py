"""When a write is answered, and what the answer says."""

from __future__ import annotations

from typing import Any

import pytest

from gossipd.protocol import Answer, Node, ProtocolConfig
from tests.protocol.conversation import Conversation, address, make_node, node_id

A = address(1)


def cluster(size: int, silent: int = 0, **changes: Any) -> tuple[Node, Conversation]:
    """Returns a node among others, of which the last `silent` ones are gone from the wire."""
    config = ProtocolConfig.profile("lan", **changes)
    talk = Conversation(*(make_node(number, config) for number in range(1, size + 1)))
    talk.meet()
    talk.run(10)
    for number in range(size - silent + 1, size + 1):
        del talk.nodes[address(number)]
    return talk.nodes[A], talk


def write(node: Node, talk: Conversation, ack: str | None, ticket: int = 1) -> list[Answer]:
    """Increments, delivers all that needs no time, and returns the answers so far."""
    talk.carry(node, node.increment("default", 1, ack, ticket, talk.now))
    talk.deliver()
    return talk.answers[A]


@pytest.mark.parametrize(
    ("size", "ack", "holders", "target"),
    [
        (1, "all", 1, 1),
        (1, "majority", 1, 1),
        (1, "one", 1, 1),
        (3, "all", 3, 3),
        (3, "local", 1, 1),
    ],
)
def test_a_met_target_is_answered(size: int, ack: str, holders: int, target: int) -> None:
    """Where all answer, the answer comes without delay and says who holds the write."""
    node, talk = cluster(size)
    assert [Answer(1, 1, holders, target, done=(1,))] == write(node, talk, ack)


@pytest.mark.parametrize(("ack", "target"), [("majority", 3), ("one", 2)])
def test_enough_holders_are_enough(ack: str, target: int) -> None:
    """With two of five silent, majority and one are met at once."""
    node, talk = cluster(5, silent=2)
    [answer] = write(node, talk, ack)
    assert (target, True) == (answer.target, answer.holders >= target)


@pytest.mark.parametrize("ack", ["all", "majority"])
def test_a_silent_peer_is_waited_for_once(ack: str) -> None:
    """An unmet target is answered after one probe time-out, and the next time at once."""
    node, talk = cluster(3, silent=2)
    early = list(write(node, talk, ack))
    began = talk.now
    while not talk.answers[A]:
        talk.run(0.05)
    waited = talk.now - began
    later = len(write(node, talk, ack, ticket=2))
    assert ([], pytest.approx(0.5, abs=0.06), 2) == (early, waited, later)


def test_an_unmet_target_says_who_holds_it() -> None:
    """The answer names the holders that there are and the target that was not met."""
    node, talk = cluster(3, silent=1)
    write(node, talk, "all")
    talk.run(0.6)
    assert [Answer(1, 1, 2, 3, done=(1,))] == talk.answers[A]


def test_a_peer_that_confirms_again_is_waited_for_again() -> None:
    """Silence is forgiven with the next confirmation."""
    node, talk = cluster(2)
    other = talk.nodes.pop(address(2))
    write(node, talk, "all")
    talk.run(0.6)
    talk.nodes[address(2)] = other
    talk.run(2)
    assert Answer(2, 2, 2, 2, done=(1,)) == write(node, talk, "all", ticket=2)[-1]


@pytest.mark.parametrize(("after", "target"), [(120, 3), (560, 3), (700, 2)])
def test_the_dead_count_for_a_majority_for_ten_minutes(after: float, target: int) -> None:
    """Later the majority is one of those that are there, or it could never be met again."""
    node, talk = cluster(5, silent=3)
    for each in talk.nodes.values():
        talk.carry(each, each.start(talk.now))
    talk.run(after)
    [answer] = write(node, talk, "majority")
    assert (2, target) == (answer.holders, answer.target)


def test_a_node_that_leaves_counts_itself() -> None:
    """It is one of two as long as it holds the write alone, and says that this is no majority."""
    node, talk = cluster(2, silent=1)
    write(node, talk, "majority")
    talk.carry(node, node.leave(talk.now))
    talk.run(1)
    assert [Answer(1, 1, 1, 2, done=(1,))] == talk.answers[A]


def test_the_removed_do_not_count() -> None:
    """A removed peer counts neither as a holder nor in the target."""
    node, talk = cluster(3)
    talk.carry(node, node.remove(node_id(3), talk.now))
    assert [Answer(1, 1, 2, 2, done=(1,))] == write(node, talk, "all")


@pytest.mark.parametrize(("limit", "target"), [(3, 3), (2, 2)])
def test_the_default_follows_the_size(limit: int, target: int) -> None:
    """Up to the limit the default is that all hold a write, beyond it that one peer does."""
    node, talk = cluster(3, direct_push_limit=limit)
    [answer] = write(node, talk, None)
    assert target == answer.target


def test_the_configured_level_is_the_default() -> None:
    """Where a level is configured, it replaces the one by size."""
    node, talk = cluster(3, ack="local")
    assert [Answer(1, 1, 1, 1, done=(1,))] == write(node, talk, None)


def test_an_unknown_level_is_refused() -> None:
    """The error names the levels that there are, and nothing is counted."""
    node = make_node()
    with pytest.raises(ValueError, match="all, majority, one, local"):
        node.increment("default", 1, "most", 1, 0.0)


def test_answers_are_counted() -> None:
    """Statistics tell met and unmet targets by level."""
    node, talk = cluster(2, silent=1)
    write(node, talk, "all")
    write(node, talk, "local", ticket=2)
    talk.run(0.6)
    assert {("all", False): 1, ("local", True): 1} == node.statistics().answers


def test_a_newcomer_with_much_to_catch_up_is_not_waited_for() -> None:
    """It counts among those that are asked for, and holds nothing until it has everything."""
    node, talk = cluster(2)
    for number in range(1000):
        talk.carry(node, node.increment(f"n{number}", 1, "local", 10 + number, talk.now))
    talk.run(1)
    newcomer = make_node(9)
    talk.add(newcomer)
    talk.lost = lambda a, to, data: to == address(9) and len(data) > 1000
    talk.carry(newcomer, newcomer.register(node_id(1), talk.now))
    talk.run(0.2)
    assert Answer(1, 1, 2, 3, done=(1,)) == write(node, talk, "all")[-1]
    talk.lost = lambda a, to, data: False
    talk.run(3)
    assert Answer(2, 2, 3, 3, done=(1,)) == write(node, talk, "all", ticket=2)[-1]
