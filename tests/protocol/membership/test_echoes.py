"""Numbers of pings, echoes and challenges."""

from __future__ import annotations

import itertools

import pytest

from gossipd.protocol.fingerprint import Fingerprint, Gates
from gossipd.protocol.membership.echoes import Echoes, RoundTrip, RoundTrips, Sent
from gossipd.protocol.membership.peer import Peer
from gossipd.protocol.wire import Ack
from tests.protocol.conversation import WALL_MS, address, sender
from tests.protocol.parts import Parts


def pings(seed: int = 1) -> Echoes:
    """The echoes of a node that has sent no ping."""
    gates = Gates(Fingerprint(), Fingerprint())
    return Echoes(Parts(seed=seed).runtime, gates, RoundTrips(10))


def ignore(ack: Ack, ping: Sent, peer: Peer) -> None:
    """Does nothing about an ack."""


def sent() -> Sent:
    """A ping to node 2."""
    return Sent("", address(2), ignore, contact="")


def test_numbers_are_not_in_sequence() -> None:
    """Nobody who saw one can tell the next."""
    some = pings()
    numbers = [some.ping(sent()).number for _ in range(100)]
    assert 100 == len(set(numbers))
    assert all(abs(a - b) > 1 for a, b in itertools.pairwise(numbers))


def test_pings_under_way_are_bounded() -> None:
    """The oldest are given up."""
    some = pings()
    first = some.ping(sent()).number
    others = [some.ping(sent()).number for _ in range(5000)]
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
    some.ping(ping)
    assert ping.at is not None
    some.paused(1.0)
    assert ping.at is None


def test_only_so_many_peers_are_measured() -> None:
    """The table of round trips is bounded; those in it are measured on."""
    trips = RoundTrips(2)
    for peer in ("a", "b", "c"):
        trips.add(peer, 0.1)
    trips.add("a", 0.1)
    assert [pytest.approx(0.25), pytest.approx(0.3), None] == [trips.bound(p) for p in "abc"]


@pytest.mark.parametrize(
    ("samples", "bound"),
    [([0.1], 0.3), ([0.1, 0.1], 0.25), ([0.1, 0.2], 0.1125 + 4 * 0.0625)],
)
def test_round_trips_are_smoothed(samples: list[float], bound: float) -> None:
    """Mean and deviation follow RFC 6298; the bound is the mean and four deviations."""
    trip = RoundTrip(samples[0])
    for sample in samples[1:]:
        trip.add(sample)
    assert pytest.approx(bound) == trip.bound
