"""Machines whose datagrams come from elsewhere."""

from __future__ import annotations

import pytest

from gossipd.sim.world import Faults
from gossipd.sim.world.translation import Translation
from tests.sim.world.fakes import cluster

HERE, THERE, OTHER = ("10.0.0.1", 8088), ("11.0.0.1", 8088), ("10.0.0.2", 8088)


@pytest.mark.parametrize("mapped", [True, False])
def test_a_machine_appears_elsewhere_until_the_end(mapped: bool) -> None:
    """It is reached there, and where it says only if that is mapped."""
    translation = Translation()
    translation.begin(HERE, mapped=mapped)
    assert (THERE, OTHER) == (translation.source(HERE), translation.source(OTHER))
    assert (HERE, HERE) == (translation.target(THERE), translation.target(HERE))
    assert (not mapped, False) == (translation.hides(HERE), translation.hides(OTHER))
    translation.begin(HERE, mapped=True)
    assert not translation.hides(HERE)
    translation.end(HERE)
    translation.end(OTHER)
    assert (HERE, THERE) == (translation.source(HERE), translation.target(THERE))


def test_all_translation_ends_at_once() -> None:
    """As when the network is repaired."""
    translation = Translation()
    translation.begin(HERE, mapped=False)
    translation.begin(OTHER, mapped=True)
    translation.clear()
    assert (HERE, OTHER) == (translation.source(HERE), translation.source(OTHER))
    assert not translation.hides(HERE)


@pytest.mark.parametrize(("mapped", "reached"), [(True, 2), (False, 1)])
def test_datagrams_are_translated_on_their_way(mapped: bool, reached: int) -> None:
    """Both ways; rules of the network know the machine by its own address."""
    world = cluster(2)
    world.run(2.0)
    heard = []
    world.on_reading.append(lambda now, source, target, data: heard.append((source, target, data)))
    Faults(world).translate(0, mapped=mapped)
    one, other = world.addresses([0, 1])
    world.carrier.transmit(b"pong out", one, other)
    world.carrier.transmit(b"pong back", other, THERE)
    world.carrier.transmit(b"pong direct", other, one)
    world.run(0.01)
    assert (THERE, other, b"pong out") in heard
    to_one = [
        data
        for _, target, data in heard
        if target == one and data in (b"pong back", b"pong direct")
    ]
    assert reached == len(to_one)
