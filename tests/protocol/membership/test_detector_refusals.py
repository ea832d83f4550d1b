"""What a node does when a machine refuses its pings."""

from __future__ import annotations

import pytest

from gossipd.protocol import MemberDead
from gossipd.protocol.wire import DEAD, REFUSED, SUSPECT, Ack, Claim, Claims, Ping, PingReq
from tests.protocol.conversation import address, messages_of, node_id, noted, sent
from tests.protocol.membership.prober import Prober


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
