"""Which verdicts are right, how late they come, and which are false."""

from __future__ import annotations

import pytest

from gossipd.protocol import MemberDead, MemberSuspect, ProtocolConfig
from gossipd.sim.judge.detection import Detection
from gossipd.sim.world import Faults, World, node_id_of
from tests.sim.quiet import quiet, tell


@pytest.fixture
def followed() -> tuple[World, Detection]:
    """Three nodes that know each other."""
    world, agreement = quiet(3, joined=True)
    return world, Detection(world, agreement, ProtocolConfig())


def dead(world: World, observer: int, subject: int, accuser: int | None = None) -> None:
    """Let a node report a death."""
    by = observer if accuser is None else accuser
    tell(world, observer, MemberDead(node_id_of(subject), node_id_of(by)))


def test_a_crash_is_timed(followed: tuple[World, Detection]) -> None:
    """Until the first node knows, and until all do."""
    world, detection = followed
    Faults(world).crash(2)
    world.run(0.25)
    dead(world, 0, 2)
    world.run(0.25)
    dead(world, 1, 2)
    assert [(0.0, 0.25, 0.5, False)] == [
        (crash.at, crash.first, crash.everywhere, crash.restarted) for crash in detection.crashes
    ]
    assert [0.25, 0.5] == list(detection.delays)
    assert 0 == detection.false_deaths


def test_a_restart_ends_the_search(followed: tuple[World, Detection]) -> None:
    """Nobody need find a crash whose node is back."""
    world, detection = followed
    Faults(world).restart(2, after=0.1)
    world.run(0.2)
    assert [True] == [crash.restarted for crash in detection.crashes]


def test_the_death_of_a_healthy_member_is_false(followed: tuple[World, Detection]) -> None:
    """And counts as one at a healthy node, unless the observer has a fault itself."""
    world, detection = followed
    dead(world, 0, 2)
    detection.afflict((1,))
    dead(world, 1, 2)
    assert (2, 1) == (detection.false_deaths, detection.at_healthy)


def test_a_fault_excuses_for_as_long_as_a_suspicion_lasts(
    followed: tuple[World, Detection],
) -> None:
    """Longest suspicion of 3 nodes: 18 s, and an interval."""
    world, detection = followed
    detection.afflict((2,))
    dead(world, 0, 2)
    detection.relieve((2,))
    world.at(18.9, dead, world, 0, 2)
    world.at(19.1, dead, world, 1, 2)
    world.run(18.95)
    assert (0, False) == (detection.false_deaths, detection.healthy(2))
    world.run(0.2)
    assert (1, True) == (detection.false_deaths, detection.healthy(2))


@pytest.mark.parametrize(
    ("observer", "accuser", "subject", "false"),
    [(0, 0, 2, 0), (2, 2, 0, 0), (0, 2, 1, 0), (0, 0, 1, 1), (0, 1, 1, 1)],
)
def test_a_cut_excuses_verdicts_across_it(
    followed: tuple[World, Detection], observer: int, accuser: int, subject: int, false: int
) -> None:
    """Whether the observer or the accuser could not reach the subject."""
    world, detection = followed
    cut = detection.cut((2,))
    dead(world, observer, subject, accuser)
    assert false == detection.false_deaths
    detection.mend(cut)
    world.clock.now = 100.0
    dead(world, observer, subject, accuser)
    assert false + 1 == detection.false_deaths


def test_suspicions_count_where_they_are_raised(followed: tuple[World, Detection]) -> None:
    """Of healthy members, once each."""
    world, detection = followed
    for observer in range(2):
        tell(world, observer, MemberSuspect(node_id_of(2), node_id_of(0)))
    Faults(world).crash(2)
    tell(world, 1, MemberSuspect(node_id_of(2), node_id_of(1)))
    assert 1 == detection.suspicions
