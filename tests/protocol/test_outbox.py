"""The way out."""

from __future__ import annotations

from random import Random

from gossipd.protocol import Identity, ProtocolConfig, Transmit
from gossipd.protocol.effects import Notify
from gossipd.protocol.events import IdConflict
from gossipd.protocol.outbox import Outbox
from gossipd.protocol.wire.messages import DEAD, SUSPECT, Claim, Claims, Nack, Ping
from tests.protocol.conversation import WALL_MS, address, node_id, opened


def outbox(**changes: object) -> Outbox:
    """The way out of node 1."""
    config = ProtocolConfig.profile("lan", **changes)
    return Outbox(config, Identity(node_id(1), 7, WALL_MS), WALL_MS, Random(1), 0.0)


def claims_in(out: Outbox) -> list[Claim]:
    """Every claim in what was sent."""
    return [
        claim
        for effect in out.effects
        if isinstance(effect, Transmit)
        for message in opened(effect.data)
        if isinstance(message, Claims)
        for claim in message.claims
    ]


def test_news_fills_a_datagram_and_no_more() -> None:
    """With hundreds of claims waiting, every datagram stays within the limit and is well used."""
    out = outbox()
    for number in range(300):
        out.queue.put(Claim(f"10.1.{number // 250}.{number % 250}:8088", WALL_MS, 0, 0))
    for _ in range(10):
        out.send_news(address(2), None, Ping(1, node_id(2), 5, 6))
    sizes = [len(effect.data) for effect in out.effects if isinstance(effect, Transmit)]
    assert 1400 >= max(sizes)
    assert 1200 < min(sizes)


def test_a_suspect_is_told_what_is_said_of_it() -> None:
    """So it can refute at once; without the buddy system it must wait for gossip."""
    for buddy, told in ((True, 1), (False, 0)):
        out = outbox(buddy=buddy)
        row = out.table.add(Claim(node_id(2), WALL_MS, 0, SUSPECT, node_id(3)), 0.0)
        out.send_news(row.address, row, Nack(1))
        assert told == len(claims_in(out))


def test_without_the_buddy_system_gossip_may_tell_a_suspect() -> None:
    """As it tells anybody (plain SWIM): nobody could refute otherwise. With it, it says so once."""
    for buddy in (True, False):
        out = outbox(buddy=buddy)
        row = out.table.add(Claim(node_id(2), WALL_MS, 0, SUSPECT, node_id(3)), 0.0)
        out.queue.put(row.claim())
        out.send_news(row.address, row, Nack(1))
        assert [row.claim()] == claims_in(out)


def test_the_dead_are_always_told() -> None:
    """That is no part of the buddy system: without it nobody came back."""
    out = outbox(buddy=False)
    row = out.table.add(Claim(node_id(2), WALL_MS, 0, DEAD, node_id(3)), 0.0)
    out.send_news(row.address, row, Nack(1))
    assert [row.claim()] == claims_in(out)


def test_nothing_is_sent_when_there_is_nothing_to_say() -> None:
    """An empty datagram would be one that everybody has to read."""
    out = outbox()
    assert not out.send_news(address(2), None)
    assert [] == out.effects


def test_traffic_is_counted_by_the_first_message() -> None:
    """Datagrams and their bytes."""
    out = outbox()
    out.send(address(2), Nack(1))
    out.send(address(2), Nack(2))
    [sizes] = [[len(e.data) for e in out.effects if isinstance(e, Transmit)]]
    counted = out.statistics.sent["nack"]
    assert (2, sum(sizes)) == (counted.datagrams, counted.bytes)


def test_an_event_that_packets_cause_comes_once_a_minute() -> None:
    """However many packets there are."""
    out = outbox()
    for second in range(100):
        out.now = float(second)
        out.notify_seldom("conflict", IdConflict("a", "b"))
    assert 2 == sum(isinstance(effect, Notify) for effect in out.effects)
