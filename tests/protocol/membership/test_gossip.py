"""Gossip rounds."""

from __future__ import annotations

from gossipd.protocol import ProtocolConfig
from gossipd.protocol.wire.messages import Claim, Claims
from tests.protocol.conversation import address, converse, datagram, make_node, node_id, sender


def test_news_reaches_everybody_without_probes() -> None:
    """What one node hears, all know after a few intervals, though none has started to probe."""
    nodes = [make_node(number) for number in range(1, 13)]
    talk = converse(*nodes)
    news = Claims([Claim(node_id(99), 5, 0, 0)])
    talk.carry(nodes[0], nodes[0].handle_datagram(datagram(sender(2), news), address(2), talk.now))
    talk.run(6 * ProtocolConfig().gossip_interval)
    assert 12 == sum(node_id(99) in node.peers() for node in nodes)


def test_two_nodes_fall_silent() -> None:
    """A claim that only its own subject could be told does not keep gossip rounds going."""
    talk = converse(make_node(1), make_node(2))
    talk.run(60)
    before = len(talk.carried)
    talk.run(10)
    assert [] == talk.carried[before:]


def test_claims_are_sent_a_limited_number_of_times() -> None:
    """Twelve nodes fall silent as well."""
    talk = converse(*(make_node(number) for number in range(1, 13)))
    talk.run(60)
    before = len(talk.carried)
    talk.run(10)
    assert [] == talk.carried[before:]
