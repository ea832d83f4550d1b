"""Datagrams between machines."""

from __future__ import annotations

from gossipd.sim.world import (
    Faults,
)
from tests.sim.world.fakes import cluster


def test_datagrams_to_nobody_vanish() -> None:
    """Neither an unknown address nor a stopped node receives anything."""
    world = cluster(2)
    Faults(world).crash(1)
    world.run(2.0)
    assert world.network.vanished > 0
    assert world.network.overflowed == 0


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
