"""The way in: who may speak, and what hostile bytes can do."""

from __future__ import annotations

from random import Random

import pytest

from gossipd.protocol import Effect, Node, Transmit
from gossipd.protocol.events import ForeignDatagram, IdConflict
from gossipd.protocol.wire import (
    LARGEST,
    Ack,
    Claim,
    Claims,
    Confirm,
    Delta,
    Entry,
    Group,
    Haves,
    Message,
    Nack,
    Ping,
    PingReq,
    Push,
    Rows,
    Sender,
    Spread,
    Sums,
)
from tests.protocol.conversation import (
    WALL_MS,
    address,
    converse,
    datagram,
    make_node,
    messages_of,
    node_id,
    noted,
    sender,
)

STRANGER = Sender("1.1.1.1:1", 1, 0, 5)
GROUP = Group(b"o" * 16, 0, 1, [Entry(1, "default", 0, 5)])
EVERYTHING: list[Message] = [
    Ping(1, node_id(1), 5, 6),
    PingReq(2, node_id(2)),
    Ack(3, 5, 6),
    Nack(4),
    Claims([Claim(node_id(7), WALL_MS, 0, 0)]),
    Push(5, GROUP),
    Confirm(6, b"o" * 16, 9),
    Sums(0, -1, [1] * 16),
    Rows(b"\xff" * 32, [Claim(node_id(8), WALL_MS, 0, 2)]),
    Haves(b"\xff" * 32, []),
    Delta([GROUP]),
    Spread(7, GROUP, [node_id(2)]),
]


def replied(effects: list[Effect]) -> int:
    """Returns how many bytes these effects send."""
    return sum(len(effect.data) for effect in effects if isinstance(effect, Transmit))


def view(node: Node) -> tuple[object, ...]:
    """Returns what a node shows to the outside."""
    return (node.members(), node.peers(), node.count("default"), node.next_timeout())


def rejected(node: Node) -> int:
    """Returns how many datagrams, messages and values a node has refused."""
    return sum(node.statistics().rejected.values())


@pytest.mark.parametrize("message", EVERYTHING, ids=lambda message: type(message).__name__)
def test_a_stranger_changes_nothing(message: Message) -> None:
    """No message of a sender that has echoed no number has an effect that can be seen."""
    node = make_node(1)
    converse(node, make_node(2))
    before = view(node)
    node.handle_datagram(datagram(STRANGER, message), ("1.1.1.1", 1), 0.0)
    assert before == view(node)


@pytest.mark.parametrize(
    "messages",
    [[message] for message in EVERYTHING]
    + [[Ack(1, challenge=1)] * 50, [Ping(1)] * 50, [Ping(1, padding=b"0" * 48), Nack(1)]],
    ids=lambda messages: f"{type(messages[0]).__name__}{len(messages)}",
)
def test_no_amplification(messages: list[Message]) -> None:
    """An address that has not echoed a number gets no more bytes than it sent."""
    node = make_node(200)
    data = datagram(STRANGER, *messages)
    assert len(data) >= replied(node.handle_datagram(data, ("1.1.1.1", 1), 0.0))


def test_hostile_changes_of_valid_datagrams_change_nothing() -> None:
    """Every prefix and every change of one byte: each is rejected and counted, and that is all."""
    node = make_node(1)
    talk = converse(node, make_node(2))
    draw = Random(1)
    before, count = view(node), rejected(node)
    effects: list[Effect] = []
    for message in EVERYTHING:
        data = datagram(sender(2), message)
        damaged = [data[:end] for end in range(len(data))]
        for at in range(len(data)):
            other = draw.randrange(1, 256)
            damaged.append(data[:at] + bytes([data[at] ^ other]) + data[at + 1 :])
        for bad in damaged:
            effects += node.handle_datagram(bad, address(2), talk.now)
            count += 1
    # A changed cluster name comes from an address that was contacted: one line about that.
    assert 1 == len(effects) == len(noted(effects))
    assert before == view(node)
    assert count == rejected(node)


def test_two_processes_under_one_id_are_reported_once_a_minute() -> None:
    """Each process reports the other one, and neither raises its generation."""
    node = make_node(1)
    other = datagram(Sender(node_id(1), WALL_MS + 5, 0, 99), Ping(1))
    events = [
        event
        for second in range(100)
        for event in noted(node.handle_datagram(other, address(5), float(second)))
    ]
    assert [IdConflict(node_id(1), "10.0.0.5:8088")] * 2 == events
    assert WALL_MS == node.members()[0].generation


@pytest.mark.parametrize(
    ("data", "ours", "theirs"),
    [
        (datagram(sender(2), cluster="other"), "cluster 'gossipd'", "cluster 'other'"),
        (b"gd\x01" + datagram(sender(2))[3:], "wire version 2", "wire version 1"),
    ],
)
def test_a_contact_of_another_kind_is_reported(data: bytes, ours: str, theirs: str) -> None:
    """The event has both names and comes once a minute; from others a datagram is only counted."""
    node = make_node(1)
    node.register(node_id(2), 0.0)
    expected = ForeignDatagram("10.0.0.2:8088", ours, theirs)
    assert [expected] == noted(node.handle_datagram(data, address(2), 0.0))
    assert [] == noted(node.handle_datagram(data, address(2), 0.1))
    assert [] == noted(node.handle_datagram(data, address(3), 0.2))
    assert 3 == rejected(node)


@pytest.mark.parametrize("generation", [0, WALL_MS + 10 * 365 * 86_400_000, LARGEST])
def test_generations_are_not_measured_by_the_clock(generation: int) -> None:
    """A claim counts whatever its generation is, since this node's own clock may be wrong."""
    node = make_node(1)
    talk = converse(node, make_node(2))
    news = Claims([Claim(node_id(9), generation, 0, 0)])
    node.handle_datagram(datagram(sender(2), news), address(2), talk.now)
    assert node_id(9) in node.peers()


@pytest.mark.parametrize("member", ["0.0.0.0:1", "224.0.0.1:1", "name:1", "10.0.0.1:0", "", "x"])
def test_ids_that_no_node_can_have_are_refused(member: str) -> None:
    """A claim about such an id makes no row, since a row is an address to send to."""
    node = make_node(1)
    talk = converse(node, make_node(2))
    before = view(node)
    news = Claims([Claim(member, WALL_MS, 0, 0)])
    node.handle_datagram(datagram(sender(2), news), address(2), talk.now)
    assert before == view(node)


def test_an_unknown_frame_costs_only_itself() -> None:
    """The other messages of the datagram are handled."""
    node = make_node(1)
    talk = converse(node, make_node(2))
    from gossipd.protocol.wire import Codec, frame

    frames = [frame(sender(2)), b"\x00\x02\x91\x63", frame(Ping(8, node_id(1)))]
    data = Codec("gossipd").datagram(frames)
    effects = node.handle_datagram(data, address(2), talk.now)
    assert [8] == [ack.number for ack in messages_of(effects, Ack)]
    assert {"message": 1} == node.statistics().rejected


def test_a_removed_peer_gets_nothing_whatever_is_under_way() -> None:
    """A relay does not even pass on the ack that the peer asked for before."""
    node = make_node(1)
    talk = converse(node, make_node(2), make_node(3))
    talk.carry(
        node, node.handle_datagram(datagram(sender(2), PingReq(5, node_id(3))), address(2), 0.0)
    )
    talk.carry(node, node.remove(node_id(2), talk.now))
    before = len(talk.carried)
    talk.deliver()
    talk.carry(node, node.leave(talk.now))
    assert [] == [
        to for source, to, _ in talk.carried[before:] if (source, to) == (address(1), address(2))
    ]
