"""Who holds whom for alive, told event by event."""

from __future__ import annotations

from gossipd.protocol import MemberDead, MemberJoined, MemberLeft, MemberRecovered
from gossipd.sim.world import WALL_CLOCK_MS, Faults, Observed, node_id_of
from gossipd.sim.world.incidents import Paused
from tests.sim.quiet import quiet, tell


def test_joined_nodes_agree() -> None:
    """From the beginning on."""
    _, agreement = quiet(3, joined=True)
    agreement.step("start")
    assert (0, [3, 3, 3]) == (agreement.wrong, agreement.members_seen())
    assert 0.0 == agreement.steps[0].agreed_after


def test_nodes_that_start_have_to_meet() -> None:
    """Each pair is wrong until the observer has the subject; then the step is over."""
    world, agreement = quiet(2, joined=False)
    agreement.step("start")
    assert (2, [1, 1]) == (agreement.wrong, agreement.members_seen())
    world.run(0.5)
    for observer in range(2):
        assert agreement.steps[0].agreed_after is None
        tell(world, observer, MemberJoined(node_id_of(1 - observer), WALL_CLOCK_MS, None))
    assert (0, 0.5) == (agreement.wrong, agreement.steps[0].agreed_after)


def test_a_crash_is_wrong_until_all_know() -> None:
    """The last verdict ends it, and is told."""
    world, agreement = quiet(3, joined=True)
    forgotten: list[tuple[float, int]] = []
    agreement.on_forgotten.append(lambda time, subject: forgotten.append((time, subject)))
    Faults(world).crash(2)
    assert (2, 2) == (agreement.wrong, agreement.holders(2))
    world.run(0.25)
    for observer in range(2):
        assert [] == forgotten
        tell(world, observer, MemberDead(node_id_of(2), node_id_of(0)))
    assert [(0.25, 2)] == forgotten
    assert (0, [2, 2]) == (agreement.wrong, agreement.members_seen())


def test_a_step_begins_when_the_last_process_is_gone() -> None:
    """Until then all rightly agree that it is a member, so there is nothing to measure."""
    world, agreement = quiet(3, joined=True)
    agreement.step("leave", ending=(1, 2))
    world.run(0.5)
    Faults(world).crash(1)
    tell(world, 0, MemberLeft(node_id_of(1)))
    world.run(0.5)
    tell(world, 2, MemberLeft(node_id_of(1)))
    assert (0, None) == (agreement.wrong, agreement.steps[0].agreed_after)
    Faults(world).crash(2)
    assert (1, None) == (agreement.wrong, agreement.steps[0].agreed_after)
    world.run(0.25)
    tell(world, 0, MemberLeft(node_id_of(2)))
    assert (1.0, 0.25) == (agreement.steps[0].at, agreement.steps[0].agreed_after)


def test_an_observer_that_crashes_knows_nothing_more() -> None:
    """Nobody waits for it."""
    world, agreement = quiet(3, joined=True)
    Faults(world).crash(2)
    tell(world, 0, MemberDead(node_id_of(2), node_id_of(0)))
    tell(world, 0, MemberDead(node_id_of(1), node_id_of(0)))
    Faults(world).crash(1)
    assert (0, [1]) == (agreement.wrong, agreement.members_seen())


def test_a_new_process_has_to_be_known_as_such() -> None:
    """Who still has the old one alive is wrong, recovered from a suspicion or not."""
    world, agreement = quiet(2, joined=True)
    Faults(world).restart(1)
    world.run(0.0)
    assert 2 == agreement.wrong
    tell(world, 0, MemberRecovered(node_id_of(1), "suspect"))
    assert 2 == agreement.wrong
    tell(world, 0, MemberJoined(node_id_of(1), WALL_CLOCK_MS + 1, WALL_CLOCK_MS))
    assert 1 == agreement.wrong
    tell(world, 1, MemberJoined(node_id_of(0), WALL_CLOCK_MS, None))
    assert 0 == agreement.wrong


def test_a_false_verdict_is_wrong_until_it_is_taken_back() -> None:
    """Dead or left, for a member that runs."""
    world, agreement = quiet(2, joined=True)
    tell(world, 0, MemberDead(node_id_of(1), node_id_of(0)))
    assert (1, [1, 2]) == (agreement.wrong, agreement.members_seen())
    tell(world, 0, MemberRecovered(node_id_of(1), "dead"))
    assert 0 == agreement.wrong
    tell(world, 0, MemberLeft(node_id_of(1)))
    assert 1 == agreement.wrong


def test_a_machine_that_is_set_back_holds_what_it_held_then() -> None:
    """Others do not change their minds, and one that had crashed runs again."""
    world, agreement = quiet(2, joined=True)
    snapshot = world.host(0).snapshot()
    assert snapshot is not None
    Faults(world).crash(0)
    tell(world, 1, MemberDead(node_id_of(0), node_id_of(1)))
    assert [False, True] == agreement.running
    Faults(world).set_back(0, snapshot)
    assert [True, True] == agreement.running
    # It begins without rows, and the other one has it as dead.
    assert (2, [1, 1]) == (agreement.wrong, agreement.members_seen())


def test_running_time_is_summed() -> None:
    """Over all nodes, as long as each runs."""
    world, agreement = quiet(3, joined=True)
    world.run(1.0)
    Faults(world).crash(0)
    world.run(1.0)
    assert 5.0 == agreement.node_seconds()
    assert [False, True, True] == agreement.running
    world.log.note(Observed(world.now, node_id_of(1), 1, Paused()))
    assert 5.0 == agreement.node_seconds()
