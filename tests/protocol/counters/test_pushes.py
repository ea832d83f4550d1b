"""Pushes: at once, one under way for each peer, again until they are confirmed."""

from __future__ import annotations

from gossipd.protocol import Node
from gossipd.protocol.wire import Claim, Claims, Confirm, Delta, Entry, Group, Message, Push
from tests.protocol.conversation import (
    WALL_MS,
    Conversation,
    address,
    converse,
    datagram,
    make_node,
    messages_of,
    node_id,
    opened,
    sender,
)

NAME = "default"


def pushes(talk: Conversation) -> list[tuple[int, Push]]:
    """Returns every push that was sent, with the last number of its receiver's address."""
    return [
        (int(to[0].rpartition(".")[2]), message)
        for _, to, data in talk.carried
        for message in opened(data)
        if isinstance(message, Push)
    ]


def pair() -> tuple[Node, Node, Conversation]:
    """Returns two nodes that know each other."""
    first, second = make_node(1), make_node(2)
    return first, second, converse(first, second)


def count(node: Node, talk: Conversation, ticket: int = 1) -> None:
    """Increments the counter by one and carries out the effects."""
    talk.carry(node, node.increment(NAME, 1, "local", ticket, talk.now))


def lose(talk: Conversation, kind: type[Message]) -> None:
    """Loses datagrams with such a message from now on."""
    talk.lost = lambda a, b, data: any(isinstance(message, kind) for message in opened(data))


def test_a_write_goes_to_every_live_peer_at_once() -> None:
    """No timer stands between a write and its pushes."""
    nodes = [make_node(number) for number in range(1, 6)]
    talk = converse(*nodes)
    count(nodes[0], talk)
    assert [2, 3, 4, 5] == sorted(number for number, _ in pushes(talk))


def test_one_push_is_under_way_for_each_peer() -> None:
    """What is written meanwhile goes into the next push, which leaves with the confirmation."""
    node, other, talk = pair()
    for ticket in range(20):
        count(node, talk, ticket)
    talk.deliver()
    assert ([1, 20], 20) == ([push.group.upto for _, push in pushes(talk)], other.count(NAME))


def test_a_lost_push_is_sent_again() -> None:
    """An unconfirmed push is repeated after the retry time, with present values."""
    node, other, talk = pair()
    lose(talk, Push)
    count(node, talk)
    talk.deliver()
    talk.lost = lambda a, b, data: False
    talk.run(0.1)
    assert 1 == other.count(NAME)


def test_the_first_retries_come_soon() -> None:
    """Several losses in a row do not make the node wait longer each time."""
    node, _, talk = pair()
    lose(talk, Push)
    count(node, talk)
    talk.run(0.15)
    assert 6 == node.statistics().push_retries
    talk.run(0.1)
    assert 8 >= node.statistics().push_retries


def test_retries_become_seldom() -> None:
    """A peer that does not confirm is asked at most once a second in the end."""
    node, _, talk = pair()
    lose(talk, Push)
    count(node, talk)
    talk.run(20)
    before = node.statistics().push_retries
    talk.run(10)
    assert 10 >= node.statistics().push_retries - before > 5


def test_confirmed_pushes_are_not_repeated() -> None:
    """After the confirmation there is nothing to send again."""
    node, _, talk = pair()
    count(node, talk)
    talk.run(10)
    assert 1 == len(pushes(talk))


def test_a_push_twice_counts_once() -> None:
    """A push that arrives twice counts once, since it carries values and no operations."""
    node, other, talk = pair()
    count(node, talk)
    source, _to, data = talk.wire[0]
    talk.deliver()
    for _ in range(5):
        talk.carry(other, other.handle_datagram(data, source, talk.now))
    assert 1 == other.count(NAME)


def test_nothing_is_assumed_of_a_new_generation() -> None:
    """A peer that restarted with nothing gets everything again."""
    node, _, talk = pair()
    count(node, talk)
    talk.deliver()
    again = make_node(2, wall_ms=WALL_MS + 1000, nonce=99)
    talk.add(again)
    talk.carry(again, again.register(node_id(1), talk.now))
    talk.run(1)
    assert 1 == again.count(NAME)


def test_a_new_member_is_told() -> None:
    """A node that joins gets what was counted before."""
    node, _, talk = pair()
    count(node, talk)
    third = make_node(3)
    talk.add(third)
    talk.carry(third, third.register(node_id(1), talk.now))
    talk.run(1)
    assert 1 == third.count(NAME)


def test_a_disk_that_is_slow_elsewhere_makes_no_storm() -> None:
    """A push of which nothing was taken over is not repeated before its time."""
    node, _other, talk = pair()
    talk.hold = True
    talk.carry(node, node.sync(10, "local", 1, talk.now))
    talk.persist(node)
    assert 10 > talk.deliver(1000)


def test_a_repeated_push_carries_the_present_generation() -> None:
    """A push that was made before the own generation rose is made anew."""
    node, other, talk = pair()
    count(node, talk)
    talk.deliver()
    talk.lost = lambda a, to, data: to == address(2)
    count(node, talk)
    talk.deliver()
    claim = Claims([Claim(node_id(1), WALL_MS + 5, 0, 0)])
    talk.carry(node, node.handle_datagram(datagram(sender(2), claim), address(2), talk.now))
    talk.lost = lambda a, b, data: False
    talk.run(5)
    before = node.statistics().push_retries
    talk.run(10)
    assert (2, before) == (other.count(NAME), node.statistics().push_retries)


def test_removed_peers_get_no_push() -> None:
    """Nothing is sent to a peer that was removed."""
    node, _, talk = pair()
    talk.carry(node, node.remove(node_id(2), talk.now))
    effects = node.increment(NAME, 1, "local", 1, talk.now)
    assert [] == messages_of(effects, Push)


def test_a_new_member_is_pushed() -> None:
    """It need not wait for anti-entropy."""
    node, _, talk = pair()
    count(node, talk)
    lose(talk, Delta)
    third = make_node(3)
    talk.add(third)
    talk.carry(third, third.register(node_id(1), talk.now))
    talk.run(1)
    assert 1 == third.count(NAME)


def test_a_confirm_says_what_is_vouched_for() -> None:
    """Not what lies beyond a gap."""
    _, other, talk = pair()
    push = Push(7, Group(b"o" * 16, 1, 2, [Entry(2, NAME, 0, 5)]))
    effects = other.handle_datagram(datagram(sender(1), push), address(1), talk.now)
    [confirm] = messages_of(effects, Confirm)
    assert (0, 5) == (confirm.version, other.count(NAME))
