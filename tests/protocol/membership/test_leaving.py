"""A graceful leave."""

from __future__ import annotations

from gossipd.protocol import Address, ProtocolConfig
from gossipd.protocol.events import LeaveDone, MemberDead, MemberLeft
from gossipd.protocol.wire import LEFT, Ack, Claims, Delta, Entry, Group, Ping, Push
from tests.protocol.conversation import (
    address,
    converse,
    datagram,
    make_node,
    messages_of,
    node_id,
    opened,
    sender,
    sent,
)


def test_peers_see_left() -> None:
    """Every peer has it as left, nobody as dead, and the leave is over at once."""
    nodes = [make_node(number) for number in range(1, 5)]
    talk = converse(*nodes)
    talk.carry(nodes[0], nodes[0].leave(talk.now))
    talk.deliver()
    assert [LeaveDone(3, 3, 3)] == [e for e in talk.events[address(1)] if isinstance(e, LeaveDone)]
    for number in (2, 3, 4):
        events = talk.events[address(number)]
        assert [MemberLeft(node_id(1))] == [
            e for e in events if isinstance(e, MemberLeft | MemberDead)
        ]


def test_three_acks_end_a_leave() -> None:
    """The others hear of it by gossip, and are not waited for."""
    nodes = [make_node(number) for number in range(1, 7)]
    talk = converse(*nodes)
    talk.lost = lambda source, to, data: to in (address(5), address(6))
    talk.carry(nodes[0], nodes[0].leave(talk.now))
    talk.deliver()
    assert [LeaveDone(3, 5, 3)] == [e for e in talk.events[address(1)] if isinstance(e, LeaveDone)]


def test_a_leave_ends_within_its_grace_when_nobody_answers() -> None:
    """The leave is said again until its grace time is over."""
    config = ProtocolConfig()
    a, b = make_node(1), make_node(2)
    talk = converse(a, b)
    talk.lost = lambda source, to, data: True
    started = talk.now
    talk.carry(a, a.leave(talk.now))
    talk.run(config.leave_grace + 0.01)
    assert [LeaveDone(0, 1)] == [e for e in talk.events[address(1)] if isinstance(e, LeaveDone)]
    assert talk.now - started < config.leave_grace + 0.1


def test_one_lost_datagram_does_not_matter() -> None:
    """The leave is said again to those who did not acknowledge it."""
    a, b = make_node(1), make_node(2)
    talk = converse(a, b)
    losses = [True]
    talk.lost = lambda source, to, data: bool(losses and losses.pop())
    talk.carry(a, a.leave(talk.now))
    talk.run(0.5)
    assert ["left"] == [row.state for row in b.members() if row.id == node_id(1)]


def test_a_lonely_node_leaves_at_once() -> None:
    """A node without peers has none to tell."""
    node = make_node(1)
    effects = node.leave(0.0)
    assert [] == messages_of(effects, Ping)
    assert [LeaveDone(0, 0)] == [getattr(effect, "event", None) for effect in effects]


def test_nodes_that_leave_together_do_not_wait_for_each_other() -> None:
    """A peer that leaves as well is told nothing more, and is not counted."""
    a, b = make_node(1), make_node(2)
    talk = converse(a, b)
    talk.carry(a, a.leave(talk.now))
    talk.carry(b, b.leave(talk.now))
    talk.run(0.21)
    for number in (1, 2):
        done = [e for e in talk.events[address(number)] if isinstance(e, LeaveDone)]
        assert [LeaveDone(0, 0, 0)] == done


def test_a_peer_that_leaves_answers_by_its_own_claim() -> None:
    """An ack would count as a peer that stays and passes the leave on."""
    a, b = make_node(1), make_node(2)
    talk = converse(a, b)
    talk.carry(b, b.leave(talk.now))
    talk.wire.clear()
    told = a.leave(talk.now)
    talk.carry(a, told)
    del talk.carried[:]
    talk.deliver_next()
    answer = [message for _, _, data in talk.carried for message in opened(data)]
    assert not [message for message in answer if isinstance(message, Ack)]
    claims = [claim for each in answer if isinstance(each, Claims) for claim in each.claims]
    assert (node_id(2), LEFT) in [(claim.id, claim.state) for claim in claims]


def test_others_are_told_in_place_of_peers_that_leave() -> None:
    """Of many nodes that leave at one moment, each tells those that stay, with its counts."""
    nodes = [make_node(number) for number in range(1, 31)]
    talk = converse(*nodes)
    talk.lost = lambda source, to, data: True
    for number, node in enumerate(nodes[2:], start=1):
        talk.carry(node, node.increment("default", number, "local", 1, talk.now))
    talk.deliver()
    talk.lost = lambda source, to, data: False
    ended: set[Address] = set()

    def gone(source: Address, to: Address, data: bytes) -> bool:
        """Loses what reaches or leaves a process that has ended."""
        ended.update(
            where
            for where, events in talk.events.items()
            if any(isinstance(event, LeaveDone) for event in events)
        )
        return to in ended

    talk.lost = gone
    for node in nodes[2:]:
        talk.carry(node, node.leave(talk.now))
    talk.run(ProtocolConfig().leave_grace + 0.1)
    assert {address(number) for number in range(3, 31)} == ended
    for node in nodes[:2]:
        states = {row.id: row.state for row in node.members()}
        assert {node_id(number): "left" for number in range(3, 31)} == {
            member: state for member, state in states.items() if state != "alive"
        }
        assert sum(range(1, 29)) == node.count("default")


def test_a_peer_that_was_told_and_leaves_passes_it_on() -> None:
    """Its pings carry what it has just heard, so that this does not end with it."""
    nodes = [make_node(number) for number in range(1, 4)]
    talk = converse(*nodes)
    a, b, _ = nodes
    talk.lost = lambda source, to, data: to == address(3)
    talk.carry(a, a.leave(talk.now))
    talk.deliver()
    effects = b.leave(talk.now)
    told = {
        claim.id: claim.state
        for to, message in sent(effects)
        if to == address(3) and isinstance(message, Claims)
        for claim in message.claims
    }
    assert {node_id(1): LEFT, node_id(2): LEFT} == told


def test_a_node_that_left_refutes_nothing() -> None:
    """Being told that it is gone does not bring it back."""
    a, b = make_node(1), make_node(2)
    talk = converse(a, b)
    for node in (a, b):
        talk.carry(node, node.start(talk.now))
    talk.carry(a, a.leave(talk.now))
    talk.run(30)
    assert ["left"] == [row.state for row in b.members() if row.id == node_id(1)]


def test_a_node_that_leaves_hands_over_what_only_it_has() -> None:
    """Its own counting and what it holds of others; then it says how many have all of it."""
    a, b = make_node(1), make_node(2)
    talk = converse(a, b)
    talk.lost = lambda source, to, data: True
    talk.carry(a, a.increment("default", 3, "local", 1, talk.now))
    group = Group(b"o" * 16, 0, 1, [Entry(1, "default", 0, 4)])
    talk.carry(a, a.handle_datagram(datagram(sender(2), Delta([group])), address(2), talk.now))
    talk.deliver()
    talk.lost = lambda source, to, data: False
    talk.carry(a, a.leave(talk.now))
    talk.run(1.0)
    assert 7 == b.count("default")
    assert [LeaveDone(1, 1, 1)] == [e for e in talk.events[address(1)] if isinstance(e, LeaveDone)]


def test_a_leave_does_not_wait_for_ever_for_a_holder() -> None:
    """A peer that takes nothing over is told all the same."""
    a, b = make_node(1), make_node(2)
    talk = converse(a, b)
    talk.lost = lambda source, to, data: any(
        isinstance(message, Delta | Push) for message in opened(data)
    )
    talk.carry(a, a.increment("default", 3, "local", 1, talk.now))
    talk.carry(a, a.leave(talk.now))
    talk.run(2.0)
    assert [LeaveDone(1, 1, 0)] == [e for e in talk.events[address(1)] if isinstance(e, LeaveDone)]
