"""Challenges: what a sender that has not proved yet that it is there is asked, and told."""

from __future__ import annotations

import pytest

from gossipd.protocol.fingerprint import Fingerprint, Gates
from gossipd.protocol.membership import Challenges, Echoes, Peer, RoundTrips
from gossipd.protocol.membership.awareness import Awareness
from gossipd.protocol.wire import Ack, Claim, Claims
from tests.protocol.conversation import (
    WALL_MS,
    address,
    converse,
    make_node,
    node_id,
    opened,
    sender,
)
from tests.protocol.parts import Parts


class Asked:
    """A node that is spoken to by node 2, in a datagram of so many bytes."""

    def __init__(self, size: int) -> None:
        self.parts = parts = Parts()
        gates = Gates(Fingerprint(), Fingerprint())
        self.echoes = Echoes(parts.runtime, gates, RoundTrips(10), Awareness(8))
        clusters = parts.clusters(self.echoes)
        self.challenges = Challenges(
            parts.runtime, parts.outbox, parts.table, self.echoes, clusters
        )
        self.peer = Peer(address(2), sender(2), size)


@pytest.mark.parametrize("size", [40, 70, 100, 1400])
def test_a_challenge_is_no_larger_than_what_it_answers(size: int) -> None:
    """One that would be is not sent, and counted."""
    asked = Asked(size)
    asked.challenges.challenge(asked.peer, 5)
    sent = asked.parts.sent()
    assert all(len(data) <= size for data in sent)
    assert (not sent) == ("short request" in asked.parts.runtime.counted()["rejected"])


def test_a_challenge_acks_the_ping() -> None:
    """And carries the number that the sender must send back."""
    asked = Asked(1400)
    asked.challenges.challenge(asked.peer, 5)
    [[ack]] = [opened(data) for data in asked.parts.sent()]
    assert isinstance(ack, Ack)
    assert 5 == ack.number
    assert asked.echoes.challenge(asked.peer) == ack.challenge


def test_what_was_sent_back_counts_against_the_budget() -> None:
    """A datagram with many pings is not answered by more bytes than it has."""
    asked = Asked(100)
    for number in range(1, 50):
        asked.challenges.challenge(asked.peer, number)
    assert 100 >= sum(map(len, asked.parts.sent()))


def test_an_outdated_process_is_sent_its_row() -> None:
    """It has shown that it is there, so it is told which generation it must exceed."""
    asked = Asked(60)
    claim = Claim(node_id(2), WALL_MS + 9, 0, 0)
    asked.parts.table.add(claim, 0.0)
    asked.echoes.echo(asked.peer)
    asked.challenges.challenge(asked.peer)
    [messages] = [opened(data) for data in asked.parts.sent()]
    assert Claims([claim]) in messages


def test_a_process_whose_clock_was_set_back_goes_above_its_old_self() -> None:
    """A process without its old state is told by those that it speaks to, and is no suspect."""
    node = make_node(1)
    talk = converse(node, make_node(2))
    again = make_node(2, wall_ms=WALL_MS - 60_000, nonce=7)
    talk.add(again)
    talk.carry(again, again.register(node_id(1), talk.now))
    talk.run(1.0)
    rows = {row.id: row.generation for row in node.members()}
    assert WALL_MS + 1 == rows[node_id(2)]
