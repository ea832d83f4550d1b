"""Numbers of pings, echoes and challenges."""

from __future__ import annotations

import itertools
from unittest.mock import patch

import pytest

from gossipd.protocol.fingerprint import Fingerprint, Gates
from gossipd.protocol.membership import sessions
from gossipd.protocol.membership.awareness import Awareness
from gossipd.protocol.membership.echoes import Echoes, RoundTrip, RoundTrips, Sent
from gossipd.protocol.membership.peer import Peer
from gossipd.protocol.membership.sessions import Seal
from gossipd.protocol.wire import Ack
from tests.protocol.conversation import WALL_MS, address, sender
from tests.protocol.parts import Parts


def pings(seed: int = 1) -> Echoes:
    """The echoes of a node that has sent no ping."""
    gates = Gates(Fingerprint(), Fingerprint())
    return Echoes(Parts(seed=seed).runtime, gates, RoundTrips(10), Awareness(8))


def peer(
    number: int = 2, *, at: int = 0, generation: int = WALL_MS, seal: Seal | None = None
) -> Peer:
    """The sender of a datagram, node 2 at its own address unless another one is named."""
    return Peer(address(at or number), sender(number, generation=generation), 100, seal)


def ignore(ack: Ack, ping: Sent, peer: Peer) -> None:
    """Does nothing about an ack."""


def sent() -> Sent:
    """A ping to node 2."""
    return Sent("", address(2), ignore, contact="")


def test_numbers_are_not_in_sequence() -> None:
    """A number does not give away the next one."""
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
    some.echo(peer())
    assert some.verified(peer())
    assert not some.verified(peer(at=3))
    assert not some.verified(peer(generation=WALL_MS + 1))
    assert not some.verified(peer(3, at=2))


def test_an_echo_is_of_one_session() -> None:
    """What was sealed by an earlier session, or not at all, does not profit from it."""
    some = pings()
    some.echo(peer(seal=Seal(b"new", 7)))
    assert some.verified(peer(seal=Seal(b"new", 8)))
    assert not some.verified(peer(seal=Seal(b"old", 8)))
    assert not some.verified(peer())
    assert some.is_doubtful(peer(seal=Seal(b"old", 8)))
    assert not some.is_doubtful(peer())


def test_what_was_sealed_before_the_echo_counts_for_nothing() -> None:
    """And what was sealed later counts once."""
    some = pings()
    assert some.is_new(Seal(b"new", 5))
    assert some.is_new(Seal(b"new", 5))
    some.echo(peer(seal=Seal(b"new", 7)))
    taken = [some.is_new(Seal(b"new", number)) for number in (5, 6, 7, 9, 8, 9, 8)]
    assert [False, False, False, True, True, False, False] == taken


@patch.object(sessions, "_MOST", 2)
def test_what_proved_a_forgotten_session_does_not_prove_it_again() -> None:
    """Sessions are bounded, and answers to challenges may have been recorded."""
    some = pings()
    challenge = some.challenge(peer())
    for session in (b"1", b"2"):
        some.echo(peer(seal=Seal(session, 1)))
    assert challenge == some.challenge(peer())
    some.echo(peer(seal=Seal(b"3", 1)))
    assert challenge != some.challenge(peer())
    assert not some.verified(peer(seal=Seal(b"1", 2)))


def test_the_session_of_a_member_is_told() -> None:
    """By the address at which it has echoed a number."""
    some = pings()
    assert some.session(address(2)) is None
    some.echo(peer())
    assert b"" == some.session(address(2))
    some.echo(peer(seal=Seal(b"new", 7)))
    assert b"new" == some.session(address(2))


def test_what_was_sealed_for_another_is_not_believed() -> None:
    """Though it is new. What echoes a number of this node was made for it."""
    some = pings()
    echo = peer(seal=Seal(b"new", 7, meant=False))
    assert not some.verified(echo)
    some.echo(echo)
    assert some.verified(echo)
    assert not some.verified(peer(seal=Seal(b"new", 8, meant=False)))
    assert some.verified(peer(seal=Seal(b"new", 9)))


def test_a_challenge_follows_from_address_and_sender() -> None:
    """It is the same when asked again, and another one for anybody else and at any other node."""
    some = pings()
    challenge = some.challenge(peer())
    assert challenge == some.challenge(peer())
    assert challenge != some.challenge(peer(at=3))
    assert challenge != some.challenge(peer(generation=5))
    assert challenge != pings(2).challenge(peer())
    assert 2**33 < challenge < 2**53


def test_round_trips_that_span_a_pause_are_no_samples() -> None:
    """After a pause no ping under way is measured."""
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


def test_a_peer_that_was_not_measured_is_expected_to_be_as_others() -> None:
    """As far as all that was measured; nothing is expected where nothing was."""
    trips = RoundTrips(9)
    assert trips.expected("c") is None
    trips.add("a", 0.1)
    trips.add("b", 0.2)
    assert pytest.approx(RoundTrip(0.1).bound) == trips.expected("a")
    assert pytest.approx(0.1125 + 4 * 0.0625) == trips.expected("c")
    assert trips.bound("c") is None


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
