"""Every fault befalls its nodes at its time, and ends in time."""

from __future__ import annotations

import pytest

from gossipd.protocol import ProtocolConfig
from gossipd.sim.judge import Agreement, Detection
from gossipd.sim.scenario.faults import FaultSchedule
from gossipd.sim.scenario.notation import fault
from gossipd.sim.world import Commands, Faults, Incident, JoinedNodes, SetBack, World
from tests.sim.quiet import quiet


def befallen(kind: str, text: str, numbers: tuple[int, ...] = (0,)) -> tuple[World, Agreement]:
    """Four fake nodes, ten seconds after such a fault was scheduled."""
    world, agreement = quiet(4, joined=True)
    detection = Detection(world, agreement, ProtocolConfig())
    FaultSchedule(world, agreement, detection).add(fault(kind, text), numbers)
    world.run(10.0)
    return world, agreement


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("crash", "1@2", [(2.0, "crashed")]),
        ("restart", "1@2", [(2.0, "crashed"), (2.0, "started")]),
        (
            "restart",
            "1@2+3,state=lost",
            [(2.0, "crashed"), (2.0, "disk replaced: empty"), (5.0, "started")],
        ),
        ("leave", "1@2", [(2.0, "leaving"), (2.0, "left")]),
        ("pause", "1@2+3", [(2.0, "paused"), (5.0, "resumed")]),
        ("pause", "1@2", [(2.0, "paused")]),
        (
            "flip-flop",
            "1@2+5,paused=2s,running=1s",
            [(2.0, "paused"), (4.0, "resumed"), (5.0, "paused"), (7.0, "resumed")],
        ),
        ("block", "1@2+3", [(2.0, "blocked"), (5.0, "unblocked")]),
        ("block", "1@2,timers=stop", [(2.0, "blocked")]),
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
        ("set-back", "1@5,back=2s", [(5.0, "set back to 3 s")]),
        ("set-back", "1@5,back=9s,noticed=yes", [(5.0, "set back to 0 s")]),
        ("slow", "1@2+3", [(2.0, "slow"), (5.0, "prompt")]),
        ("clock-jump", "1@2,by=90s", [(2.0, "clock +90 s")]),
    ],
)
def test_what_befalls_a_node(kind: str, text: str, expected: list[tuple[float, str]]) -> None:
    """In the record, with its times."""
    world, _ = befallen(kind, text)
    assert expected == [(seen.time, str(seen.event)) for seen in world.log.of(Incident)][4:]


@pytest.mark.parametrize("kind", ["partition", "one-way"])
def test_links_are_cut_and_mended(kind: str) -> None:
    """Both ways or one, and never longer than that."""
    world, agreement = quiet(2, joined=True)
    detection = Detection(world, agreement, ProtocolConfig())
    FaultSchedule(world, agreement, detection).add(fault(kind, "1@2+3"), (0,))
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
    _, agreement = befallen(kind, text)
    assert [at] == [step.at for step in agreement.steps]


def play(seconds: float, *faults: tuple[str, str, int]) -> World:
    """Two fake nodes, so long after these faults were scheduled."""
    world, agreement = quiet(2, joined=True)
    carried_out = FaultSchedule(world, agreement, Detection(world, agreement, ProtocolConfig()))
    for kind, text, number in faults:
        carried_out.add(fault(kind, text), (number,))
    world.run(seconds)
    return world


@pytest.mark.parametrize(
    ("restart", "left"),
    [
        ("n0@3", {"10.0.0.1:8088": 3}),
        ("n0@3,state=lost", {}),
        ("n0@3,backup=1.5s", {"10.0.0.1:8088": 1}),
        ("n0@3,backup=9s", {}),
        ("n0@3,copy=n1", {"10.0.0.2:8088": 4}),
    ],
)
def test_what_a_node_starts_from(restart: str, left: dict[str, int]) -> None:
    """Its own disk, an empty one, its own as it was, or a copy of another's."""
    world = play(
        3.5,
        ("increment", "n0@1,amount=1", 0),
        ("increment", "n0@2,amount=2", 0),
        ("increment", "n1@2,amount=4", 1),
        ("restart", restart, 0),
    )
    assert left == world.node(0).state()


def test_a_restart_starts_what_does_not_run() -> None:
    """So that who has left comes back."""
    world = play(4.0, ("leave", "n0@1", 0), ("restart", "n0@2+1", 0))
    befallen = [(seen.time, str(seen.event)) for seen in world.log.of(Incident)][2:]
    assert [(1.0, "leaving"), (1.0, "left"), (3.0, "started")] == befallen


def test_commands_reach_the_nodes() -> None:
    """Those that run; a sync can take another's count for its value."""
    world = play(
        4.0,
        ("increment", "n0@1,amount=5", 0),
        ("sync", "n1@2,of=n0", 1),
        ("sync", "n1@2.5,value=9", 1),
        ("register", "n1@3,peer=n0", 1),
        ("remove", "n1@3,peer=n0", 1),
        ("crash", "n0@3", 0),
        ("increment", "n0@3.5", 0),
    )
    asked = [(request.kind, request.amount) for request in world.log.requests]
    assert [("increment", 5), ("sync", 5), ("sync", 9)] == asked
    inputs = world.node(1).inputs  # type: ignore[attr-defined]
    peer = "10.0.0.1:8088"
    assert [("register", peer, 3.0), ("remove", peer, 3.0)] == [
        each for each in inputs if each[0] in ("register", "remove")
    ]


def test_disks_are_slow_or_bad_for_a_time() -> None:
    """A write takes as long as is said, or fails; later ones do not."""
    world = play(
        9.0,
        ("slow-disk", "n0@1+1,delay=0.5s..0.5s", 0),
        ("increment", "n0@1.5", 0),
        ("bad-disk", "n0@3+1", 0),
        ("increment", "n0@3.5", 0),
        ("increment", "n0@5", 0),
    )
    answers = [(each.answered_at, each.acknowledged) for each in world.log.requests]
    assert [(2.0, True), (3.5, False), (5.0, True)] == answers


def test_agreement_after_a_leave_is_measured_once_the_node_is_gone() -> None:
    """A fake node says nothing of its leave, so that the others never agree."""
    _, agreement = befallen("leave", "1@2")
    assert [("leave 1@2", 2.0, None)] == [
        (step.label, step.at, step.agreed_after) for step in agreement.steps
    ]


@pytest.mark.parametrize("kind", ["crash", "leave", "pause", "block", "slow"])
def test_a_node_that_does_not_run_is_passed_over(kind: str) -> None:
    """It cannot crash twice."""
    world, agreement = quiet(2, joined=True)
    Faults(world).crash(0)
    detection = Detection(world, agreement, ProtocolConfig())
    FaultSchedule(world, agreement, detection).add(fault(kind, "1@2"), (0,))
    world.run(3.0)
    assert ["started", "started", "crashed"] == [str(seen.event) for seen in world.log.of(Incident)]


def test_power_is_cut_and_comes_back() -> None:
    """What was recorded and not synced may be gone then, and never after a mere crash."""

    def counts(kind: str) -> list[int]:
        found = []
        for seed in range(10):
            world = World(seed, factory=JoinedNodes(2))
            for _ in range(2):
                world.add(sync_interval=100.0)
            agreement = Agreement(world, joined=True)
            faults = FaultSchedule(world, agreement, Detection(world, agreement, ProtocolConfig()))
            faults.add(fault(kind, "n1@1+0.5"), (1,))
            faults.add(fault("crash", "n0@1"), (0,))
            Commands(world).increment(0, 5)
            world.run(2.0)
            found.append(world.node(1).count("default"))
        return found

    assert [5] * 10 == counts("restart")
    assert {0, 5} == set(counts("power-cut"))


def test_only_a_machine_that_ran_freely_can_be_set_back() -> None:
    """One that was paused when the snapshot was to be taken is passed over."""
    world, agreement = quiet(2, joined=True)
    faults = FaultSchedule(world, agreement, Detection(world, agreement, ProtocolConfig()))
    faults.add(fault("pause", "1@2+3"), (0,))
    faults.add(fault("set-back", "1@6,back=3s"), (0,))
    world.run(10)
    assert not [seen for seen in world.log.of(Incident) if isinstance(seen.event, SetBack)]


def test_nothing_is_counted_where_it_could_be_swallowed_if_that_is_asked_for() -> None:
    """Until the node that was set back hears of its lost future, which a fake one never does."""
    for spare, expected in (False, 3), (True, 2):
        world, agreement = quiet(2, joined=True)
        detection = Detection(world, agreement, ProtocolConfig())
        faults = FaultSchedule(world, agreement, detection, spare_forked=spare)
        faults.add(fault("set-back", "1@5,back=3s"), (0,))
        for text in "n0@1", "n0@4", "n0@6":
            faults.add(fault("increment", text), (0,))
        world.run(10)
        assert expected == len(world.log.requests)
