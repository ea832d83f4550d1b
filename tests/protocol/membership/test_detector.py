"""The probe cycle: one input, and what exactly it makes a node do."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gossipd.protocol.membership.echoes import RoundTrip, RoundTrips
from gossipd.protocol.wire import SUSPECT, Ack, Claim, Claims, Nack, Ping, PingReq
from tests.protocol.conversation import (
    converse,
    make_node,
    messages_of,
    node_id,
    opened,
)
from tests.protocol.membership.prober import Prober


def test_a_ping_names_its_target() -> None:
    """A probe goes to the member's address and says for whom it is."""
    target, ping = Prober().probe()
    assert node_id(target) == ping.target


def test_silence_asks_relays_and_the_target_again() -> None:
    """After the time-out three relays are asked, and the target a second time."""
    prober = Prober()
    _, ping = prober.probe()
    out = prober.until(PingReq)
    kinds = [type(message) for _, message in out if isinstance(message, PingReq | Ping)]
    numbers = {m.number for _, m in out if isinstance(m, PingReq | Ping)}
    assert ([PingReq] * 3 + [Ping], {ping.number}) == (kinds, numbers)


def test_the_target_is_no_relay() -> None:
    """Nobody is asked to probe itself."""
    target, _, relays = Prober().fail()
    assert sorted({2, 3, 4, 5} - {target}) == sorted(relays)


def test_the_second_ping_can_be_switched_off() -> None:
    """Without it only relays are asked."""
    prober = Prober(second_ping=False)
    prober.probe()
    assert [] == [m for _, m in prober.until(PingReq) if isinstance(m, Ping)]


def test_relays_can_be_switched_off() -> None:
    """Without indirect probes only the second ping remains."""
    prober = Prober(indirect_probes=0)
    prober.probe()
    assert [] == [m for _, m in prober.until(Ping) if isinstance(m, PingReq)]


def test_an_ack_ends_the_probe() -> None:
    """A probe that was acked asks nobody else."""
    prober = Prober()
    target, ping = prober.probe()
    prober.hear(target, Ack(ping.number))
    assert {"direct": 1} == prober.outcomes


@pytest.mark.parametrize("by", ["target", "relay"])
def test_a_late_ack_counts(by: str) -> None:
    """Until the interval is over the second ping's ack counts, and a relay's."""
    prober = Prober()
    target, ping, relays = prober.fail()
    prober.hear(target if by == "target" else relays[0], Ack(ping.number))
    prober.probe()
    assert {"direct" if by == "target" else "indirect": 1} == prober.outcomes


def test_silence_until_the_end_makes_suspect() -> None:
    """A probe that nobody acked in its interval makes its target suspect."""
    prober = Prober()
    target, _, _ = prober.fail()
    prober.pass_interval()
    assert "suspect" == prober.state(target)


def test_a_suspect_is_told_at_once() -> None:
    """The next datagram to a suspect says so (Lifeguard's buddy system)."""
    prober = Prober()
    prober.hear(3, Claims([Claim(node_id(2), 1_700_000_000_000, 0, SUSPECT, node_id(3))]))
    effects = prober.hear(2, Ping(77, node_id(1)))
    claims = [claim for message in messages_of(effects, Claims) for claim in message.claims]
    assert SUSPECT == next(claim.state for claim in claims if claim.id == node_id(2))


def test_the_buddy_system_can_be_switched_off() -> None:
    """Without it a suspect is told like anybody: as long as the suspicion is news."""
    told = {}
    for buddy in (True, False):
        prober = Prober(buddy=buddy)
        prober.hear(3, Claims([Claim(node_id(2), 1_700_000_000_000, 0, SUSPECT, node_id(3))]))
        told[buddy] = [
            any(
                claim.id == node_id(2)
                for message in messages_of(prober.hear(2, Ping(number, node_id(1))), Claims)
                for claim in message.claims
            )
            for number in range(100)
        ]
    assert all(told[True])
    assert (True, False) == (told[False][0], told[False][-1])


# Lifeguard IV.A: +1 for each nack that is missing, so that a node that hears nobody doubts itself.
@pytest.mark.parametrize(("nacks", "score"), [(0, 3), (1, 2), (2, 1), (3, 0)])
def test_missing_nacks_cost_health(nacks: int, score: int) -> None:
    """Each asked relay that neither acks nor nacks makes this node one less healthy."""
    prober = Prober()
    _, ping, relays = prober.fail()
    for relay in relays[:nacks]:
        prober.hear(relay, Nack(ping.number))
    prober.pass_interval()
    assert score == prober.node.statistics().local_health


def test_a_nack_counts_once() -> None:
    """The same relay's nack again is no other relay's."""
    prober = Prober()
    _, ping, relays = prober.fail()
    for _ in range(3):
        prober.hear(relays[0], Nack(ping.number))
    prober.pass_interval()
    assert 2 == prober.node.statistics().local_health


def test_relays_that_all_tried_in_vain_end_the_probe() -> None:
    """There is nothing more to wait for: the target is suspect before the interval is over."""
    prober = Prober()
    target, ping, relays = prober.fail()
    states = []
    for relay in relays:
        prober.hear(relay, Nack(ping.number, tried=True))
        states.append(prober.state(target))
    assert ["alive", "alive", "suspect"] == states


def test_relays_that_did_not_try_end_no_probe() -> None:
    """A relay that could not ping the target says nothing about it."""
    prober = Prober()
    target, ping, relays = prober.fail()
    for relay in relays:
        prober.hear(relay, Nack(ping.number))
    assert "alive" == prober.state(target)
    prober.hear(target, Ack(ping.number))
    assert {"direct": 1} == prober.outcomes


def test_without_nacks_a_failed_probe_costs_one() -> None:
    """Where nacks are switched off a failed probe is one point, however many relays there are."""
    prober = Prober(nacks=False)
    prober.fail()
    prober.pass_interval()
    assert 1 == prober.node.statistics().local_health


def test_local_health_can_be_switched_off() -> None:
    """Without it a failed probe costs nothing."""
    prober = Prober(local_health=False)
    prober.fail()
    prober.pass_interval()
    assert 0 == prober.node.statistics().local_health


def test_an_ack_heals() -> None:
    """A probe that succeeds gives one point back."""
    prober = Prober(nacks=False)
    prober.fail()
    target, ping = prober.probe()
    prober.hear(target, Ack(ping.number))
    assert 0 == prober.node.statistics().local_health


# Round trips


@pytest.mark.parametrize(
    ("trip", "enabled", "wait"),
    [(0.001, True, 0.1), (0.04, True, 0.36), (10.0, True, 0.5), (0.001, False, 0.5)],
)
def test_timeouts_follow_the_round_trip(
    monkeypatch: pytest.MonkeyPatch, trip: float, enabled: bool, wait: float
) -> None:
    """The wait for an ack is three bounds of the peer's round trip, within its limits."""
    prober = Prober(1, rtt_timeouts=enabled, indirect_probes=0)
    monkeypatch.setattr(RoundTrips, "expected", lambda self, peer: RoundTrip(trip).bound)
    prober.probe()
    began = prober.now
    prober.until(Ping)
    assert pytest.approx(wait) == prober.now - began


def test_a_second_ping_measures_only_who_was_never_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its ack may belong to the first one, so it shows no more than how long a trip may last."""
    prober, measured = Prober(1, indirect_probes=0), list[float]()
    monkeypatch.setattr(RoundTrips, "add", lambda *arguments: measured.append(arguments[2]))
    for known, expected in ((None, 1), (0.001, 0)):
        monkeypatch.setattr(RoundTrips, "mean", lambda *_, mean=known: mean)
        measured.clear()
        target, ping = prober.probe()
        prober.until(Ping)
        prober.hear(target, Ack(ping.number))
        assert expected == len(measured)
        prober.pass_interval()


# The timetable


@pytest.mark.parametrize("peers", [1, 4, 9])
def test_each_member_is_probed_once_an_interval(peers: int) -> None:
    """By whoever's turn it is, and always at the same moment of the interval."""
    nodes = [make_node(number) for number in range(1, 2 + peers)]
    talk = converse(*nodes)
    for node in nodes:
        talk.carry(node, node.start(talk.now))
    talk.run(3)
    pinged: dict[str, list[float]] = {}
    began = talk.now
    while talk.now < began + 20:
        before = len(talk.carried)
        talk.run(0.01)
        for _, _, data in talk.carried[before:]:
            for message in opened(data):
                if isinstance(message, Ping) and message.target:
                    pinged.setdefault(message.target, []).append(talk.now)
    assert 1 + peers == len(pinged)
    for times in pinged.values():
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert all(gap == pytest.approx(1.0, abs=0.02) for gap in gaps)


def test_a_clock_that_is_set_back_stops_no_probes() -> None:
    """Nor one that jumps ahead: the next round is that of the new time."""
    prober = Prober()
    for by in (-86_400_000, 2 * 86_400_000):
        prober.probe()
        prober.node.renew(prober.now, 1_700_000_000_000 + by)
        began = prober.now
        for _ in range(3):
            prober.probe()
        assert prober.now < began + 6.0


def test_poor_health_makes_probes_rare() -> None:
    """A node that hears nobody keeps one of several of its turns."""
    prober = Prober(own_looks=False)
    prober.fail()
    prober.pass_interval()
    assert 3 == prober.node.statistics().local_health
    times = []
    for _ in range(4):
        prober.probe()
        times.append(prober.now)
    assert max(later - earlier for earlier, later in pairwise(times)) > 3.0
