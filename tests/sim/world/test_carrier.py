"""Datagrams between machines."""

from __future__ import annotations

import pytest

from gossipd.sim.world import Faults, World
from tests.sim.world.fakes import cluster, fake


def test_datagrams_to_nobody_vanish() -> None:
    """Neither an unknown address nor a stopped node receives anything."""
    world = cluster(2)
    Faults(world).crash(1)
    world.run(2.0)
    assert world.network.vanished > 0
    assert world.network.overflowed == 0


def refusals(world: World, node: int = 0) -> list[float]:
    """Returns when a node was told that a datagram of its was refused."""
    return [entry[-1] for entry in fake(world, node).inputs if entry[0] == "refused"]


def heard(world: World, node: int) -> list[str]:
    """Returns the datagrams that a node was handed."""
    return [entry[1].decode() for entry in fake(world, node).inputs if entry[0] == "datagram"]


def test_a_machine_without_the_process_refuses() -> None:
    """The sender is told at once, of which datagram and by whom."""
    world = cluster(2)
    Faults(world).crash(1)
    crashed = world.now
    world.carrier.transmit(b"pong x" * 200, world.host(0).address, world.host(1).address)
    world.run(0.1)
    quoted = (b"pong x" * 200)[:520]
    refused = ("refused", quoted, world.host(1).address, pytest.approx(crashed + 0.002))
    assert refused in fake(world, 0).inputs
    assert 1 == world.network.refused


def test_a_machine_that_is_gone_says_nothing() -> None:
    """As one that has lost its power, until its process is started again."""
    world = cluster(3)
    Faults(world).crash(1, gone=True)
    Faults(world).crash(2, power_cut=True)
    world.run(2.0)
    assert [] == refusals(world)
    world.start(1)
    Faults(world).crash(1)
    world.run(1.0)
    assert [] != refusals(world)


def test_a_machine_refuses_a_few_datagrams_a_second() -> None:
    """Six at once to one sender, and then one a second: silence shows nothing."""
    world = cluster(2)
    Faults(world).crash(1)
    for _ in range(40):
        world.carrier.transmit(b"pong x", world.host(0).address, world.host(1).address)
    world.run(0.9)
    assert 6 == len(refusals(world))
    world.run(2.0)
    world.carrier.transmit(b"pong x", world.host(0).address, world.host(1).address)
    before = len(refusals(world))
    world.run(0.01)
    assert before + 1 == len(refusals(world)) or before > 6


def test_a_firewall_rejects_between_two_machines_only() -> None:
    """Each side is told that the other refuses, and both reach everybody else."""
    world = cluster(3)
    one, other = world.host(0).address, world.host(1).address
    rule = world.network.reject([one], [other])
    world.carrier.transmit(b"pong x", one, other)
    world.carrier.transmit(b"pong x", one, world.host(2).address)
    world.run(0.01)
    told = [entry[2] for entry in fake(world, 0).inputs if entry[0] == "refused"]
    assert [other] == told
    assert "pong x" not in heard(world, 1)
    assert "pong x" in heard(world, 2)
    world.network.heal(rule)
    assert not world.network.rejects(one, other)


def test_a_paused_process_hears_of_refusals_later() -> None:
    """They wait for it, as datagrams do."""
    world = cluster(2)
    Faults(world).crash(1)
    world.run(0.001)
    Faults(world).pause(0, 1.0)
    resumed = world.now + 1.0
    world.carrier.transmit(b"pong x", world.host(0).address, world.host(1).address)
    world.run(2.0)
    assert pytest.approx(resumed) == min(refusals(world))


def test_broadcasts_reach_everybody_if_there_are_any() -> None:
    """With broadcasts on, every machine hears it, the sender's own too, from the discovery port."""
    world = cluster(3, broadcasts=True)
    heard = []
    world.on_reading.append(lambda now, source, target, data: heard.append((source, target, data)))
    world.carrier.broadcast(b"pong 10.0.0.1:8088", world.host(0).address)
    world.run(0.01)
    world.carrier.broadcasts = False
    world.carrier.broadcast(b"pong 10.0.0.1:8088", world.host(0).address)
    world.run(0.01)
    source = ("10.0.0.1", 7000)
    targets = [(f"10.0.0.{number}", 8088) for number in (1, 2, 3)]
    beacons = [entry for entry in heard if entry[0] == source]
    assert sorted(beacons) == [(source, target, b"pong 10.0.0.1:8088") for target in targets]
