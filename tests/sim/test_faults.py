"""Every fault befalls its nodes at its time, and ends in time."""

from __future__ import annotations

import pytest

from gossipd.protocol import ProtocolConfig
from gossipd.sim.detection import Detection
from gossipd.sim.faults import Faults
from gossipd.sim.notation import fault
from gossipd.sim.record import Befell
from gossipd.sim.views import Views
from gossipd.sim.world import World
from tests.sim.test_views import quiet


def befallen(kind: str, text: str, numbers: tuple[int, ...] = (0,)) -> tuple[World, Views]:
    """Four fake nodes, ten seconds after such a fault was scheduled."""
    world, views = quiet(4, joined=True)
    detection = Detection(world, views, ProtocolConfig())
    Faults(world, views, detection).schedule(fault(kind, text), numbers)
    world.run(10.0)
    return world, views


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("crash", "1@2", [(2.0, "crashed")]),
        ("restart", "1@2", [(2.0, "crashed"), (2.0, "started")]),
        ("restart", "1@2+3,state=lost", [(2.0, "crashed, state lost"), (5.0, "started")]),
        ("leave", "1@2", [(2.0, "leaving"), (2.0, "left")]),
        ("pause", "1@2+3", [(2.0, "paused"), (5.0, "resumed")]),
        ("pause", "1@2", [(2.0, "paused")]),
        (
            "flip-flop",
            "1@2+5,paused=2s,running=1s",
            [(2.0, "paused"), (4.0, "resumed"), (5.0, "paused"), (7.0, "resumed")],
        ),
        ("block", "1@2+3", [(2.0, "blocked"), (5.0, "unblocked")]),
        ("block", "1@2", [(2.0, "blocked")]),
        (
            "block",
            "1@2+5,blocked=2s,free=1s",
            [(2.0, "blocked"), (4.0, "unblocked"), (5.0, "blocked"), (7.0, "unblocked")],
        ),
        (
            "block",
            "1@2,blocked=6s,free=1s",
            [(2.0, "blocked"), (8.0, "unblocked"), (9.0, "blocked")],
        ),
        ("slow", "1@2+3", [(2.0, "slow"), (5.0, "prompt")]),
        ("clock-jump", "1@2,by=90s", [(2.0, "clock +90 s")]),
    ],
)
def test_what_befalls_a_node(kind: str, text: str, expected: list[tuple[float, str]]) -> None:
    """In the record, with its times."""
    world, _ = befallen(kind, text)
    assert expected == [(seen.time, seen.event.what) for seen in world.of(Befell)][4:]


@pytest.mark.parametrize("kind", ["partition", "one-way"])
def test_links_are_cut_and_mended(kind: str) -> None:
    """Both ways or one, and never longer than that."""
    world, views = quiet(2, joined=True)
    detection = Detection(world, views, ProtocolConfig())
    Faults(world, views, detection).schedule(fault(kind, "1@2+3"), (0,))
    one, other = world.addresses([0, 1])

    def arriving() -> list[int]:
        network = world.network
        return [
            len(network.send(b"", source, target, world.now))
            for source, target in ((one, other), (other, one))
        ]

    world.run(3.0)
    assert [0, 0 if kind == "partition" else 1] == arriving()
    world.run(3.0)
    assert [1, 1] == arriving()


def test_the_clock_jump_shows_at_the_next_start() -> None:
    """It is the wall clock of the machine."""
    world, _ = befallen("clock-jump", "1@2,by=-1h")
    assert -3600.0 == world.host(0).clock_offset


@pytest.mark.parametrize(
    ("kind", "text", "at"),
    [("crash", "1@2", 2.0), ("restart", "1@2+3", 5.0), ("pause", "1@2+3", 5.0)],
)
def test_agreement_is_measured_from_there_on(kind: str, text: str, at: float) -> None:
    """From a crash, and from the end of what ends."""
    _, views = befallen(kind, text)
    assert [at] == [step.at for step in views.steps]


@pytest.mark.parametrize("kind", ["crash", "restart", "leave", "pause", "block", "slow"])
def test_a_node_that_does_not_run_is_passed_over(kind: str) -> None:
    """It cannot crash twice."""
    world, views = quiet(2, joined=True)
    world.crash(0)
    detection = Detection(world, views, ProtocolConfig())
    Faults(world, views, detection).schedule(fault(kind, "1@2"), (0,))
    world.run(3.0)
    assert ["started", "started", "crashed"] == [seen.event.what for seen in world.of(Befell)]
