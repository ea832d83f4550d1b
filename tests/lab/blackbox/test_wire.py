"""What the switch does to a frame."""

from __future__ import annotations

from random import Random

import pytest

from lab.blackbox.schedule import CALM, Weather
from lab.blackbox.wire import Wire

MACHINES = 3
PAYLOAD = bytes(range(200))


def frame(to: int, protocol: int = 17) -> bytes:
    """An IPv4 frame to that machine, or to all of them for -1."""
    address = b"\xff" * 6 if to < 0 else bytes((2, 0, 0, 0, 0, to + 1))
    header = b"\x45" + bytes(8) + bytes((protocol,)) + bytes(10)
    return address + bytes(6) + b"\x08\x00" + header + bytes(6) + b"\x12\x34" + PAYLOAD


@pytest.fixture
def wire() -> Wire:
    """A switch in calm weather."""
    return Wire(MACHINES, Random(1))


def test_in_calm_weather_all_arrives(wire: Wire) -> None:
    """Once, where it was sent to, or at all others; and it is counted."""
    assert [(2, frame(2))] == wire.carry(0, frame(2), 0.0)
    assert [(0, frame(-1)), (2, frame(-1))] == wire.carry(1, frame(-1), 0.0)
    assert [] == wire.carry(0, frame(200), 0.0)
    assert (3, 3 * len(frame(0))) == (wire.frames, wire.octets)


def test_a_cut_has_a_direction(wire: Wire) -> None:
    """And holds for other protocols than UDP as well."""
    wire.turn(Weather(cut=frozenset({(0, 1)})))
    assert [] == wire.carry(0, frame(1), 0.0)
    assert [] == wire.carry(0, frame(1, protocol=6), 0.0)
    assert [(0, frame(0))] == wire.carry(1, frame(0), 0.0)
    assert [(2, frame(-1))] == wire.carry(0, frame(-1), 0.0)


def test_some_are_lost(wire: Wire) -> None:
    """About as many as was said, and of UDP only."""
    wire.turn(Weather(loss=30))
    arrived = sum(len(wire.carry(0, frame(1), 0.0)) for _ in range(1000))
    assert 650 < arrived < 750
    assert 100 == sum(len(wire.carry(0, frame(1, protocol=6), 0.0)) for _ in range(100))


def test_some_are_repeated_some_of_these_late(wire: Wire) -> None:
    """A frame comes up to three times, up to five seconds later."""
    wire.turn(Weather(repeat=40))
    at_once = sum(len(wire.carry(0, frame(1), 0.0)) for _ in range(1000))
    late = wire.due(5.0)
    assert 1450 < at_once + len(late) < 1650
    assert 20 < len(late) < 90


def test_corruption_spares_the_headers_and_takes_the_checksum(wire: Wire) -> None:
    """A frame without a checksum is not dropped by the kernel."""
    wire.turn(Weather(corrupt=100))
    changed = 0
    for _ in range(100):
        [(_, data)] = wire.carry(0, frame(1), 0.0)
        assert data[:40] + b"\x12\x34" == frame(1)[:42]
        assert b"\0\0" == data[40:42]
        assert len(data) == len(frame(1))
        changed += data[42:] != PAYLOAD
    # The same bit may be turned twice.
    assert changed > 90


def test_delays_change_the_order(wire: Wire) -> None:
    """What is held back comes when it is due."""
    wire.turn(Weather(delay=50))
    sent = [frame(1) + bytes((number,)) for number in range(20)]
    assert [] == [found for each in sent for found in wire.carry(0, each, 10.0)]
    wait = wire.wait(10.0)
    assert wait is not None
    assert 0 < wait <= 0.05
    arrived = [data for _, data in wire.due(10.05)]
    assert sorted(arrived) == sorted(sent)
    assert arrived != sent
    assert wire.wait(10.0) is None


def test_when_it_becomes_calm_nothing_stays_on_its_way(wire: Wire) -> None:
    """An increment that nobody holds any more would come back otherwise in a later cycle."""
    wire.turn(Weather(delay=50))
    wire.carry(0, frame(1), 0.0)
    assert [] == wire.turn(Weather(loss=2))
    assert [(1, frame(1))] == wire.turn(CALM)
    assert [] == wire.due(100.0)
