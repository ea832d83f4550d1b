"""Tables and vectors larger than any datagram and any part: complete, cheap, and silent after."""

from __future__ import annotations

from random import Random

import pytest

from gossipd.protocol import Node, ProtocolConfig, State
from gossipd.protocol.wire import (
    DEAD,
    Claim,
    Claims,
    Delta,
    Entry,
    Group,
    Haves,
    Rows,
    Span,
    claim_bytes,
    group_bytes,
)
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

NAME = "default"


def dead(count: int, *, seed: int = 1) -> tuple[Claim, ...]:
    """Rows of members that died, each with a generation of its own."""
    found = [
        Claim(f"10.{1 + k // 62500}.{k // 250 % 250}.{k % 250 + 1}:8088", WALL_MS - k, 0, DEAD, "")
        for k in range(count)
    ]
    Random(seed).shuffle(found)
    return tuple(found)


def closed(count: int, *, seed: int = 1, ordered: bool = False) -> tuple[Group, ...]:
    """Owners that counted once, in the order of their ids or in none."""
    random = Random(seed)
    found = [Group(random.randbytes(16), 0, 1, [Entry(1, NAME, 0, 1)]) for _ in range(count)]
    return tuple(sorted(found, key=lambda group: group.owner)) if ordered else tuple(found)


def content_bytes(state: State) -> int:
    """What the rows and entries of a state take on the wire."""
    return sum(map(claim_bytes, state.members)) + sum(map(group_bytes, state.groups))


def joining(first: State, second: State, **changes: object) -> Conversation:
    """Two nodes with these states, the second of which has just joined the first."""
    config = ProtocolConfig.profile("lan", **changes)
    nodes = make_node(1, config, state=first), make_node(2, config, state=second)
    talk = Conversation(*nodes)
    for node in nodes:
        talk.carry(node, node.start(0.0))
    talk.carry(nodes[1], nodes[1].join([node_id(1)], 0.0))
    return talk


def agree(talk: Conversation) -> bool:
    """Returns whether both nodes have the same rows and the same counters."""
    one, other = talk.nodes.values()
    return gates(one) == gates(other)


def gates(node: Node) -> tuple[int, ...]:
    """Returns the hashes of a node's tables."""
    return node._table.fingerprint.total, node._counters.ledger.fingerprint.total


STATES = [
    ("7,000 dead", State(members=dead(7000))),
    ("1,000 owners", State(groups=closed(1000))),
    ("8,000 owners in order", State(groups=closed(8000, ordered=True))),
    ("3,000 of both", State(members=dead(3000), groups=closed(3000))),
]
HUGE = [
    ("100,000 dead", State(members=dead(100_000))),
    ("100,000 owners", State(groups=closed(100_000))),
]


@pytest.mark.parametrize(
    "state",
    [
        *(pytest.param(state, id=name) for name, state in STATES),
        *(pytest.param(state, id=name, marks=pytest.mark.slow) for name, state in HUGE),
    ],
)
def test_a_joiner_gets_everything_in_little_more_than_it_takes(state: State) -> None:
    """At most 1.5 times the datagrams that the content fills, and 30; then pings and acks alone.

    Two more may tell the cluster's id, which one of the two draws.
    """
    talk = joining(state, State())
    talk.run(2)
    assert agree(talk)
    assert len(talk.carried) <= 1.5 * content_bytes(state) / 1400 + 30
    before = len(talk.carried)
    talk.run(10)
    assert len(talk.carried) - before <= 4 * 10 + 10 + 2


@pytest.mark.parametrize("kind", ["rows", "owners"])
def test_an_answer_is_as_large_as_its_window(kind: str) -> None:
    """A stray list causes no burst, and none causes more than a socket's buffer holds."""
    node = make_node(1, state=State(members=dead(3000), groups=closed(3000)))
    talk = converse(node, make_node(2))
    found = []
    for window in (1, 2, 16, 255):
        span = Span(0, (1 << 60) - 1, window)
        asked = Rows(b"", [], span=span) if kind == "rows" else Haves(b"", [], span=span)
        effects = node.handle_datagram(datagram(sender(2), asked), address(2), talk.now)
        answer = [message for _, message in sent(effects) if isinstance(message, Rows | Delta)]
        assert answer[-1].span is not None
        found.append((len(answer), answer[-1].span.window))
    assert [(1, 2), (2, 4), (16, 16), (16, 16)] == found


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_random_halves_become_one(share: float) -> None:
    """Two large tables that share a random part of their rows and owners, both ways."""
    random = Random(7)
    members, groups = dead(2500), closed(2500)

    def some() -> State:
        return State(
            members=tuple(each for each in members if random.random() < share),
            groups=tuple(each for each in groups if random.random() < share),
        )

    talk = joining(some(), some())
    talk.run(30)
    assert agree(talk)


def test_a_lossy_joiner_gets_everything() -> None:
    """A lost datagram ends an exchange; a later ping begins another, which goes on from there."""
    random = Random(3)
    talk = joining(State(members=dead(3000), groups=closed(3000)), State())
    talk.lost = lambda source, to, data: random.random() < 0.1
    talk.run(60)
    assert agree(talk)


def test_news_that_is_refused_ends_the_exchange() -> None:
    """A full table beside a larger one: they differ for ever, and a ping costs a few datagrams."""
    small = ProtocolConfig(member_limit=100)
    nodes = make_node(1, state=State(members=dead(3000))), make_node(2, small)
    talk = Conversation(*nodes)
    for node in nodes:
        talk.carry(node, node.start(0.0))
    talk.carry(nodes[1], nodes[1].join([node_id(1)], 0.0))
    talk.run(5)
    before = len(talk.carried)
    talk.run(20)
    assert len(talk.carried) - before <= 20 * 20


def test_full_tables_agree() -> None:
    """Two nodes at the member limit keep the same rows of more than fit, and fall silent."""
    everybody = dead(600)
    talk = joining(State(members=everybody[:300]), State(members=everybody[300:]), member_limit=302)
    talk.run(30)
    assert agree(talk)
    assert {302} == {len(node.members()) for node in talk.nodes.values()}


def test_full_tables_agree_though_one_node_removed_an_old_row() -> None:
    """A removal is local, so that the row makes room for newer ones like any other."""
    everybody = dead(150)
    oldest = min(everybody, key=lambda claim: claim.generation)
    removed = State(members=everybody, removed=(oldest.id,))
    talk = joining(removed, State(members=everybody), member_limit=152)
    talk.run(5)
    one, other = talk.nodes.values()
    for node in (one, other):
        assert {oldest.id} < {row.id for row in node.members()}
    for number in range(3, 6):
        data = datagram(sender(2), Claims([Claim(f"10.9.0.{number}:8088", WALL_MS, 0, 0)]))
        talk.carry(one, one.handle_datagram(data, address(2), talk.now))
    talk.run(5)
    assert agree(talk)
    for node in (one, other):
        assert oldest.id not in {row.id for row in node.members()}


def test_the_alive_come_first() -> None:
    """A joiner knows the live members before most of the dead."""
    alive = tuple(Claim(f"10.9.0.{k}:8088", WALL_MS, 0, 0, "") for k in range(1, 40))
    talk = joining(State(members=dead(3000)), State())
    first = next(iter(talk.nodes.values()))
    first.assume(alive)
    joiner = list(talk.nodes.values())[1]
    for _ in range(60):
        if len(joiner.peers()) == 40:
            break
        talk.deliver_next()
    assert 40 == len(joiner.peers())
    assert len(joiner.members()) < 300
