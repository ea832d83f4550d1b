"""Two nodes that exchange one ping, or are what they were given to keep."""

from __future__ import annotations

from random import Random

from gossipd.protocol import Node, State
from gossipd.protocol.wire import Entry, Group, Ping
from tests.protocol.conversation import (
    Conversation,
    address,
    datagram,
    make_node,
    node_id,
    opened,
    sender,
)

NAME = "default"


def owners(count: int, *, seed: int = 1, behind: int = -1) -> tuple[Group, ...]:
    """Returns random owners, of which the one at place `behind` lacks its last version."""
    random = Random(seed)
    found = []
    for number in range(count):
        owner, version = random.randbytes(16), random.randint(2, 9)
        if number == behind:
            version -= 1
        entry = Entry(version, NAME, 0, version)
        found.append(Group(owner, 0, version, [entry]))
    return tuple(found)


def exchange(first: Node, second: Node, talk: Conversation) -> list[bytes]:
    """Sends a ping with the gates of `first`, and returns the datagrams that follow its ack."""
    fake = next(view for view in first.members() if view.id == node_id(1))
    gates = gates_of(first, talk)
    ping = Ping(5, node_id(2), *gates)
    data = datagram(sender(1, incarnation=fake.incarnation), ping)
    before = len(talk.carried)
    talk.carry(second, second.handle_datagram(data, address(1), talk.now))
    talk.deliver()
    return [data for _, _, data in talk.carried[before + 1 :]]


def gates_of(node: Node, talk: Conversation) -> tuple[int, int]:
    """Returns the gates that a node sends with a ping or an ack."""
    probe = datagram(sender(2), Ping(9, node_id(1)))
    for effect in node.handle_datagram(probe, address(2), talk.now):
        for message in opened(getattr(effect, "data", b"") or b""):
            return message.members, message.counters  # type: ignore[union-attr]
    raise AssertionError("no ack")


def with_state(first: State, second: State) -> tuple[Node, Node, Conversation]:
    """Returns two nodes with these states that know each other but have exchanged nothing else."""
    one, other = make_node(1, state=first), make_node(2, state=second)
    talk = Conversation(one, other)
    return one, other, talk
