"""Two-hop pushes."""

from __future__ import annotations

import math

import pytest

from gossipd.protocol import Address, Node, ProtocolConfig, split_node_id
from gossipd.protocol.wire import Claim, Claims, Push, Spread, SpreadDone
from tests.protocol.conversation import (
    WALL_MS,
    Conversation,
    address,
    datagram,
    make_node,
    node_id,
    opened,
    sender,
)

SIZE = 50
FEW_DIRECT = ProtocolConfig.profile("lan", direct_push_limit=8)


def crowd(config: ProtocolConfig = FEW_DIRECT) -> tuple[Conversation, list[Node]]:
    """Returns the members of a cluster that is too large for direct pushes."""
    nodes = [make_node(number, config) for number in range(1, SIZE + 1)]
    for node in nodes:
        node.assume([Claim(node_id(number), WALL_MS, 0, 0) for number in range(1, SIZE + 1)])
    return Conversation(*nodes), nodes


def sent_by(talk: Conversation, number: int, kind: type) -> int:
    """Returns how many messages of a kind a node sent."""
    return sum(
        isinstance(message, kind)
        for source, _, data in talk.carried
        if source == address(number)
        for message in opened(data)
    )


def test_a_write_reaches_all_in_two_hops() -> None:
    """The writer speaks to the square root of the cluster, and everybody has it."""
    talk, nodes = crowd()
    talk.carry(nodes[0], nodes[0].increment("default", 3, "all", 1, talk.now))
    talk.deliver()
    assert {3} == {node.count("default") for node in nodes}
    assert math.ceil(math.sqrt(SIZE - 1)) == sent_by(talk, 1, Spread)
    assert 0 == sent_by(talk, 1, Push)
    [answer] = talk.answers[address(1)]
    assert (SIZE, SIZE) == (answer.holders, answer.target)


def test_small_clusters_need_no_relays() -> None:
    """Up to the limit a write goes to everybody directly."""
    talk, nodes = crowd(ProtocolConfig.profile("lan", direct_push_limit=SIZE))
    talk.carry(nodes[0], nodes[0].increment("default", 1, "all", 1, talk.now))
    talk.deliver()
    assert (0, SIZE - 1) == (sent_by(talk, 1, Spread), sent_by(talk, 1, Push))


def test_writes_during_a_round_go_into_the_next() -> None:
    """A hundred writes at once make two rounds."""
    talk, nodes = crowd()
    for ticket in range(100):
        talk.carry(nodes[0], nodes[0].increment("default", 1, "local", ticket, talk.now))
    talk.deliver()
    assert {100} == {node.count("default") for node in nodes}
    assert 2 * math.ceil(math.sqrt(SIZE - 1)) == sent_by(talk, 1, Spread)


@pytest.mark.parametrize("silent", [2, 25, SIZE])
def test_a_silent_relay_is_replaced(silent: int) -> None:
    """Whichever member is silent, all others have the write soon."""
    talk, nodes = crowd()
    talk.lost = lambda source, to, data: address(silent) in (source, to)
    talk.carry(nodes[0], nodes[0].increment("default", 1, "one", 1, talk.now))
    talk.run(1)
    others = [node for number, node in enumerate(nodes, 1) if number != silent]
    assert {1} == {node.count("default") for node in others}


def test_a_node_that_nobody_hears_waits_longer_each_time() -> None:
    """The pause after a round that nobody answered doubles, up to the longest retry time."""
    talk, nodes = crowd()
    talk.lost = lambda source, to, data: source == address(1)
    talk.carry(nodes[0], nodes[0].increment("default", 1, "local", 1, talk.now))
    talk.run(4)
    first, last = FEW_DIRECT.push_retry_min, FEW_DIRECT.push_retry_max
    doublings = math.log2(last / (6 * first))
    rounds = sent_by(talk, 1, Spread) / math.ceil(math.sqrt(SIZE - 1))
    assert 4 <= rounds <= doublings + 4 / last + 2


def test_after_an_answer_the_pauses_begin_anew() -> None:
    """However long the node was not heard before."""
    talk, nodes = crowd()
    for ticket in (1, 2):
        before = sent_by(talk, 1, Spread)
        talk.lost = lambda source, to, data: source == address(1)
        talk.carry(nodes[0], nodes[0].increment("default", 1, "local", ticket, talk.now))
        talk.run(1)
        assert 3 * math.ceil(math.sqrt(SIZE - 1)) == sent_by(talk, 1, Spread) - before
        talk.lost = lambda source, to, data: False
        talk.run(2)


def test_a_late_report_says_nothing_of_a_member_that_started_again() -> None:
    """The relay tells what the process before had."""
    talk, nodes = crowd()
    late: list[tuple[Address, bytes]] = []

    def held_back(source: Address, to: Address, data: bytes) -> bool:
        if to == address(1):
            late.append((source, data))
        return to == address(1)

    talk.lost = held_back
    talk.carry(nodes[0], nodes[0].increment("default", 1, "all", 1, talk.now))
    talk.deliver()
    reports = late.copy()
    [again, *_] = next(
        message.branch
        for source, _, data in talk.carried
        for message in opened(data)
        if source == address(1) and isinstance(message, Spread)
    )
    talk.run(0.2)
    news = Claims([Claim(again, WALL_MS + 1, 0, 0)])
    talk.carry(nodes[0], nodes[0].handle_datagram(datagram(sender(2), news), address(2), talk.now))
    talk.lost = lambda source, to, data: split_node_id(again) in (source, to)
    for source, data in reports:
        talk.carry(nodes[0], nodes[0].handle_datagram(data, source, talk.now))
    talk.run(1)
    [answer] = talk.answers[address(1)]
    assert (SIZE - 1, SIZE) == (answer.holders, answer.target)


def test_a_member_that_appears_in_a_pause_is_pushed_at_once() -> None:
    """It was not in the round that nobody answered."""
    talk, nodes = crowd()
    crowded = {address(number) for number in range(2, SIZE + 1)}
    talk.lost = lambda source, to, data: source == address(1) and to in crowded
    talk.carry(nodes[0], nodes[0].increment("default", 1, "local", 1, talk.now))
    talk.run(3)
    talk.add(make_node(SIZE + 1, FEW_DIRECT))
    talk.carry(nodes[0], nodes[0].register(node_id(SIZE + 1), talk.now))
    talk.run(0.1)
    assert 1 == sent_by(talk, 1, Push)


def test_a_member_that_starts_again_in_a_pause_is_pushed_at_once() -> None:
    """The round that nobody answered was for the process before."""
    talk, nodes = crowd()
    talk.lost = lambda source, to, data: source == address(1)
    talk.carry(nodes[0], nodes[0].increment("default", 1, "local", 1, talk.now))
    talk.run(3)
    news = Claims([Claim(node_id(3), WALL_MS + 1, 0, 0)])
    talk.carry(nodes[0], nodes[0].handle_datagram(datagram(sender(2), news), address(2), talk.now))
    assert 1 == sent_by(talk, 1, Push)


def test_the_silent_do_not_delay_a_write_to_others() -> None:
    """A write is answered at once, though the last rounds went to silent members only."""
    talk, nodes = crowd()
    silent = {address(number) for number in range(20, SIZE + 1)}
    talk.lost = lambda source, to, data: bool(silent & {source, to})
    talk.carry(nodes[0], nodes[0].increment("default", 1, "local", 1, talk.now))
    for ticket in (2, 3, 4):
        talk.run(3)
        talk.carry(nodes[0], nodes[0].increment("default", 1, "one", ticket, talk.now))
        talk.run(6 * FEW_DIRECT.push_retry_min)
        assert ticket == talk.answers[address(1)][-1].ticket


def test_members_that_a_relay_does_not_know_are_reported_missing() -> None:
    """The writer brings the write to members that the relay reports as missing."""
    talk, nodes = crowd()
    for node in nodes[1:]:
        node.remove(node_id(SIZE) if node is not nodes[-1] else node_id(SIZE - 1), talk.now)
    talk.carry(nodes[0], nodes[0].increment("default", 1, "one", 1, talk.now))
    talk.run(1)
    assert 1 == nodes[-1].count("default")


def test_half_of_all_datagrams_lost_delays_only() -> None:
    """Rounds go on until every member has the write."""
    talk, nodes = crowd()
    toss = iter(lambda: True, False)
    state = {"n": 0}

    def lost(source: object, to: object, data: bytes) -> bool:
        state["n"] = (state["n"] * 1103515245 + 12345) % 2**31
        return state["n"] >> 16 & 1 == 1 and next(toss)

    talk.lost = lost
    talk.carry(nodes[0], nodes[0].increment("default", 1, "one", 1, talk.now))
    talk.run(5)
    assert {1} == {node.count("default") for node in nodes}
    assert sent_by(talk, 1, Spread)
    assert any(sent_by(talk, number, SpreadDone) for number in range(2, SIZE))


def test_a_spread_fits_a_datagram() -> None:
    """A spread with the longest branch and long ids fits a datagram."""
    ids = [f"[2001:db8:1111:2222:3333:4444:5555:{number:x}]:65535" for number in range(1, 4000)]
    node = make_node(1)
    node.assume([Claim(member, WALL_MS, 0, 0) for member in ids])
    talk = Conversation(node)
    talk.carry(node, node.increment("a" * 64, 2**50, "one", 1, 0.0))
    assert 1400 >= max(len(data) for _, _, data in talk.carried)


def test_a_relay_that_waits_for_its_disk_is_no_holder() -> None:
    """A relay that still has to persist the floor of a write is no holder, though its branch is."""
    talk, nodes = crowd()
    talk.hold = True
    talk.carry(nodes[0], nodes[0].sync(9, "all", 1, talk.now))
    talk.persist(nodes[0])
    talk.deliver()
    relays = {to for source, to, data in talk.carried if isinstance(opened(data)[0], Spread)}
    for number, node in enumerate(nodes[1:], start=2):
        if address(number) not in relays:
            talk.persist(node)
    talk.deliver()
    assert len(relays) == sum(
        isinstance(opened(data)[0], SpreadDone) for _, _, data in talk.carried
    )
    talk.run(0.6)
    [answer] = talk.answers[address(1)]
    assert (SIZE - len(relays), SIZE) == (answer.holders, answer.target)
