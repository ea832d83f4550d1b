"""What is on a simulated disk after a crash."""

from __future__ import annotations

from random import Random

from gossipd.protocol import Entry, Group, State, Write
from gossipd.sim.world import Commands, JoinedNodes, World
from gossipd.sim.world.disk import Disk

OWN, OTHER = b"a" * 16, b"b" * 16


def write(version: int) -> Write:
    """An own write, the first, second …"""
    entry = Entry(version, "default", 0, version)
    return Write(version, (Group(OWN, version - 1, version, [entry]),))


def versions(state: State | None) -> list[int]:
    """Up to which version there is something of each owner."""
    return [] if state is None else [group.upto for group in state.groups]


EVERYTHING = State(7, groups=(Group(OWN, 0, 2, []), Group(OTHER, 0, 5, [])))


def test_a_disk_keeps_all_that_the_node_knows_unless_it_is_lazy() -> None:
    """A lazy one keeps what was staged and written, and the generation."""
    disk = Disk()
    disk.write(write(1))
    assert EVERYTHING is disk.crash(EVERYTHING, [], Random(1))
    disk = Disk(1.0)
    disk.write(write(1))
    left = disk.crash(EVERYTHING, [], Random(1))
    assert ([1], 7) == (versions(left), left.generation)


def test_staged_writes_may_be_on_disk_in_order() -> None:
    """None, the first or both, but never the second alone."""
    seen = []
    for seed in range(20):
        disk = Disk(1.0)
        seen.append(versions(disk.crash(EVERYTHING, [write(1), write(2)], Random(seed))))
    assert [[], [1], [2]] == sorted({tuple(each): each for each in seen}.values())


def test_a_process_starts_from_its_disk() -> None:
    """Whatever the last one had written besides is gone with a new disk."""
    disk = Disk(1.0)
    disk.write(write(1))
    disk.load(State(groups=(Group(OTHER, 0, 4, []),)))
    assert [4] == versions(disk.content(EVERYTHING))
    disk.load(None)
    assert [] == versions(disk.content(EVERYTHING))


def test_a_machine_syncs_now_and_then() -> None:
    """Others' entries are on its disk a second after they came; its own are there at once."""
    world = World(1, factory=JoinedNodes(2))
    for _ in range(2):
        world.add(sync_interval=1.0)
    world.run(2.5)
    Commands(world).increment(0, 3)
    world.run(0.01)
    assert [3, 3] == [world.node(number).count("default") for number in (0, 1)]
    assert [1] == versions(world.host(0).disk_content())
    assert [] == versions(world.host(1).disk_content())
    world.run(1.0)
    assert [1] == versions(world.host(1).disk_content())


def test_what_is_recorded_outlives_the_process_and_not_the_power() -> None:
    """A kill leaves all of it, a power cut some beginning of it, and a sync makes it safe."""
    groups = [Group(OTHER, n - 1, n, [Entry(n, "default", 0, n)]) for n in (1, 2, 3)]

    def left(seed: int, *, power_cut: bool, synced: bool = False) -> list[int]:
        disk = Disk(1.0)
        for group in groups:
            disk.record(group)
        assert [] == versions(disk.content(EVERYTHING))
        if synced:
            disk.sync(lambda most: iter(()))
        state = disk.crash(EVERYTHING, [], Random(seed), power_cut=power_cut)
        assert synced or [0] >= versions(state), "nothing rests upon what is not synced"
        return [group.newest for group in state.groups]

    assert all([3] == left(seed, power_cut=False) for seed in range(20))
    seen = [left(seed, power_cut=True) for seed in range(40)]
    assert [[], [1], [2], [3]] == sorted({tuple(each): each for each in seen}.values())
    assert all([3] == left(seed, power_cut=True, synced=True) for seed in range(20))


def test_a_checkpoint_replaces_all_that_was_there_before_it() -> None:
    """Only at its end. What came meanwhile stays."""
    disk = Disk(1.0)
    disk.write(write(1))
    pieces = [[Group(OTHER, 0, 0, [Entry(3, "a", 0, 1)])], [Group(OTHER, 0, 6, [])]]
    seen = []
    for number in range(3):
        disk.record(Group(OTHER, 4 + number, 5 + number, []))
        disk.sync(lambda most: iter(pieces))
        seen.append({group.owner: group.upto for group in disk.content(EVERYTHING).groups})
    assert [{OWN: 1, OTHER: 0}, {OWN: 1, OTHER: 0}, {OTHER: 7}] == seen
