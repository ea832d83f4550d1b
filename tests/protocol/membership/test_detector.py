"""The probe cycle: one input, and what exactly it makes a node do."""

from __future__ import annotations

from typing import Any

import pytest

from gossipd.protocol import Node, ProtocolConfig
from gossipd.protocol.membership.echoes import RoundTrip, RoundTrips
from gossipd.protocol.wire import SUSPECT, Ack, Claim, Claims, Message, Nack, Ping, PingReq
from tests.protocol.conversation import (
    Conversation,
    address,
    datagram,
    make_node,
    messages_of,
    node_id,
    sender,
    sent,
)


class Prober:
    """Node 1 of a few, whose peers do only what a test makes them do."""

    def __init__(self, peers: int = 4, **changes: Any) -> None:
        config = ProtocolConfig.profile("lan", **changes)
        self.node: Node = make_node(1, config)
        self.talk = Conversation(self.node, *(make_node(n, config) for n in range(2, 2 + peers)))
        self.talk.meet()
        self.now = 0.0
        self.node.start(self.now)
        self.talk.nodes.clear()

    def hear(self, number: int, *messages: Message) -> list[Any]:
        """Hands the node a datagram of the peer of that number, and returns the effects."""
        return self.node.handle_datagram(
            datagram(sender(number), *messages), address(number), self.now
        )

    def until(self, kind: type[Message]) -> list[tuple[tuple[str, int], Message]]:
        """Fires timers until a message of this kind is sent. Returns all that was sent with it."""
        for _ in range(200):
            due = self.node.next_timeout()
            assert due is not None
            self.now = due
            out = sent(self.node.handle_timeout(self.now))
            if any(isinstance(message, kind) for _, message in out):
                return out
        raise AssertionError(f"no {kind.__name__} was sent")

    def probe(self) -> tuple[int, Ping]:
        """Waits for the next probe. Returns the number of its target, and the ping."""
        for to, message in self.until(Ping):
            if isinstance(message, Ping) and message.target:
                return int(to[0].rpartition(".")[2]), message
        return self.probe()

    def state(self, number: int) -> str:
        """Returns the state that a peer has in the node's table."""
        return next(view.state for view in self.node.members() if view.id == node_id(number))

    def fail(self) -> tuple[int, Ping, list[int]]:
        """Lets a probe go on until relays are asked. Returns target, ping and relays."""
        target, ping = self.probe()
        out = self.until(PingReq)
        relays = [int(to[0].rpartition(".")[2]) for to, m in out if isinstance(m, PingReq)]
        return target, ping, relays

    def pass_interval(self) -> None:
        """Lets time pass until the next probe."""
        self.probe()

    @property
    def outcomes(self) -> dict[str, int]:
        """Returns how many probes ended, by outcome."""
        return self.node.statistics().probes


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
    prober.pass_interval()
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


# As a relay


def test_a_relay_pings_the_target() -> None:
    """A ping_req makes the relay ping its target under a number of its own."""
    prober = Prober()
    effects = prober.hear(2, PingReq(5, node_id(3)))
    [(to, ping)] = [(to, m) for to, m in sent(effects) if isinstance(m, Ping)]
    assert (address(3), node_id(3), False) == (to, ping.target, ping.number == 5)


def test_a_relay_passes_the_ack_on() -> None:
    """The target's ack goes to who asked, under the number that it asked with."""
    prober = Prober()
    [ping] = messages_of(prober.hear(2, PingReq(5, node_id(3))), Ping)
    effects = prober.hear(3, Ack(ping.number))
    assert [(address(2), Ack(5))] == [(to, m) for to, m in sent(effects) if isinstance(m, Ack)]


def test_a_relay_nacks_before_the_patience_ends() -> None:
    """A relay that hears nothing says so after four fifths of the time-out."""
    prober = Prober()
    start = prober.now
    prober.hear(2, PingReq(5, node_id(3)))
    out = prober.until(Nack)
    assert ([(address(2), Nack(5, tried=True))], pytest.approx(start + 0.4)) == (
        [(to, m) for to, m in out if isinstance(m, Nack)],
        prober.now,
    )


@pytest.mark.parametrize("target", [2, 99])
def test_a_relay_without_the_target_nacks_at_once(target: int) -> None:
    """A relay that has removed the target, or does not know it, does not let the asker wait."""
    prober = Prober()
    prober.node.remove(node_id(2), prober.now)
    effects = prober.hear(3, PingReq(5, node_id(target)))
    assert [(address(3), Nack(5))] == sent(effects)


def test_an_ack_after_the_nack_is_passed_on() -> None:
    """A late ack is worth more than the nack before it."""
    prober = Prober()
    [ping] = messages_of(prober.hear(2, PingReq(5, node_id(3))), Ping)
    prober.until(Nack)
    assert [Ack(5)] == messages_of(prober.hear(3, Ack(ping.number)), Ack)


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
