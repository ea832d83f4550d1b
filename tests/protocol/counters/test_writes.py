"""Persist, then tell: what a write may show before it is on disk, and when it cannot be written."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from gossipd.protocol import (
    FLOOR_LIMIT,
    VALUE_LIMIT,
    Bounded,
    Change,
    Increment,
    LimitExceeded,
    Node,
    Record,
    Reset,
    State,
)
from gossipd.protocol.counters import ahead
from gossipd.protocol.counters.ahead import MOST_TOLD
from gossipd.protocol.events import OwnerRetired
from gossipd.protocol.wire import Confirm, Delta, Entry, Group, Push
from tests.protocol.conversation import (
    Conversation,
    address,
    answers_of,
    converse,
    datagram,
    make_node,
    messages_of,
    noted,
    sender,
    sent,
    writes_of,
)

A = address(1)
NAME = "default"
OTHER = b"o" * 16


def pair(*, hold: bool = True) -> tuple[Node, Node, Conversation]:
    """Returns two nodes that know each other, whose writes are held back."""
    first, second = make_node(1), make_node(2)
    return first, second, converse(first, second, hold=hold)


def hear(node: Node, talk: Conversation, *groups: Group) -> None:
    """Gives node 1 these groups, from node 2."""
    data = datagram(sender(2), Delta(list(groups)))
    talk.carry(node, node.handle_datagram(data, address(2), talk.now))


@pytest.mark.parametrize("command", ["increment", "sync"])
def test_nothing_is_told_before_it_is_on_disk(command: str) -> None:
    """A write is staged, and neither sent, answered nor counted."""
    node, _, talk = pair()
    name = [NAME] if command == "increment" else []
    effects = getattr(node, command)(*name, 5, "local", 1, talk.now)
    assert ([1], [], 0) == (
        [w.sequence for w in writes_of(effects)],
        sent(effects),
        node.count(NAME),
    )


def test_once_on_disk_it_is_counted_sent_and_answered() -> None:
    """Once a write is reported as persisted, the value, the push and the answer show it."""
    node, _, talk = pair()
    [write] = writes_of(node.increment(NAME, 5, "local", 1, talk.now))
    effects = node.persisted(write, talk.now)
    assert (5, 1, [5]) == (
        node.count(NAME),
        len(messages_of(effects, Push)),
        [answer.count for answer in answers_of(effects)],
    )


def test_what_a_peer_counted_is_recorded_once_before_anything_is_told() -> None:
    """What a peer counted is recorded; a floor that it brings is persisted before that."""
    node, _, talk = pair()
    group = Group(OTHER, 0, 1, [Entry(1, NAME, 0, 5)])
    data = datagram(sender(2), Push(7, group))
    effects = node.handle_datagram(data, address(2), talk.now)
    assert [Record(group)] == [each for each in effects if isinstance(each, Record)]
    assert isinstance(effects[0], Record)
    assert 1 == len(messages_of(effects, Confirm))
    again = node.handle_datagram(data, address(2), talk.now)
    floor = datagram(sender(2), Push(8, Group(OTHER, 1, 2, [Entry(2, NAME, 100, 0)])))
    learned = node.handle_datagram(floor, address(2), talk.now)
    assert [] == [each for each in (*again, *learned) if isinstance(each, Record)]
    [write] = writes_of(learned)
    [told] = [each for each in node.persisted(write, talk.now) if isinstance(each, Record)]
    # The write may be on the disk before what was recorded earlier, and then completes nothing.
    assert [told.group] == [*write.groups]


def test_writes_build_upon_those_before_them() -> None:
    """Staged writes are answered in order, each with the value after it."""
    node, _, talk = pair()
    for ticket, command in enumerate(("increment", "sync", "increment", "increment")):
        what = [10] if command == "sync" else [NAME, 1]
        talk.carry(node, getattr(node, command)(*what, "local", ticket, talk.now))
    talk.persist(node)
    assert [(0, 1), (1, 10), (2, 11), (3, 12)] == [
        (answer.ticket, answer.count) for answer in talk.answers[A]
    ]


def test_changes_of_one_counter_with_sources_are_told_the_value_after_each() -> None:
    """Also if a reset is among them, and if other requests share the write."""
    node, _, talk = pair()
    first = (Bounded("a", 1), Bounded("a", 2), Change("b", 7))
    second = (Reset("a"), Change("a", 4), Change("b", 1))
    asked = [Increment(first, "local", 1), Increment(second, "local", 2)]
    [write] = writes_of(node.increments(asked, talk.now))
    answers = answers_of(node.persisted(write, talk.now))
    assert [(1, 3, 7), (0, 4, 8)] == [answer.counts for answer in answers]
    assert [(1, 2, 7), (3, 4, 1)] == [answer.done for answer in answers]


def test_writes_are_reported_in_order() -> None:
    """A driver that reports a later write first gets a ValueError."""
    node, _, talk = pair()
    node.increment(NAME, 1, "local", 1, talk.now)
    [second] = writes_of(node.increment(NAME, 1, "local", 2, talk.now))
    with pytest.raises(ValueError, match="oldest"):
        node.persisted(second, talk.now)


def test_a_sync_that_is_no_news_waits_for_what_satisfied_it() -> None:
    """A no-op on top of a staged write is answered with that write, not before."""
    node, _, talk = pair()
    talk.carry(node, node.increment(NAME, 5, "local", 1, talk.now))
    talk.carry(node, node.sync(3, "local", 2, talk.now))
    before = list(talk.answers[A])
    talk.persist(node)
    assert ([], {1, 2}) == (before, {answer.ticket for answer in talk.answers[A]})


def test_a_sync_that_is_no_news_writes_nothing() -> None:
    """Raising to what is reached is answered at once."""
    node, _, talk = pair()
    talk.carry(node, node.increment(NAME, 5, "local", 1, talk.now))
    talk.persist(node)
    effects = node.sync(5, "local", 2, talk.now)
    assert ([], [5]) == (writes_of(effects), [answer.count for answer in answers_of(effects)])


def test_a_learned_floor_is_written_first() -> None:
    """A floor of another node is not shown before it is on disk."""
    node, _, talk = pair()
    hear(node, talk, Group(OTHER, 0, 1, [Entry(1, NAME, 10, 0)]))
    before = node.count(NAME)
    talk.persist(node)
    assert (0, 10) == (before, node.count(NAME))


def test_others_counts_need_no_write() -> None:
    """A slot under a known floor counts at once."""
    node, _, talk = pair()
    hear(node, talk, Group(OTHER, 0, 1, [Entry(1, NAME, 0, 7)]))
    assert (7, 0) == (node.count(NAME), len(talk.writes[A]))


def test_what_follows_a_learned_floor_waits_for_it() -> None:
    """Entries that arrive behind a floor that is being written do not overtake it."""
    node, _, talk = pair()
    hear(node, talk, Group(OTHER, 0, 1, [Entry(1, NAME, 10, 0)]))
    hear(node, talk, Group(OTHER, 1, 2, [Entry(2, NAME, 0, 7)]))
    assert 0 == node.count(NAME)


def test_the_same_group_is_not_staged_twice() -> None:
    """A push that is repeated while its floor is being written makes no second write."""
    node, _, talk = pair()
    for _ in range(50):
        hear(node, talk, Group(OTHER, 0, 1, [Entry(1, NAME, 10, 0)]))
    assert 1 == len(talk.writes[A])


def test_what_waits_for_a_stalled_disk_is_bounded() -> None:
    """Beyond it pushes are as if lost: not confirmed, and taken when they are sent again."""
    node, _, talk = pair()
    late = Group(b"p" * 16, 0, 1, [Entry(1, NAME, 9 + MOST_TOLD, 7)])
    for count in range(MOST_TOLD + 5):
        hear(node, talk, Group(OTHER, count, count + 1, [Entry(count + 1, NAME, 10 + count, 0)]))
    data = datagram(sender(2), Push(1, late))
    effects = node.handle_datagram(data, address(2), talk.now)
    talk.carry(node, effects)
    assert (MOST_TOLD, 0) == (len(talk.writes[A]), len(messages_of(effects, Confirm)))
    talk.persist(node)
    assert 9 + MOST_TOLD == node.count(NAME)
    effects = node.handle_datagram(data, address(2), talk.now)
    assert [(1, 1)] == [(each.number, each.version) for each in messages_of(effects, Confirm)]
    assert 16 + MOST_TOLD == node.count(NAME)


def test_an_increment_builds_upon_a_floor_that_is_being_written() -> None:
    """What is asked for behind a learned floor counts on top of it."""
    node, _, talk = pair()
    hear(node, talk, Group(OTHER, 0, 1, [Entry(1, NAME, 10, 0)]))
    talk.carry(node, node.increment(NAME, 1, "local", 1, talk.now))
    talk.persist(node)
    assert 11 == node.count(NAME)


def test_a_failed_write_has_no_holder() -> None:
    """A write of which nobody knows whether it is kept is answered with no holders."""
    node, _, talk = pair()
    [write] = writes_of(node.increment(NAME, 5, "local", 1, talk.now))
    [answer] = answers_of(node.persist_failed(write, talk.now))
    assert (1, 0, 0) == (answer.ticket, answer.count, answer.holders)


def test_after_a_failed_write_another_id_counts() -> None:
    """The id of a write that may be on disk is not written again."""
    node, _, talk = pair()
    [failed] = writes_of(node.increment(NAME, 5, "local", 1, talk.now))
    node.persist_failed(failed, talk.now)
    [write] = writes_of(node.increment(NAME, 5, "local", 2, talk.now))
    assert (failed.groups[0].owner != write.groups[0].owner, 1) == (True, write.groups[0].upto)


def test_an_answer_does_not_count_holders_of_another_id() -> None:
    """A write under an id that was given up is not held by whoever confirms the next id's."""
    node, _other, talk = pair()
    talk.carry(node, node.increment(NAME, 1, "all", 1, talk.now))
    talk.persist(node)
    talk.carry(node, node.increment(NAME, 1, "all", 2, talk.now))
    talk.carry(node, node.renew(talk.now))
    talk.persist(node)
    for ticket in (3, 4):
        talk.carry(node, node.increment(NAME, 1, "all", ticket, talk.now))
    talk.persist(node)
    talk.deliver()
    assert 1 == next(answer.holders for answer in talk.answers[A] if answer.ticket == 2)


def test_a_no_op_behind_a_failed_write_is_no_false_promise() -> None:
    """A sync that was satisfied by a write that failed fails with it."""
    node, _, talk = pair()
    talk.carry(node, node.sync(100, "local", 1, talk.now))
    talk.carry(node, node.increment("b", 1, "local", 2, talk.now))
    talk.carry(node, node.sync(50, "local", 3, talk.now))
    while talk.writes[A]:
        talk.carry(node, node.persist_failed(talk.writes[A].popleft(), talk.now))
    assert [0, 0, 0] == [answer.holders for answer in talk.answers[A]]


@pytest.mark.parametrize("by", ["delta", "confirm"])
def test_more_of_the_own_id_elsewhere_draws_a_new_one(by: str) -> None:
    """A peer that has more of our id than we do shows that we are a copy: we take another."""
    node, _, talk = pair(hold=False)
    talk.carry(node, node.increment(NAME, 1, "local", 1, talk.now))
    owner = node.state().groups[0].owner
    more = (
        Delta([Group(owner, 0, 4, [Entry(4, NAME, 0, 4)])])
        if by == "delta"
        else Confirm(1, owner, 4)
    )
    effects = node.handle_datagram(datagram(sender(2), more), address(2), talk.now)
    [write] = writes_of(node.increment(NAME, 1, "local", 2, talk.now))
    assert ([OwnerRetired(owner.hex(), 1, 4)], False) == (
        noted(effects),
        owner == write.groups[0].owner,
    )


def test_an_increment_under_way_when_a_copy_shows_may_be_the_copys() -> None:
    """An increment in flight counts once, and its client is told of no holders."""
    node, _, talk = pair()
    talk.carry(node, node.increment(NAME, 1, "local", 1, talk.now))
    owner = talk.writes[A][0].groups[0].owner
    hear(node, talk, Group(owner, 0, 3, [Entry(3, NAME, 0, 3)]))
    talk.persist(node)
    assert (3, [0]) == (node.count(NAME), [answer.holders for answer in talk.answers[A]])
    assert 3 == make_node(1, state=node.state()).count(NAME)


def test_a_node_that_may_have_been_set_back_counts_under_another_id() -> None:
    """A renewed node counts under a new id; staged writes end under the old one."""
    node, _, talk = pair()
    talk.carry(node, node.renew(talk.now))
    for ticket in (1, 2):
        talk.carry(node, node.increment(NAME, 1, "local", ticket, talk.now))
        talk.carry(node, node.renew(talk.now))
    talk.persist(node)
    groups = node.state().groups
    assert [1, 1] == [group.upto for group in groups]
    assert (2, [1, 1]) == (node.count(NAME), [answer.holders for answer in talk.answers[A]])


def test_every_run_counts_under_another_id() -> None:
    """A restarted node never writes under the id of an earlier run."""
    first = make_node(1)
    talk = Conversation(first)
    talk.carry(first, first.increment(NAME, 1, "local", 1, 0.0))
    again = make_node(1, state=first.state(), nonce=5)
    claim, write = writes_of(again.increment(NAME, 1, "local", 1, 0.0))
    assert claim.line == claim.groups[0].owner == write.groups[0].owner
    assert first.state().groups[0].owner != write.groups[0].owner


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_below_one_is_refused(amount: int) -> None:
    """A counter only grows."""
    with pytest.raises(ValueError, match="amount"):
        make_node().increment(NAME, amount, None, 1, 0.0)


def test_the_value_limit_refuses_an_increment() -> None:
    """An increment beyond what JSON reads exactly does not count."""
    node = make_node()
    talk = Conversation(node)
    talk.carry(node, node.sync(VALUE_LIMIT, "local", 1, 0.0))
    with pytest.raises(LimitExceeded):
        node.increment(NAME, 1, "local", 2, 0.0)


def test_the_value_limit_counts_what_is_staged() -> None:
    """Two increments that pass the limit together are one too many."""
    node = make_node()
    node.increment(NAME, VALUE_LIMIT, "local", 1, 0.0)
    with pytest.raises(LimitExceeded):
        node.increment(NAME, 1, "local", 2, 0.0)


def test_a_sync_beyond_the_value_limit_is_refused() -> None:
    """No floor is above the limit."""
    with pytest.raises(LimitExceeded):
        make_node().sync(VALUE_LIMIT + 1, None, 1, 0.0)


def test_merges_are_not_limited() -> None:
    """What others counted is merged whatever it gives; what is shown stays within the limit."""
    node, _, talk = pair(hold=False)
    for number in (1, 2):
        hear(node, talk, Group(bytes([number]) * 16, 0, 1, [Entry(1, NAME, 0, VALUE_LIMIT)]))
    [answer] = answers_of(node.sync(1, "local", 9, talk.now))
    assert (VALUE_LIMIT, VALUE_LIMIT) == (node.count(NAME), answer.count)


def full_of_floors() -> Node:
    """A node whose counter has as many floors as are allowed."""
    entries = [Entry(number + 1, NAME, 2 * number, 1) for number in range(FLOOR_LIMIT)]
    return make_node(1, state=State(groups=(Group(OTHER, 0, FLOOR_LIMIT, entries),)))


def test_the_floor_limit_refuses_a_sync_and_no_increment() -> None:
    """Beyond 100,000 floors, and one of its own, a sync is refused, an increment is not."""
    node = full_of_floors()
    talk = Conversation(node)
    with patch.object(ahead, "OWN_FLOORS", 1):
        talk.carry(node, node.sync(10**8, "local", 1, 0.0))
        assert 10**8 == node.count(NAME)
        with pytest.raises(LimitExceeded):
            node.sync(10**9, None, 1, 0.0)
    before = node.count(NAME)
    talk.carry(node, node.increment(NAME, 1, "local", 2, 0.0))
    assert before + 1 == node.count(NAME)
