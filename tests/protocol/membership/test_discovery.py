"""Beacons: when they are sent, what answers them, and what strangers can cause by them."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol import (
    Broadcast,
    Effect,
    Identity,
    Node,
    ProtocolConfig,
    Transmit,
    format_node_id,
)
from gossipd.protocol.events import ClusterFound, IdConflict, MemberJoined
from gossipd.protocol.wire import ALIVE, Beacon, Claim, Message, Ping, Sender
from tests.protocol.conversation import (
    WALL_MS,
    Conversation,
    address,
    converse,
    datagram,
    make_node,
    node_id,
    noted,
    opened,
    sender,
    sent,
)

CONFIG = ProtocolConfig(discovery=True)


def beacons(effects: list[Effect]) -> list[bytes]:
    """The datagrams that these effects broadcast."""
    return [effect.data for effect in effects if isinstance(effect, Broadcast)]


def beacon_of(number: int) -> bytes:
    """What the node of that number broadcasts at its start."""
    [data] = beacons(make_node(number, CONFIG).start(0.0))
    return data


def hear(node: Node, data: bytes, now: float = 0.0) -> list[Effect]:
    """A beacon arrives, from the discovery port of some machine."""
    return node.handle_datagram(data, ("10.0.0.99", 7000), now)


def times_of_beacons(node: Node, until: float, start: float = 0.0) -> list[float]:
    """When a node broadcasts, from its start on."""
    times = [start] * len(beacons(node.start(start)))
    while (due := node.next_timeout()) is not None and due <= until:
        times += [due] * len(beacons(node.handle_timeout(due)))
    return times


def test_beacons_come_quickly_and_then_seldom() -> None:
    """Four in the first two seconds; each wait is up to twice the last, within a quarter."""
    node = make_node(1, ProtocolConfig(discovery=True, probe_interval=10_000))
    node.assume([Claim(node_id(2), WALL_MS, 0, ALIVE)])
    times = times_of_beacons(node, 300.0)
    waits = [b - a for a, b in pairwise(times)]
    expected = [min(0.25 * 2**number, 30.0) for number in range(len(waits))]
    assert 0.0 == times[0]
    assert len([time for time in times if time <= 2.25]) >= 4
    assert all(0.75 * e <= w <= 1.25 * e for w, e in zip(waits, expected, strict=True))
    assert waits[-1] > 20
    # Nodes that started at once do not go on calling at once.
    assert len({round(w / e, 3) for w, e in zip(waits, expected, strict=True)}) == len(waits)


def test_a_node_alone_goes_on_looking() -> None:
    """Every five seconds, within a quarter."""
    times = times_of_beacons(make_node(1, CONFIG), 200.0)
    assert max(b - a for a, b in pairwise(times)) <= 6.25


def test_no_beacon_without_discovery_and_none_is_answered() -> None:
    """Which is how the protocol is unless it is told otherwise."""
    node = make_node(1)
    assert [] == times_of_beacons(node, 100.0)
    assert [] == hear(node, beacon_of(2), 100.0)
    assert {"beacon": 1} == node.statistics().rejected


def test_a_beacon_is_answered_by_a_ping_to_the_address_of_its_id() -> None:
    """Not to where it came from; and nobody is a member yet."""
    node = make_node(1, CONFIG)
    effects = hear(node, beacon_of(2))
    assert [(address(2), Ping), (address(2), Beacon)] == [(to, type(m)) for to, m in sent(effects)]
    assert [] == noted(effects)
    assert [] == node.peers()
    assert 1 == len(node.members())


def test_two_nodes_meet_by_one_beacon_and_both_say_so() -> None:
    """One log line each, with the cluster's name; a third one is no first."""
    nodes = [make_node(number, CONFIG) for number in (1, 2, 3)]
    talk = Conversation(*nodes)
    for number in (1, 2):
        talk.carry(nodes[2 - number], hear(nodes[2 - number], beacon_of(number)))
        talk.deliver()
        if number == 1:
            assert [[node_id(2)], [node_id(1)]] == [each.peers() for each in nodes[:2]]
    talk.carry(nodes[1], hear(nodes[1], beacon_of(3)))
    talk.deliver()
    found = {
        number: [e for e in talk.events[address(number)] if isinstance(e, ClusterFound)]
        for number in (1, 2, 3)
    }
    assert {
        1: [ClusterFound("gossipd", node_id(2))],
        2: [ClusterFound("gossipd", node_id(1))],
        3: [ClusterFound("gossipd", node_id(2))],
    } == found


def test_a_member_that_a_seed_led_to_is_not_found_by_beacon() -> None:
    """The line is for discovery alone."""
    a, b = make_node(1, CONFIG), make_node(2, CONFIG)
    talk = Conversation(a, b)
    talk.carry(a, a.join([node_id(2)], 0.0))
    talk.deliver()
    assert [MemberJoined] == [type(event) for event in talk.events[address(1)]]


def test_a_spoofed_beacon_makes_no_member() -> None:
    """Whose address does not answer, or answers as somebody else who is not there, is nobody."""
    node = make_node(1, CONFIG)
    talk = Conversation(node)
    for number in range(2, 12):
        talk.carry(node, hear(node, beacon_of(number)))
    talk.run(30)
    assert 1 == len(node.members())
    assert [] == node.peers()
    assert [] == talk.events[address(1)]


def test_an_answer_that_nobody_asked_for_makes_no_member() -> None:
    """Nor is it answered by more than an ack with a challenge, however often it comes."""
    node = make_node(1, CONFIG)
    data = datagram(sender(2), Ping(7), Beacon(answers=True))
    for _ in range(100):
        effects = node.handle_datagram(data, address(2), 0.0)
        assert sum(len(e.data) for e in effects if isinstance(e, Transmit)) <= len(data)
    assert 1 == len(node.members())


IPV4 = st.ip_addresses(v=4).map(str)
IPV6 = st.ip_addresses(v=6).map(str)
IDS = st.builds(format_node_id, IPV4 | IPV6, st.integers(1, 65535))


@given(
    IDS,
    IDS,
    st.integers(0, 2**53 - 10_000_000),
    st.text("abc", min_size=1, max_size=64),
    st.integers(0, 2**32 - 1),
)
def test_no_answer_is_larger_than_the_beacon(
    beaconing: str, answering: str, wall_ms: int, cluster: str, nonce: int
) -> None:
    """For all ids, generations, nonces and names: an answer of every kind fits."""
    config = ProtocolConfig(discovery=True, cluster=cluster)
    ids = {beaconing: 0, answering: wall_ms}
    nodes = [
        Node(config, Identity(each, nonce // (n + 1), wall), state=None, rng=Random(n), now=0.0)
        for n, (each, wall) in enumerate(ids.items())
    ]
    [beacon] = beacons(nodes[0].start(0.0))
    effects = hear(nodes[-1], beacon)
    assert all(len(e.data) <= len(beacon) for e in effects if isinstance(e, Transmit))
    assert "short request" not in nodes[-1].statistics().rejected


def test_a_beacon_without_padding_gets_no_answer() -> None:
    """Its answer would be larger."""
    node = make_node(1, CONFIG)
    assert [] == hear(node, datagram(sender(2), Beacon()))
    assert {"short request": 1} == node.statistics().rejected


def test_many_beacons_in_one_datagram_get_no_more_than_that_has() -> None:
    """Whatever a forged datagram packs, its answers together are no larger."""
    node = make_node(1, CONFIG)
    data = datagram(sender(2), Ping(1), *[Beacon()] * 100, Ping(2))
    effects = hear(node, data)
    assert 1 < len([e for e in effects if isinstance(e, Transmit)]) < 10
    assert sum(len(e.data) for e in effects if isinstance(e, Transmit)) <= len(data)


@pytest.mark.parametrize(
    "foreign",
    [
        datagram(sender(2), Beacon(padding=bytes(128)), cluster="other"),
        datagram(Sender("10.0.0.1:8088", WALL_MS, 0, 1001), Beacon(padding=bytes(128))),
        datagram(Sender("10.0.0.7:8088", WALL_MS, 0, 1001), Beacon(padding=bytes(128))),
        datagram(Sender("127.0.0.1:8088", WALL_MS, 0, 5), Beacon(padding=bytes(128))),
        datagram(Sender("0.0.0.0:8088", WALL_MS, 0, 5), Beacon(padding=bytes(128))),
        datagram(Sender("box:8088", WALL_MS, 0, 5), Beacon(padding=bytes(128))),
        datagram(Sender("224.0.0.1:8088", WALL_MS, 0, 5), Beacon(padding=bytes(128))),
    ],
    ids=["cluster", "own", "own nonce", "loopback", "wildcard", "name", "multicast"],
)
def test_beacons_that_are_nobodys_are_ignored(foreign: bytes) -> None:
    """They are counted, and nothing is sent or logged."""
    node = make_node(1, CONFIG)
    assert [] == hear(node, foreign)
    assert 1 == sum(node.statistics().rejected.values())


def test_a_beacon_of_the_own_id_and_another_process_is_a_conflict() -> None:
    """As with any datagram: an error line."""
    node = make_node(1, CONFIG)
    data = datagram(Sender(node_id(1), WALL_MS, 0, 5), Beacon(padding=bytes(128)))
    assert [IdConflict(node_id(1), "10.0.0.99:7000")] == noted(hear(node, data))


def test_the_beacon_of_a_known_member_costs_nothing() -> None:
    """Until it is a later process of it."""
    node, other = make_node(1, CONFIG), make_node(2, CONFIG)
    talk = converse(node, other)
    for _ in range(100):
        assert [] == hear(node, beacon_of(2), talk.now)
    assert {} == node.statistics().rejected
    later = datagram(sender(2, generation=WALL_MS + 1), Beacon(padding=bytes(128)))
    assert [Ping, Beacon] == [type(m) for _, m in sent(hear(node, later, talk.now))]


def test_a_removed_peer_stays_removed() -> None:
    """Its beacons are dropped, nothing goes to it."""
    node, other = make_node(1, CONFIG), make_node(2, CONFIG)
    talk = converse(node, other)
    node.remove(node_id(2), talk.now)
    assert [] == hear(node, beacon_of(2), talk.now)
    assert [] == node.peers()


def test_answers_are_limited() -> None:
    """Twenty at once and twenty a second, whoever sends the beacons."""
    node = make_node(1, CONFIG)
    answered = []
    for tenth in range(50):
        for number in range(20):
            data = datagram(
                sender(2 + number, generation=WALL_MS + tenth), Beacon(padding=bytes(128))
            )
            answered += [tenth] * len(sent(hear(node, data, tenth / 10))[:1])
    assert 20 == answered.count(0)
    assert len(answered) <= 20 + 20 * 5
    assert len(answered) >= 20 * 5 - 2
    assert node.statistics().rejected["beacon limit"] == 50 * 20 - len(answered)


def test_many_nodes_give_few_answers() -> None:
    """Of 200 that hear it about eight answer: a newcomer is not flooded by a large cluster."""
    crowd = [Claim(f"10.1.0.{number + 1}:8088", WALL_MS, 0, ALIVE) for number in range(199)]
    answers = 0
    for number in range(200):
        node = Node(
            CONFIG,
            Identity(f"10.2.0.{number}:8088", number, WALL_MS),
            state=None,
            rng=Random(number),
            now=0.0,
        )
        node.assume(crowd)
        answers += len(sent(hear(node, beacon_of(2)))[:1])
    assert 2 <= answers <= 20


def test_a_node_that_leaves_is_silent() -> None:
    """It sends no beacons and answers none."""
    node, other = make_node(1, CONFIG), make_node(2, CONFIG)
    talk = converse(node, other)
    talk.carry(node, node.start(talk.now))
    node.leave(talk.now)
    assert [] == sent(hear(node, beacon_of(3), talk.now))
    effects: list[Effect] = []
    while (due := node.next_timeout()) is not None and due < talk.now + 60:
        effects += node.handle_timeout(due)
    assert [] == beacons(effects)


def test_a_beacon_says_what_it_must() -> None:
    """Its size is bounded, it has the id and the nonce, and its padding says nothing."""
    data = beacon_of(1)
    messages: list[Message] = opened(data)
    assert [Beacon(padding=bytes(128))] == messages
    assert len(data) < 256
