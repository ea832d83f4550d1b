"""How two nodes meet."""

from __future__ import annotations

from gossipd.protocol.wire import Claim, Claims, Entry, Group, Ping, Push
from tests.protocol.conversation import (
    WALL_MS,
    Conversation,
    address,
    converse,
    datagram,
    make_node,
    node_id,
    sender,
    sent,
)

GROUP = Group(b"o" * 16, 0, 1, [Entry(1, "default", 0, 5)])


def test_a_member_that_others_vouch_for_may_speak_at_once() -> None:
    """Its push counts before it has echoed a number, from its own address and generation only."""
    for source, generation, counted in (
        (address(3), WALL_MS, 5),
        (address(4), WALL_MS, 0),
        (address(3), WALL_MS + 1, 0),
    ):
        node = make_node(1)
        talk = converse(node, make_node(2))
        news = Claims([Claim(node_id(3), WALL_MS, 0, 0)])
        node.handle_datagram(datagram(sender(2), news), address(2), talk.now)
        push = datagram(sender(3, generation=generation), Push(5, GROUP))
        node.handle_datagram(push, source, talk.now)
        assert counted == node.count("default")


def test_a_ping_for_another_id_is_not_answered() -> None:
    """The address may have had another node before, which the ping is for."""
    node = make_node(1)
    talk = converse(node, make_node(2))
    data = datagram(sender(2), Ping(1, node_id(77)))
    assert [] == sent(node.handle_datagram(data, address(2), talk.now))


def test_both_ends_of_a_contact_know_each_other() -> None:
    """A ping, an ack with a challenge, and an ack give each node the row of the other."""
    a, b = make_node(1), make_node(2)
    talk = Conversation(a, b)
    talk.carry(a, a.register(node_id(2), 0.0))
    for _ in range(3):
        talk.deliver_next()
    assert ([node_id(2)], [node_id(1)]) == (a.peers(), b.peers())
