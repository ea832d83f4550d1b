"""The relay's side of a probe."""

from __future__ import annotations

import pytest

from gossipd.protocol.wire import Ack, Nack, Ping, PingReq
from tests.protocol.conversation import address, messages_of, node_id, sent
from tests.protocol.membership.prober import Prober


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


def test_a_relay_says_at_once_that_it_was_refused() -> None:
    """The prober need not wait for what a machine has said already."""
    prober = Prober()
    prober.hear(2, PingReq(5, node_id(3)))
    effects = prober.refuse(3)
    assert [(address(2), Nack(5, tried=True, refused=True))] == sent(effects)
    assert 0 == prober.node.statistics().waiting["relays"]
