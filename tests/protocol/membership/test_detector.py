"""The probe cycle: one input, and what exactly it makes a node do."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gossipd.protocol import MemberDead
from gossipd.protocol.membership.echoes import RoundTrip, RoundTrips
from gossipd.protocol.wire import DEAD, REFUSED, SUSPECT, Ack, Claim, Claims, Nack, Ping, PingReq
from tests.protocol.conversation import (
    address,
    converse,
    make_node,
    messages_of,
    node_id,
    noted,
    opened,
    sent,
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
    monkeypatch.setattr(RoundTrips, "bound", lambda self, peer: RoundTrip(trip).bound)
    prober.probe()
    began = prober.now
    prober.until(Ping)
    assert pytest.approx(wait) == prober.now - began


# Refusals


def test_a_refusal_asks_relays_at_once() -> None:
    """Where a machine says that nobody listens there is nothing to wait for."""
    prober = Prober()
    target, ping = prober.probe()
    asked = [m for _, m in sent(prober.refuse(target)) if isinstance(m, PingReq)]
    assert [PingReq(ping.number, node_id(target))] * 3 == asked


def test_two_looks_that_agree_end_a_generation() -> None:
    """Refused, by two relays as well, and half a second later once more: dead, and all are told."""
    prober = Prober()
    target, _ = prober.probe()
    began = prober.now
    prober.look(target, relays=2)
    assert "suspect" == prober.state(target)
    prober.until(Ping)
    effects = prober.look(target, relays=2)
    assert pytest.approx(began + 0.5) == prober.now
    assert [MemberDead(node_id(target), node_id(1), "refused")] == noted(effects)
    told = [to for to, m in sent(effects) if isinstance(m, Claims) and m.claims[0].state == DEAD]
    assert sorted(address(n) for n in range(2, 6) if n != target) == sorted(told)


def test_all_are_warned_after_the_first_look() -> None:
    """Everybody hears of the suspicion at once, so that the member has a chance to refute."""
    prober = Prober()
    target, _ = prober.probe()
    claims = [c for m in messages_of(prober.look(target, relays=2), Claims) for c in m.claims]
    suspected = [c for c in claims if (c.state, c.evidence) == (SUSPECT, REFUSED)]
    assert len(suspected) >= 3


def test_one_relay_that_is_refused_as_well_ends_nothing() -> None:
    """Two pairs of machines that a firewall keeps apart are no end of a process."""
    prober = Prober()
    target, _ = prober.probe()
    prober.look(target, relays=1)
    assert "alive" == prober.state(target)


def test_an_ack_through_a_relay_weighs_more() -> None:
    """What one relay reaches is alive, whatever others are refused."""
    prober = Prober()
    target, ping = prober.probe()
    relays = prober.relays_of(prober.refuse(target))
    prober.hear(relays[0], Ack(ping.number))
    prober.nack(relays[1:], ping.number)
    assert ("alive", {"indirect": 1}) == (prober.state(target), prober.outcomes)


@pytest.mark.parametrize("second", ["silence", "an ack", "one relay"])
def test_a_second_look_that_does_not_agree_ends_nothing(second: str) -> None:
    """A process that starts again within half a second is dead to nobody."""
    prober = Prober()
    target, _ = prober.probe()
    prober.look(target, relays=2)
    ping = next(m for _, m in prober.until(Ping) if isinstance(m, Ping))
    if second == "an ack":
        prober.hear(target, Ack(ping.number))
    elif second == "one relay":
        prober.look(target, relays=1)
    assert "suspect" == prober.state(target)


def test_the_second_look_asks_other_relays() -> None:
    """As far as there are any: firewalls may stand between some pairs of machines only."""
    prober = Prober(peers=9)
    target, _ = prober.probe()
    first = prober.look(target, relays=2)
    again = prober.until(Ping)
    second = [to for to, m in again if isinstance(m, PingReq)]
    assert 3 == len(second)
    assert not {*second} & {to for to, m in sent(first) if isinstance(m, PingReq)}


def test_who_refuted_meanwhile_is_not_dead() -> None:
    """The verdict is about what the member was at the first look."""
    prober = Prober()
    target, _ = prober.probe()
    prober.look(target, relays=2)
    prober.until(Ping)
    witness = next(n for n in range(2, 6) if n != target)
    prober.hear(witness, Claims([Claim(node_id(target), 1_700_000_000_000, 1, 0)]))
    prober.look(target, relays=2)
    assert "alive" == prober.state(target)


def test_without_a_third_node_a_refusal_is_silence() -> None:
    """Two nodes cannot tell a firewall between them from the end of the other."""
    prober = Prober(peers=1)
    target, _ = prober.probe()
    prober.refuse(target)
    assert "alive" == prober.state(target)


def test_among_three_nodes_the_one_relay_is_enough() -> None:
    """Nobody else is left who could reach the member."""
    prober = Prober(peers=2)
    target, _ = prober.probe()
    prober.look(target, relays=1)
    prober.until(Ping)
    prober.look(target, relays=1)
    assert "dead" == prober.state(target)


def test_a_refused_relay_is_replaced() -> None:
    """A relay that is gone itself says nothing of others; another one is asked."""
    prober = Prober(peers=6)
    target, _ = prober.probe()
    relays = prober.relays_of(prober.refuse(target))
    further = prober.relays_of(prober.refuse(relays[0]))
    assert (1, True) == (len(further), not {*further} & {*relays, target})


@pytest.mark.parametrize("forged", ["another ping", "too short", "another address"])
def test_only_what_repeats_a_ping_of_ours_is_a_refusal(forged: str) -> None:
    """Nobody off the path knows the random number in the datagram."""
    prober = Prober()
    target, _ = prober.probe()
    quoted, where = prober.datagram_to(target), address(target)
    if forged == "another ping":
        quoted = quoted[:-20] + bytes(20)
    elif forged == "too short":
        quoted = quoted[:-1]
    else:
        where = address(99)
    effects = prober.node.handle_refused(quoted, where, prober.now)
    assert [] == effects
    assert 1 == prober.node.statistics().rejected["refusal"]


def test_a_long_datagram_is_recognized_by_its_beginning() -> None:
    """Kernels repeat some hundred bytes of it."""
    prober = Prober(retransmit_mult=100)
    many = [Claim(f"10.9.0.{number}:8088", 1, 0, DEAD) for number in range(1, 40)]
    prober.hear(2, Claims(many))
    target, _ = prober.probe()
    quoted = prober.datagram_to(target)[:520]
    assert 520 == len(quoted)
    prober.node.handle_refused(quoted, address(target), prober.now)
    assert 1 == prober.node.statistics().refusals


def test_refusals_can_be_switched_off() -> None:
    """Without them a machine that refuses is a silent one."""
    prober = Prober(refusals=False)
    target, _ = prober.probe()
    assert [] == prober.refuse(target)


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
    prober = Prober()
    prober.fail()
    prober.pass_interval()
    assert 3 == prober.node.statistics().local_health
    times = []
    for _ in range(4):
        prober.probe()
        times.append(prober.now)
    assert max(later - earlier for earlier, later in pairwise(times)) > 3.0
