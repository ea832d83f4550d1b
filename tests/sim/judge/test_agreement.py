"""Who holds whom for alive, told event by event."""

from __future__ import annotations

from gossipd.protocol import MemberDead, MemberJoined, MemberLeft, MemberRecovered
from gossipd.sim.judge.agreement import Views
from gossipd.sim.world.cluster import WALL_CLOCK_MS, node_id_of
from gossipd.sim.world.record import Befell, Observed
from gossipd.sim.world.world import World
from tests.sim.fake_node import FakeNode


def quiet(nodes: int, *, joined: bool) -> tuple[World, Views]:
    """Nodes that say nothing by themselves, for the clock stands still."""
    world = World(1, factory=FakeNode)
    for _ in range(nodes):
        world.add()
    return world, Views(world, joined=joined)


def tell(world: World, observer: int, event: object) -> None:
    """Let a node report an event."""
    host = world.host(observer)
    world.note(Observed(world.now, host.id, host.boots, event))


def test_joined_nodes_agree() -> None:
    """From the beginning on."""
    _, views = quiet(3, joined=True)
    views.step("start")
    assert (0, [3, 3, 3]) == (views.wrong, views.members_seen())
    assert 0.0 == views.steps[0].agreed_after


def test_nodes_that_start_have_to_meet() -> None:
    """Each pair is wrong until the observer has the subject; then the step is over."""
    world, views = quiet(2, joined=False)
    views.step("start")
    assert (2, [1, 1]) == (views.wrong, views.members_seen())
    world.run(0.5)
    for observer in range(2):
        assert views.steps[0].agreed_after is None
        tell(world, observer, MemberJoined(node_id_of(1 - observer), WALL_CLOCK_MS, None))
    assert (0, 0.5) == (views.wrong, views.steps[0].agreed_after)


def test_a_crash_is_wrong_until_all_know() -> None:
    """The last verdict ends it, and is told."""
    world, views = quiet(3, joined=True)
    forgotten: list[tuple[float, int]] = []
    views.on_forgotten.append(lambda time, subject: forgotten.append((time, subject)))
    world.crash(2)
    assert (2, 2) == (views.wrong, views.holders(2))
    world.run(0.25)
    for observer in range(2):
        assert [] == forgotten
        tell(world, observer, MemberDead(node_id_of(2), node_id_of(0)))
    assert [(0.25, 2)] == forgotten
    assert (0, [2, 2]) == (views.wrong, views.members_seen())


def test_an_observer_that_crashes_knows_nothing_more() -> None:
    """Nobody waits for it."""
    world, views = quiet(3, joined=True)
    world.crash(2)
    tell(world, 0, MemberDead(node_id_of(2), node_id_of(0)))
    tell(world, 0, MemberDead(node_id_of(1), node_id_of(0)))
    world.crash(1)
    assert (0, [1]) == (views.wrong, views.members_seen())


def test_a_new_process_has_to_be_known_as_such() -> None:
    """Who still has the old one alive is wrong, recovered from a suspicion or not."""
    world, views = quiet(2, joined=True)
    world.restart(1)
    world.run(0.0)
    assert 2 == views.wrong
    tell(world, 0, MemberRecovered(node_id_of(1), "suspect"))
    assert 2 == views.wrong
    tell(world, 0, MemberJoined(node_id_of(1), WALL_CLOCK_MS + 1, WALL_CLOCK_MS))
    assert 1 == views.wrong
    tell(world, 1, MemberJoined(node_id_of(0), WALL_CLOCK_MS, None))
    assert 0 == views.wrong


def test_a_false_verdict_is_wrong_until_it_is_taken_back() -> None:
    """Dead or left, for a member that runs."""
    world, views = quiet(2, joined=True)
    tell(world, 0, MemberDead(node_id_of(1), node_id_of(0)))
    assert (1, [1, 2]) == (views.wrong, views.members_seen())
    tell(world, 0, MemberRecovered(node_id_of(1), "dead"))
    assert 0 == views.wrong
    tell(world, 0, MemberLeft(node_id_of(1)))
    assert 1 == views.wrong


def test_a_machine_that_is_set_back_holds_what_it_held_then() -> None:
    """Others do not change their minds, and one that had crashed runs again."""
    world, views = quiet(2, joined=True)
    snapshot = world.snapshot(0)
    assert snapshot is not None
    world.crash(0)
    tell(world, 1, MemberDead(node_id_of(0), node_id_of(1)))
    assert [False, True] == views.running
    world.set_back(0, snapshot)
    assert [True, True] == views.running
    # It begins without rows, and the other one has it as dead.
    assert (2, [1, 1]) == (views.wrong, views.members_seen())


def test_running_time_is_summed() -> None:
    """Over all nodes, as long as each runs."""
    world, views = quiet(3, joined=True)
    world.run(1.0)
    world.crash(0)
    world.run(1.0)
    assert 5.0 == views.node_seconds()
    assert [False, True, True] == views.running
    world.note(Observed(world.now, node_id_of(1), 1, Befell("paused")))
    assert 5.0 == views.node_seconds()
