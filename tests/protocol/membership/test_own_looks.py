"""What a node does before it believes that a member is dead whom others accuse."""

from __future__ import annotations

import pytest

from gossipd.protocol import Address
from gossipd.protocol.membership.own_looks import OwnLooks
from gossipd.protocol.membership.peer import Peer
from gossipd.protocol.wire import DEAD, SUSPECT, Ack, Claim, Claims, Ping
from tests.protocol.conversation import address, node_id, opened, sender, sent
from tests.protocol.membership.seen import Seen


def pings(seen: Seen) -> list[Ping]:
    """Returns the pings to member 2 since the last call."""
    effects = seen.runtime.take_effects()
    return [each for to, each in sent(effects) if to == address(2) and isinstance(each, Ping)]


def ack(seen: Seen, ping: Ping, source: Address) -> None:
    """Hands over an ack."""
    found = seen.echoes.get(ping.number)
    if found is not None:
        found.on_ack(Ack(ping.number), found, Peer(source, sender(2), 0))


def test_the_ping_brings_the_accusation() -> None:
    """So that the member can refute it at once."""
    seen = Seen(9)
    seen.say(2, SUSPECT, accuser=3)
    ((ping, claims),) = [opened(data) for data in seen.parts.sent()]
    assert isinstance(ping, Ping)
    assert isinstance(claims, Claims)
    assert Claim(node_id(2), 1, 0, SUSPECT, node_id(3)) == claims.claims[0]


@pytest.mark.parametrize(("source", "state"), [(2, SUSPECT), (3, DEAD)])
def test_who_answers_is_not_dead(source: int, state: int) -> None:
    """From its own address, as often as it is looked at; the word of a relay is not enough."""
    seen = Seen(9)
    seen.say(2, SUSPECT, accuser=3)
    for _ in range(400):
        for ping in pings(seen):
            ack(seen, ping, address(source))
        seen.wait(0.1)
    assert state == seen.row(2)[2]


def test_who_answers_no_longer_is_dead() -> None:
    """Within a second or two after the suspicion would have ended."""
    seen = Seen(9)
    seen.say(2, SUSPECT, accuser=3)
    (ping,) = pings(seen)
    ack(seen, ping, address(2))
    found = seen.verdict(2)
    assert found is not None
    assert 18.0 < found <= 20.0


def test_two_pings_are_a_probe() -> None:
    """One may be lost."""
    seen = Seen(9)
    seen.say(2, SUSPECT, accuser=3)
    seen.wait(5.0)
    assert 2 == len(pings(seen))


def test_who_recovers_is_looked_at_no_more() -> None:
    """A look ends with the suspicion."""
    seen = Seen(9)
    seen.say(2, SUSPECT, accuser=3)
    seen.say(2, 0, incarnation=1)
    assert {"pings": 0} == seen.echoes.waiting()


def test_the_accuser_tells_a_suspect_until_it_answers() -> None:
    """Each second. What is lost of its word would else be told again by nobody."""
    seen = Seen(9)
    seen.view.suspect(seen.parts.table.rows[node_id(2)])
    told = 0
    for _ in range(40):
        found = pings(seen)
        told += len(found)
        for ping in found:
            ack(seen, ping, address(2))
        seen.wait(0.1)
    assert 3 == told
    seen.say(2, 0, incarnation=1)
    pings(seen)
    seen.wait(3.0)
    assert [] == pings(seen)


def test_accusations_are_no_flood_of_pings() -> None:
    """However many members are accused in a second."""
    seen = Seen(9)
    looks = OwnLooks(seen.runtime, seen.echoes, seen.parts.gossip, seen.awareness, "look")
    row = seen.table.rows[node_id(2)]
    begun = 0
    for _ in range(1000):
        begun += looks.begin(row, lambda row, reached: None)
        looks.end(row)
    assert 512 == begun
