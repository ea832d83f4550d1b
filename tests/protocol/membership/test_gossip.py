"""Gossip: rounds, and what rides on other datagrams."""

from __future__ import annotations

import pytest

from gossipd.protocol import ProtocolConfig
from gossipd.protocol.address import Address
from gossipd.protocol.effects import Transmit
from gossipd.protocol.wire import DEAD, SUSPECT, Claim, Claims, Nack, Ping
from tests.protocol.conversation import (
    WALL_MS,
    address,
    converse,
    datagram,
    make_node,
    node_id,
    sender,
)
from tests.protocol.parts import Parts


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


def test_news_fills_a_datagram_and_no_more() -> None:
    """With hundreds of claims waiting, every datagram stays within the limit and is well used."""
    parts = Parts()
    for number in range(300):
        parts.gossip.tell(Claim(f"10.1.{number // 250}.{number % 250}:8088", WALL_MS, 0, 0))
    for _ in range(10):
        parts.gossip.send(address(2), None, Ping(1, node_id(2), 5, 6))
    sizes = [len(data) for data in parts.sent()]
    assert 1400 >= max(sizes)
    assert 1200 < min(sizes)


def test_a_suspect_is_told_what_is_said_of_it() -> None:
    """So it can refute at once; without the buddy system it must wait for gossip."""
    for buddy, told in ((True, 1), (False, 0)):
        parts = Parts(buddy=buddy)
        row = parts.table.add(Claim(node_id(2), WALL_MS, 0, SUSPECT, node_id(3)), 0.0)
        parts.gossip.send(row.address, row, Nack(1))
        assert told == len(parts.claims())


def test_without_the_buddy_system_gossip_may_tell_a_suspect() -> None:
    """As it tells anybody (plain SWIM): nobody could refute otherwise. With it, it says so once."""
    for buddy in (True, False):
        parts = Parts(buddy=buddy)
        row = parts.table.add(Claim(node_id(2), WALL_MS, 0, SUSPECT, node_id(3)), 0.0)
        parts.gossip.tell(row.claim(0.0))
        parts.gossip.send(row.address, row, Nack(1))
        assert [row.claim(0.0)] == parts.claims()


def test_the_dead_are_always_told() -> None:
    """That is no part of the buddy system: without it nobody came back."""
    parts = Parts(buddy=False)
    row = parts.table.add(Claim(node_id(2), WALL_MS, 0, DEAD, node_id(3)), 0.0)
    parts.gossip.send(row.address, row, Nack(1))
    assert [row.claim(0.0)] == parts.claims()


def told_by(teller: int, members: int, claim: Claim, *, first: bool) -> list[Address]:
    """Returns whom one of the members 1, 2, … tells of a claim at once: as its accuser or not."""
    parts = Parts()
    for number in range(2, members + 1):
        parts.table.add(Claim(node_id(number), WALL_MS, 0, 0), 0.0)
    parts.table.become(Claim(node_id(teller), WALL_MS + 1, 0, 0), 0.0)
    parts.table.add(Claim(node_id(1), WALL_MS, 0, 0), 0.0)
    parts.table.change(parts.table.rows[claim.id], claim, 0.0)
    (parts.gossip.tell_all if first else parts.gossip.pass_on)(claim)
    return [each.to for each in parts.effects() if isinstance(each, Transmit)]


@pytest.mark.parametrize("members", [30, 65, 66, 130, 400])
def test_a_verdict_reaches_all_in_two_hops_and_each_about_once(members: int) -> None:
    """The accuser tells 64 at most, and each of those as many as are left to it."""
    claim = Claim(node_id(9), WALL_MS, 0, DEAD, node_id(5))
    numbers = {address(each): each for each in range(1, members + 1)}
    first = told_by(5, members, claim, first=True)
    told = [*first]
    for each in first:
        branch = told_by(numbers[each], members, claim, first=False)
        assert len(branch) <= members / 64
        told += branch
    assert len(first) == min(64, members - 2)
    assert set(told) == set(numbers) - {address(5), address(9)}
    assert len(told) <= 2 * members


def test_so_many_claims_are_passed_on_in_a_second() -> None:
    """A member that makes up accusations does not multiply its datagrams without end."""
    parts = Parts()
    for number in range(2, 200):
        parts.table.add(Claim(node_id(number), WALL_MS, 0, 0), 0.0)
    passed = []
    for number in range(2, 100):
        parts.gossip.pass_on(Claim(node_id(number), WALL_MS, 0, DEAD, node_id(150)))
        passed.append(len(parts.sent()))
    assert [3] * 30 == passed[:30]
    assert 0 == sum(passed[40:])


def test_nothing_is_sent_when_there_is_nothing_to_say() -> None:
    """An empty datagram would be one that everybody has to read."""
    parts = Parts()
    assert not parts.gossip.send(address(2), None)
    assert [] == parts.effects()
