"""What a member that counts too much can do to the others: they go on counting.

The liar pushes rows that no node writes, or one that is at the limit.
"""

from __future__ import annotations

import pytest

from gossipd.protocol import VALUE_LIMIT, LimitExceeded
from gossipd.protocol.wire import DEFAULT, Entry, Group, Push, Said
from tests.protocol.conversation import (
    Conversation,
    address,
    converse,
    datagram,
    make_node,
    sender,
    writes_of,
)

LIAR, HONEST = 3, (1, 2)
OWNER = b"l" * 16
LARGEST = 2**63 - 1
FLOORS = [b"i%d" % floor for floor in (VALUE_LIMIT, VALUE_LIMIT + 1, LARGEST, 10**19 - 1)]

LIES = {
    "a slot at the limit": [Entry(1, DEFAULT, 0, VALUE_LIMIT), Entry(2, "a", 0, VALUE_LIMIT)],
    "slots beyond it": [Entry(1, DEFAULT, 0, LARGEST), Entry(2, "a", 0, LARGEST)],
    "below": [Entry(1, "a", 0, -LARGEST)],
    "a floor at the limit": [Entry(1, DEFAULT, VALUE_LIMIT, 0)],
    "floors beyond it": [Entry(1, DEFAULT, LARGEST - 1, 1), Entry(2, DEFAULT, LARGEST, 0)],
    "inherited": [Said(1 + at, DEFAULT, floor, 1, 1) for at, floor in enumerate(FLOORS)],
    "with sources": [Said(1, "a", b"sx", 5, LARGEST), Said(2, "a", b"kx", 1, LARGEST)],
}


def told(rows: list[Entry | Said]) -> Conversation:
    """Returns nodes that each heard these rows of the liar, after each counted once."""
    talk = converse(*map(make_node, (*HONEST, LIAR)))
    count(talk, 1)
    tell(talk, rows)
    return talk


def tell(talk: Conversation, rows: list[Entry | Said]) -> None:
    """Lets the liar push rows to all others."""
    entries = [row for row in rows if isinstance(row, Entry)]
    said = [row for row in rows if isinstance(row, Said)]
    group = Group(OWNER, rows[0].version - 1, rows[-1].version, entries, said)
    data = datagram(sender(LIAR), Push(1, group))
    for number in HONEST:
        node = talk.nodes[address(number)]
        talk.carry(node, node.handle_datagram(data, address(LIAR), talk.now))
    talk.deliver()


def count(talk: Conversation, amount: int) -> None:
    """Lets each of the others count so much in two counters."""
    for number in HONEST:
        node = talk.nodes[address(number)]
        for name in (DEFAULT, "a"):
            talk.carry(node, node.increment(name, amount, "local", 1, talk.now))
    talk.deliver()
    talk.run(3.0)


@pytest.mark.parametrize("lie", LIES)
def test_a_counter_at_its_limit_keeps_nobody_from_counting(lie: str) -> None:
    """All go on, and hold the same; nothing that they counted is lost."""
    talk = told(LIES[lie])
    for _ in range(3):
        count(talk, 5)
    nodes = [talk.nodes[address(number)] for number in HONEST]
    for name in (DEFAULT, "a"):
        assert len({node.count(name) for node in nodes}) == 1
        assert -VALUE_LIMIT <= nodes[0].count(name) <= VALUE_LIMIT
    groups = [group for group in nodes[0].state().groups if group.owner != OWNER]
    assert 2 == len(groups)
    for group in groups:
        assert 16 == sum(row.count for row in group.entries if row.name == DEFAULT)
        assert VALUE_LIMIT >= max(row.floor for row in group.entries)


def test_what_was_counted_meanwhile_is_there() -> None:
    """As soon as the liar takes back what it said."""
    talk = told([Entry(1, "a", 0, VALUE_LIMIT)])
    count(talk, 5)
    assert VALUE_LIMIT == talk.nodes[address(1)].count("a")
    tell(talk, [Entry(2, "a", 0, 0)])
    assert [12, 12] == [talk.nodes[address(number)].count("a") for number in HONEST]


@pytest.mark.parametrize("name", [DEFAULT, "a"])
def test_who_brings_a_counter_to_its_limit_is_refused_more(name: str) -> None:
    """What others did not count keeps a node from passing the limit, as it always did."""
    node = make_node()
    talk = Conversation(node)
    talk.carry(node, node.increment(name, VALUE_LIMIT - 1, "local", 1, 0.0))
    talk.carry(node, node.increment(name, 1, "local", 2, 0.0))
    with pytest.raises(LimitExceeded):
        node.increment(name, 1, "local", 3, 0.0)
    assert VALUE_LIMIT == node.count(name)


def test_beyond_the_limit_a_node_counts_its_own_part() -> None:
    """It does not count on and on, staged or not."""
    talk = told(LIES["a slot at the limit"])
    node = talk.nodes[address(1)]
    for name in (DEFAULT, "a"):
        effects = node.increment(name, 2**50 - 1, "local", 1, talk.now)
        assert writes_of(effects)
        with pytest.raises(LimitExceeded):
            node.increment(name, 1, "local", 2, talk.now)
        talk.carry(node, effects)
        with pytest.raises(LimitExceeded):
            node.increment(name, 1, "local", 3, talk.now)


def test_a_floor_that_is_not_on_disk_yet_is_capped_as_well() -> None:
    """Or what is counted under it would be taken for what was counted before."""
    talk = told([Entry(1, DEFAULT, VALUE_LIMIT, 0)])
    count(talk, 5)
    talk.hold = True
    tell(talk, [Entry(2, DEFAULT, LARGEST, 0)])
    node = talk.nodes[address(1)]
    talk.carry(node, node.increment(DEFAULT, 5, "local", 1, talk.now))
    talk.persist(node)
    rows = [row for group in node.state().groups for row in group.entries if row.count]
    assert (VALUE_LIMIT, 10) in [(row.floor, row.count) for row in rows]
