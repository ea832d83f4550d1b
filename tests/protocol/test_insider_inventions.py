"""What a member that makes things up can do to the others: it fills no table of theirs.

The liar brings members, owners, counters and floors that nobody else knows. It may bring 20 of each
at once in these tests, and one more each second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from gossipd.protocol import LimitExceeded, Node, ProtocolConfig
from gossipd.protocol import bringers as rules
from gossipd.protocol.counters import newcomers
from gossipd.protocol.events import MuchBrought
from gossipd.protocol.wire import (
    ALIVE,
    DEFAULT,
    Claim,
    Claims,
    Delta,
    Entry,
    Group,
    Message,
    Push,
    Rows,
    Spread,
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
)

LIAR, HONEST, MAY, MADE_UP = 3, 1, 20, 200
CONFIG = ProtocolConfig(max_counters=40)

Lie = Callable[[int], Message]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets everybody bring little, so that the tests need not bring much."""
    monkeypatch.setattr(rules, "_MAY", dict.fromkeys(rules._MAY, (MAY, 1.0)))
    monkeypatch.setattr(newcomers, "FLOOR_LIMIT", 40)


def owner(number: int) -> bytes:
    return number.to_bytes(16, "big")


def claim(number: int) -> Claim:
    return Claim(f"10.9.{number // 250}.{number % 250 + 1}:8088", WALL_MS, 0, ALIVE)


def entry(number: int) -> Group:
    return Group(owner(number), 0, 1, [Entry(1, DEFAULT, 0, 1)])


def member(number: int) -> Message:
    return Claims([claim(number)])


def member_row(number: int) -> Message:
    return Rows(b"", [claim(number)], final=True)


def pushed(number: int) -> Message:
    return Push(number, entry(number))


def spread(number: int) -> Message:
    return Spread(number, entry(number), [])


def delta(number: int) -> Message:
    return Delta([entry(number)])


def counter(number: int) -> Message:
    return Push(
        number, Group(owner(1), number, number + 1, [Entry(number + 1, f"n{number}", 0, 1)])
    )


def floor(number: int) -> Message:
    row = Entry(number + 1, DEFAULT, number + 1, 1)
    return Push(number, Group(owner(1), number, number + 1, [row]))


def members(node: Node) -> int:
    return len(node.members())


def owners(node: Node) -> int:
    return len(node.state().groups)


def slots(node: Node) -> int:
    return sum(len(group.entries) for group in node.state().groups)


LIES = [
    (member, members, MAY),
    (member_row, members, MAY),
    (pushed, owners, MAY),
    (spread, owners, MAY),
    (delta, owners, MAY),
    # So many are taken from anybody, and then what one may bring.
    (counter, slots, 40 + MAY),
    (floor, slots, 40 + MAY),
]


def settled(*numbers: int) -> Conversation:
    """Returns nodes that have met, and run for so long that they are told no whole tables."""
    talk = converse(*[make_node(number, CONFIG) for number in numbers])
    talk.run(61.0)
    return talk


def tell(talk: Conversation, lie: Lie, numbers: Iterator[int], *, liar: int = LIAR) -> None:
    """Lets the liar bring what it made up to one node."""
    node = talk.nodes[address(HONEST)]
    for number in numbers:
        data = datagram(sender(liar), lie(number))
        talk.carry(node, node.handle_datagram(data, address(liar), talk.now))


@pytest.mark.parametrize(("lie", "number_of", "most"), LIES)
def test_a_liar_fills_no_table(lie: Lie, number_of: Callable[[Node], int], most: int) -> None:
    """It is said once a minute who it is, and another member may bring as much."""
    talk = settled(1, 2, 3, 4)
    node = talk.nodes[address(HONEST)]
    before = number_of(node)
    talk.events[address(HONEST)].clear()
    tell(talk, lie, iter(range(MADE_UP)))
    assert before + most == number_of(node)
    said = [each for each in talk.events[address(HONEST)] if isinstance(each, MuchBrought)]
    assert [node_id(LIAR)] == [each.member for each in said]
    assert sum(node.statistics().rejected.values()) >= MADE_UP - most
    tell(talk, lie, iter(range(most, most + 5)), liar=4)
    assert before + most + 5 == number_of(node)


def test_what_was_not_taken_is_taken_in_the_end() -> None:
    """If it is no lie, all nodes agree, only later."""
    talk = settled(1, 2)
    node, other = (talk.nodes[address(number)] for number in (1, 2))
    for each in node, other:
        talk.carry(each, each.start(talk.now))
    for number in range(60):
        talk.carry(other, other.renew(talk.now))
        talk.carry(other, other.increment("a", 1, "local", number, talk.now))
    talk.deliver()
    assert node.count("a") < 60
    talk.run(120.0)
    assert node.count("a") == other.count("a") == 60


def test_who_fills_the_counters_leaves_a_part_to_all_others() -> None:
    """Each may make a tenth of those that there may be."""
    talk = settled(1, 2, 3)
    tell(talk, counter, iter(range(MADE_UP)))
    node, numbers = talk.nodes[address(HONEST)], count()
    for _ in range(4):
        name = f"mine {next(numbers)}"
        talk.carry(node, node.increment(name, 1, "local", 1, talk.now))
        assert 1 == node.count(name)
    with pytest.raises(LimitExceeded):
        node.increment("one more", 1, "local", 1, talk.now)
