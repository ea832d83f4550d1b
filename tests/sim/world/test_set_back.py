"""A machine that is set back, memory and disk, while the others have seen more of its counting."""

from __future__ import annotations

import pytest

from gossipd.protocol import OwnerRetired
from gossipd.sim.world import Commands, Faults, Request, World
from gossipd.sim.world.resolver import RESOLVE_DELAY


def set_back(*, lost: int = 2, noticed: bool = False, seed: int = 1) -> World:
    """Three nodes, of which n1 counted 10, went on to count `lost` times 1, and is set back."""
    world = World(seed)
    for _ in range(3):
        world.add(seeds=[0, 1, 2])
    world.run(5)
    Commands(world).increment(1, 10)
    world.run(2)
    snapshot = world.host(1).snapshot()
    assert snapshot is not None
    for _ in range(lost):
        Commands(world).increment(1)
    world.run(3)
    assert [10 + lost] * 3 == counts(world)
    Faults(world).set_back(1, snapshot, noticed=noticed)
    return world


def counts(world: World) -> list[int]:
    """What each node counts."""
    return [host.running().count("default") for host in world.live()]


def retired(world: World) -> bool:
    """Whether the node has heard of its lost future."""
    return bool(list(world.log.of(OwnerRetired)))


def holders(request: Request) -> int:
    """How many hold it, as its answer says."""
    assert request.answer is not None
    return request.answer.holders


@pytest.mark.parametrize("ack", ["all", "local"])
@pytest.mark.parametrize("seed", range(5))
def test_where_the_driver_notices_every_increment_counts(ack: str, seed: int) -> None:
    """From the first one on, and nothing counts twice."""
    world = set_back(noticed=True, seed=seed)
    for _ in range(4):
        Commands(world).increment(1, ack=ack)
    world.run(3)
    assert [16] * 3 == counts(world)
    assert not retired(world)


@pytest.mark.parametrize("seed", range(5))
def test_after_the_first_word_of_its_lost_future_every_increment_counts(seed: int) -> None:
    """A peer that reports more of its id than it holds tells it, within the first probes."""
    world = set_back(seed=seed)
    assert world.run_until(lambda: retired(world), 3)
    for _ in range(4):
        Commands(world).increment(1, ack="local")
    world.run(3)
    assert [16] * 3 == counts(world)


@pytest.mark.parametrize("ack", ["one", "all"])
def test_a_confirm_reveals_it_where_less_was_counted_than_was_lost(ack: str) -> None:
    """The first push brings the word: what it told of is swallowed, all that follows counts."""
    world = set_back(lost=3)
    first = Commands(world).increment(1, ack=ack)
    assert world.run_until(lambda: retired(world), 0.02, 0.001)
    second = Commands(world).increment(1, ack=ack)
    world.run(3)
    assert [14] * 3 == counts(world)
    assert (1, True) == (holders(first), holders(second) > 1)


@pytest.mark.parametrize("ack", ["local", "one", "all"])
def test_increments_before_that_word_may_be_swallowed(ack: str) -> None:
    """The known hole: as many were lost as are made, and nobody can tell these from those.

    Peers confirm what they have, which is the same, and so `ack` is no protection.
    """
    world = set_back(lost=2)
    requests = [Commands(world).increment(1, ack=ack) for _ in range(2)]
    world.run(3)
    assert [12] * 3 == counts(world)
    assert [True] * 2 == [request.acknowledged for request in requests]
    Commands(world).increment(1)
    world.run(3)
    assert [13] * 3 == counts(world)


@pytest.mark.parametrize("lost", [1, 3, 5])
def test_histories_that_met_in_one_slot_end_up_the_same_everywhere(lost: int) -> None:
    """With the larger of both counts: nothing counts twice, and all agree."""
    world = set_back(lost=lost)
    for amount in (7, 1, 1):
        Commands(world).increment(1, amount, ack="local")
        world.run(0.001)
    world.run(200)
    [count] = set(counts(world))
    assert max(10 + lost, 19) <= count <= 19 + lost
    Faults(world).restart(1)
    Faults(world).restart(2)
    world.run(5)
    assert [count] * 3 == counts(world)


@pytest.mark.parametrize("noticed", [True, False])
def test_a_write_that_was_under_way_counts_once(noticed: bool) -> None:
    """It is on its way to the disk when the snapshot is taken, and arrives there twice."""
    world = World(1)
    for _ in range(3):
        world.add(seeds=[0, 1, 2])
    world.run(5)
    world.host(1).disk.slow_down(RESOLVE_DELAY)
    Commands(world).increment(1, 10)
    snapshot = world.host(1).snapshot()
    assert snapshot is not None
    Commands(world).increment(1, 5)
    world.run(2)
    Faults(world).set_back(1, snapshot, noticed=noticed)
    world.run(2)
    Commands(world).increment(1, 1)
    world.run(2)
    assert [16] * 3 == counts(world)


def test_it_can_be_set_back_again_and_after_it_has_ended() -> None:
    """Each time anew under another id."""
    world = World(1)
    for _ in range(3):
        world.add(seeds=[0, 1, 2])
    world.run(5)
    snapshot = world.host(1).snapshot()
    assert snapshot is not None
    for number in range(4):
        Commands(world).increment(1)
        world.run(2)
        if number % 2:
            Faults(world).crash(1)
        Faults(world).set_back(1, snapshot, noticed=number < 2)
        world.run(5)
        assert [1 + number] * 3 == counts(world)
    Commands(world).increment(1)
    world.run(2)
    assert [5] * 3 == counts(world)
