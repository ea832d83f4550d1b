"""The simulated network by itself."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from gossipd.sim.world import FixedDelay, LogNormalDelay, Network, UniformDelay

A, B, C = ("10.0.0.1", 1), ("10.0.0.2", 1), ("10.0.0.3", 1)


def network(**options: Any) -> Network:
    """A network with a fixed delay of 1 s."""
    return Network(Random(7), **{"delay": FixedDelay(1.0), **options})


def arrivals(net: Network, source: Any, target: Any, number: int = 1000) -> int:
    """How many copies of so many datagrams arrive."""
    return sum(len(net.send(b"x", source, target, 0.0)) for _ in range(number))


def test_a_datagram_arrives_once_after_the_delay() -> None:
    """Without faults there is one copy, with the delay as drawn."""
    assert network().send(b"x", A, B, 0.0) == [1.0]


def test_delays_stay_within_their_kind() -> None:
    """Uniform delays lie within the bounds; half of the log-normal ones below the median."""
    rng = Random(1)
    uniform = [UniformDelay(1.0, 2.0).draw(rng) for _ in range(1000)]
    assert 1.0 <= min(uniform) < 1.01
    assert 1.99 < max(uniform) <= 2.0
    tailed = [LogNormalDelay(1.0, 0.5).draw(rng) for _ in range(1000)]
    assert 450 < sum(delay < 1.0 for delay in tailed) < 550
    assert min(tailed) > 0.0


def test_loss_is_as_frequent_as_asked() -> None:
    """At 30 % about 700 of 1,000 arrive, and the others are counted."""
    net = network(loss_ratio=0.3)
    arrived = arrivals(net, A, B)
    assert 650 < arrived < 750
    assert net.lost == 1000 - arrived


def test_loss_of_one_link_spares_the_others() -> None:
    """A rule for A to B says nothing about B to A or A to C."""
    net = network()
    net.lose(0.5, [A], [B])
    assert 450 < arrivals(net, A, B) < 550
    assert arrivals(net, B, A) == arrivals(net, A, C) == 1000


def test_loss_towards_one_node_comes_from_everywhere() -> None:
    """None stands for every source."""
    net = network()
    net.lose(1.0, None, [B])
    assert arrivals(net, A, B) == arrivals(net, C, B) == 0
    assert arrivals(net, B, C) == 1000


def test_duplicates_arrive_twice() -> None:
    """At 10 % about 1,100 copies of 1,000 datagrams arrive."""
    net = network(duplicate_ratio=0.1)
    arrived = arrivals(net, A, B)
    assert 1060 < arrived < 1140
    assert net.duplicated == arrived - 1000


def test_reordered_datagrams_come_later() -> None:
    """Some are held back besides, the others are not."""
    net = network(reorder_ratio=0.2, reorder_delay=FixedDelay(5.0))
    delays = [net.send(b"x", A, B, 0.0)[0] for _ in range(1000)]
    assert 150 < delays.count(6.0) < 250
    assert delays.count(1.0) + delays.count(6.0) == 1000


@pytest.mark.parametrize(("one_way", "back"), [(True, 1), (False, 0)])
def test_a_partition_cuts_one_or_both_ways(one_way: bool, back: int) -> None:
    """Nothing passes from A to B; what passes back depends; C is not concerned."""
    net = network()
    net.partition([A], [B], one_way=one_way)
    assert arrivals(net, A, B, 1) == 0
    assert arrivals(net, B, A, 1) == back
    assert arrivals(net, A, C, 1) == arrivals(net, C, B, 1) == 1


def test_healing_names_rules_or_takes_all() -> None:
    """Healing one partition leaves the other; healing without arguments ends all."""
    net = network()
    first = net.partition([A], [B])
    net.partition([A], [C])
    net.heal(*first)
    assert (arrivals(net, A, B, 1), arrivals(net, A, C, 1)) == (1, 0)
    net.heal()
    assert arrivals(net, A, C, 1) == 1


def test_traffic_is_counted_by_address() -> None:
    """Payload, and with 28 bytes of headers for each datagram; the largest is remembered."""
    net = network()
    net.send(b"12345", A, B, 0.0)
    net.send(b"123", A, B, 0.0)
    net.arrived(b"123", B, "received")
    sender, receiver = net.counts(A), net.counts(B)
    assert (sender.sent, sender.sent_bytes, sender.sent_wire_bytes()) == (2, 8, 64)
    assert (receiver.received, receiver.received_bytes) == (1, 3)
    assert (net.sent, net.largest_bytes) == (2, 5)


def test_observers_see_every_datagram_and_its_fate() -> None:
    """A lost datagram is seen with no copies."""
    net, seen = network(), list[Any]()
    net.observers.append(lambda *call: seen.append(call))
    net.send(b"x", A, B, 1.5)
    net.partition([A], [B])
    net.send(b"y", A, B, 2.5)
    assert seen == [(1.5, A, B, b"x", 1), (2.5, A, B, b"y", 0)]


def test_equal_generators_give_equal_fates() -> None:
    """The same calls draw the same delays."""
    options = {"loss_ratio": 0.2, "duplicate_ratio": 0.2, "reorder_ratio": 0.2}
    first, second = network(**options), network(**options)
    assert [first.send(b"x", A, B, 0.0) for _ in range(200)] == [
        second.send(b"x", A, B, 0.0) for _ in range(200)
    ]
