"""Numbers of pings, echoes and challenges."""

from __future__ import annotations

import itertools
from random import Random

from gossipd.protocol import Identity, ProtocolConfig
from gossipd.protocol.membership.echoes import CONTACT, Pings, Sent
from gossipd.protocol.outbox import Outbox
from tests.protocol.conversation import WALL_MS, address, node_id, sender


def pings(seed: int = 1) -> Pings:
    """The pings of a node that has sent none."""
    identity = Identity(node_id(1), 7, WALL_MS)
    return Pings(Outbox(ProtocolConfig(), identity, WALL_MS, Random(seed), 0.0))


def sent() -> Sent:
    """A ping to node 2."""
    return Sent(CONTACT, "", address(2), 0.0)


def test_numbers_are_not_in_sequence() -> None:
    """Nobody who saw one can tell the next."""
    some = pings()
    numbers = [some.number(sent()) for _ in range(100)]
    assert 100 == len(set(numbers))
    assert all(abs(a - b) > 1 for a, b in itertools.pairwise(numbers))


def test_pings_under_way_are_bounded() -> None:
    """The oldest are given up."""
    some = pings()
    first = some.number(sent())
    others = [some.number(sent()) for _ in range(5000)]
    assert some.get(first) is None
    assert some.get(others[-1]) is not None


def test_an_echo_is_of_one_process_at_one_address() -> None:
    """Neither another address nor another generation profits from it."""
    some = pings()
    some.echo(address(2), sender(2))
    assert some.verified(address(2), sender(2))
    assert not some.verified(address(3), sender(2))
    assert not some.verified(address(2), sender(2, generation=WALL_MS + 1))
    assert not some.verified(address(2), sender(3))


def test_a_challenge_follows_from_address_and_sender() -> None:
    """It is the same when asked again, and another one for anybody else and at any other node."""
    some = pings()
    challenge = some.challenge(address(2), sender(2))
    assert challenge == some.challenge(address(2), sender(2))
    assert challenge != some.challenge(address(3), sender(2))
    assert challenge != some.challenge(address(2), sender(2, generation=5))
    assert challenge != pings(2).challenge(address(2), sender(2))
    assert 2**33 < challenge < 2**53


def test_round_trips_that_span_a_pause_are_no_samples() -> None:
    """Every ping under way loses its time."""
    some = pings()
    ping = sent()
    some.number(ping)
    some.no_samples()
    assert ping.at is None
