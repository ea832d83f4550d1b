"""Anti-entropy from ping to ping: whole tables, and the sweep behind it."""

from __future__ import annotations

from random import Random

import pytest

from gossipd.protocol import Node
from gossipd.protocol.counters.floors import Counter
from gossipd.protocol.counters.owner_log import OwnerLog
from gossipd.protocol.events import ContentDiffers, MemberDead, MemberSuspect
from gossipd.protocol.wire import (
    Claim,
    Claims,
    Content,
    Delta,
    Entry,
    Group,
    Haves,
    Ping,
    Rows,
)
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
)


def tell(talk: Conversation, node: Node, *messages: Delta | Claims) -> None:
    """Gives a node these messages, as if from a peer that is gone."""
    talk.carry(node, node.handle_datagram(datagram(sender(9), *messages), address(9), talk.now))


def met(*numbers: int) -> tuple[Conversation, list[Node]]:
    """Returns nodes that know each other and node 9, for which `tell` speaks."""
    nodes = [make_node(number) for number in numbers]
    talk = converse(*nodes, make_node(9))
    del talk.nodes[address(9)]
    return talk, nodes


def exchange(talk: Conversation, source: Node, to: Node, number: int = 77) -> list[bytes]:
    """Sends a ping with gates, and returns the datagrams that it causes but for ping and ack."""
    gates = (source._table.fingerprint.total, source._counters.ledger.fingerprint.total)
    ping = datagram(sender(1), Ping(number, node_id(2), *gates))
    before = len(talk.carried)
    talk.carry(to, to.handle_datagram(ping, address(1), talk.now))
    talk.deliver()
    return [data for _, _, data in talk.carried[before + 1 :]]


def owner(number: int) -> bytes:
    """Returns a random-looking owner id."""
    return Random(number).randbytes(16)


def give_owners(talk: Conversation, node: Node, count: int) -> None:
    """Gives a node one change each of that many owners."""
    for start in range(0, count, 20):
        groups = [
            Group(owner(number), 0, 1, [Entry(1, "default", 0, 1)])
            for number in range(start, min(start + 20, count))
        ]
        tell(talk, node, Delta(groups))


@pytest.mark.parametrize("seed", range(20))
def test_random_tables_become_one(seed: int) -> None:
    """Members that only one of two nodes knows are known to both after a few exchanges."""
    draw = Random(seed)
    talk, (a, b) = met(1, 2)
    for node in (a, b):
        for number in range(draw.choice([3, 30, 120])):
            claim = Claim(f"10.9.{draw.randrange(3)}.{number + 1}:1", WALL_MS, 0, 0)
            tell(talk, node, Claims([claim]))
    talk.wire.clear()
    for turn in range(4):
        exchange(talk, a, b, number=100 + turn)
    assert [row.id for row in a.members()] == [row.id for row in b.members()]


def test_a_joining_node_gets_the_whole_state() -> None:
    """A joining node learns hundreds of members and owners from one ping, exchange by exchange."""
    talk, (a, b) = met(1, 2)
    for number in range(300):
        claim = Claim(f"10.9.{number // 250}.{number % 250 + 1}:1", WALL_MS, 0, 0)
        tell(talk, b, Claims([claim]))
    give_owners(talk, b, 300)
    talk.wire.clear()
    exchange(talk, a, b)
    assert (303, 300) == (len(a.members()), a.count("default"))
    assert 1400 >= max(len(data) for _, _, data in talk.carried)


def test_a_merged_dead_verdict_is_only_a_suspicion() -> None:
    """A dead verdict that is merged only raises a suspicion, which a live member can refute."""
    talk, (a, b) = met(1, 2)
    tell(talk, a, Claims([Claim(node_id(5), WALL_MS, 0, 0)]))
    data = datagram(
        sender(2), Rows(b"", [Claim(node_id(5), WALL_MS, 0, 2, node_id(2))], final=True)
    )
    events = noted(a.handle_datagram(data, address(2), talk.now))
    assert [MemberSuspect(node_id(5), node_id(2))] == events
    assert not any(isinstance(event, MemberDead) for event in events)
    assert b is not a


def test_the_sweep_finds_what_equal_versions_hide() -> None:
    """A node that lost an entry, though it vouches for it, gets it back, and it is reported."""
    talk, (a, b) = met(1, 2)
    give_owners(talk, a, 1)
    give_owners(talk, b, 1)
    # The first exchange gives their cluster its id.
    exchange(talk, a, b)
    talk.wire.clear()
    ledger = b._counters.ledger
    ledger.owners[owner(0)] = log = OwnerLog()
    log.vouch(1)
    ledger.default = Counter()
    assert [] == exchange(talk, a, b)
    content = a._counters.ledger.content(owner(0), 0)
    assert content is not None
    data = datagram(sender(1), Content(owner(0), *content))
    effects = b.handle_datagram(data, address(1), talk.now)
    talk.carry(b, effects)
    talk.deliver()
    assert 1 == b.count("default")
    assert [ContentDiffers(owner(0).hex(), "10.0.0.1:8088")] == noted(effects)


def test_the_sweep_finds_what_one_datagram_does_not_hold() -> None:
    """Two rows of one version, which each came to one node, are the last of forty."""
    talk, (a, b) = met(1, 2)
    same = [Entry(version, "x" * 90 + str(version), 0, 1) for version in range(1, 40)]
    for node, name in ((a, "one"), (b, "other")):
        group = Group(owner(0), 0, 40, [*same, Entry(40, name, 0, 1)])
        node._counters.ledger.apply(group)
        talk.carry(node, node.start(talk.now))
    talk.run(3600)
    assert [(1, 1)] * 2 == [(node.count("one"), node.count("other")) for node in (a, b)]
    contents = {node._counters.ledger.content(owner(0), 0) for node in (a, b)}
    assert 1 == len(contents)


def test_the_sweep_is_silent_about_equal_content() -> None:
    """A content hash that is equal causes no datagram."""
    talk, (a, b) = met(1, 2)
    for node in (a, b):
        give_owners(talk, node, 1)
    content = a._counters.ledger.content(owner(0), 0)
    assert content is not None
    data = datagram(sender(1), Content(owner(0), *content))
    assert [] == b.handle_datagram(data, address(1), talk.now)


def test_a_sweep_runs_in_the_background() -> None:
    """Each node compares one owner a minute with somebody."""
    talk, (a, b) = met(1, 2)
    for node in (a, b):
        give_owners(talk, node, 3)
        talk.carry(node, node.start(talk.now))
    before = len(talk.carried)
    talk.run(300)
    sweeps = [
        message
        for _, _, data in talk.carried[before:]
        for message in opened(data)
        if isinstance(message, Content)
    ]
    assert 10 == pytest.approx(len(sweeps), abs=2)


def test_a_delta_is_gone_on_from_once_and_when_it_is_on_disk() -> None:
    """A delta leads to one next exchange, even if it comes twice, and only once it is on disk."""
    talk, [node] = met(1)
    talk.hold = True
    delta = Delta([Group(owner(1), 0, 1, [Entry(1, "default", 5, 3)])], more=True, total=77)

    def begun() -> int:
        return sum(
            isinstance(message, Haves) for _, _, data in talk.carried for message in opened(data)
        )

    before = begun()
    tell(talk, node, delta)
    tell(talk, node, delta)
    assert 0 == begun() - before
    talk.persist(node)
    assert 1 == begun() - before
    tell(talk, node, delta)
    assert 1 == begun() - before
