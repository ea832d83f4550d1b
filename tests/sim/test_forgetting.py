"""Members that are gone are forgotten by all alike, held by whole clusters in reduced time.

A day of `year` is a minute here, and so the dead are forgotten after three minutes.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import mean

import pytest

from gossipd.protocol import MemberForgotten, ProtocolConfig
from gossipd.sim.world import Commands, Faults, Host, World
from tests.sim import checks

DAY = 60.0
SOON = ProtocolConfig(forget_after=3 * DAY)


def cluster(nodes: int, config: ProtocolConfig = SOON, seed: int = 1) -> World:
    """Nodes that know each other, and have no seeds."""
    world = World(seed, config=config)
    world.add()
    for _ in range(1, nodes):
        Commands(world).register(world.add().id, 0)
    assert world.run_until(lambda: not checks.everybody_alive(world), 30.0)
    # Two parts of a cluster know by its id that they are one, and it draws that in ten seconds.
    world.run(20.0)
    return world


def replace_one(world: World) -> None:
    """Crashes the node that runs longest, and starts another one under a new address."""
    oldest, *others = world.live()
    Faults(world).crash(oldest.id)
    Commands(world).register(world.add().id, others[-1].id)


def rows(hosts: Iterable[Host]) -> list[int]:
    """How many rows each node shows."""
    return [len(host.running().members()) for host in hosts]


def hashes(hosts: Iterable[Host]) -> set[int]:
    """The different hashes of the nodes' tables."""
    return {host.running().gates()[0] for host in hosts}


def sent(world: World) -> tuple[int, int]:
    """How many datagrams were sent so far, and how many bytes they had."""
    counts = [world.network.counts(host.address) for host in world.hosts.values()]
    return sum(each.sent for each in counts), sum(each.sent_bytes for each in counts)


def year(nodes: int, each_day: int, days: int) -> list[tuple[int, int, int, int]]:
    """Lets time pass in which nodes are replaced under new addresses.

    Returns for every tenth day the largest table, how many hashes there are, and how many datagrams
    and bytes were sent that day.
    """
    world, found = cluster(nodes), []
    for day in range(1, days + 1):
        before = sent(world)
        for _ in range(each_day):
            replace_one(world)
            world.run(DAY / each_day)
        datagrams, size = (now - then for now, then in zip(sent(world), before, strict=True))
        if day % 10 == 0:
            world.run_until(lambda: len(hashes(world.live())) == 1, 20.0)
            found.append((max(rows(world.live())), len(hashes(world.live())), datagrams, size))
    return found


def assert_level(found: list[tuple[int, int, int, int]], most: int) -> None:
    """Raises AssertionError unless tables, hashes and traffic stay as they are early on."""
    for table, different, datagrams, size in found:
        print(table, different, datagrams, size)
        assert table <= most
        assert different == 1
    # One day differs from the next by some percent, so no single one is the measure.
    early, late = found[: len(found) // 2], found[len(found) // 2 :]
    for each in (2, 3):
        assert max(day[each] for day in late) < 1.1 * mean(day[each] for day in early)


def test_a_cluster_whose_nodes_are_replaced_levels_off() -> None:
    """In forty days, of which ten replace everybody, nothing grows after the first half."""
    assert_level(year(10, 1, 40), 10 + 3 + 2)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_year_of_fifty_nodes() -> None:
    """Five of fifty a day for a year, 1,825 in all."""
    assert_level(year(50, 5, 365), 50 + 15 + 6)


def test_the_dead_are_gone_from_every_table_at_once() -> None:
    """All forget within a few seconds of each other, and no earlier than it says."""
    world = cluster(8)
    Faults(world).crash(0)
    world.run(30)
    dead = world.now - 30
    assert {8} == set(rows(world.live()))
    assert {1} == {host.running().statistics().members["dead"] for host in world.live()}
    assert world.run_until(lambda: {7} == set(rows(world.live())), 3 * DAY)
    forgot = [each.time for each in world.log.events if isinstance(each.event, MemberForgotten)]
    assert 7 == len(forgot)
    assert min(forgot) > dead + 3 * DAY
    assert max(forgot) - min(forgot) < 3
    assert {0} == {host.running().statistics().members["dead"] for host in world.live()}
    assert 1 == len(hashes(world.live()))


@pytest.mark.parametrize("by", [-400 * DAY, 400 * DAY])
def test_no_clock_has_to_be_right(by: float) -> None:
    """A node whose clock is wrong by more than members live forgets with the others."""
    world = cluster(5)
    world.host(1).jump_clock(by)
    Faults(world).restart(1)
    world.run(20)
    Faults(world).crash(0)
    world.run(60)
    assert {5} == set(rows(world.live()))
    assert 1 == len(hashes(world.live()))
    assert world.run_until(lambda: {4} == set(rows(world.live())), 3 * DAY)
    world.run(20)
    assert 1 == len(hashes(world.live()))


def test_nobody_is_forgotten_if_asked_so() -> None:
    """With 0 the dead stay."""
    world = cluster(4, ProtocolConfig(forget_after=0.0))
    Faults(world).crash(0)
    world.run(900)
    assert {4} == set(rows(world.live()))


def test_an_age_outlives_every_process() -> None:
    """Every node is replaced by one without a past more often than members are remembered."""
    world = cluster(4)
    Faults(world).crash(0)
    for turn in range(24):
        Faults(world).restart(1 + turn % 3, keep=False)
        world.run(10)
    assert {3} == set(rows(world.live()))


@pytest.mark.parametrize("ghosts", [0, 20])
def test_halves_find_each_other_after_any_partition(ghosts: int) -> None:
    """A partition that lasts longer than the other half is remembered, or its rows are, heals."""
    world = cluster(6)
    Faults(world).partition(range(3))
    for _ in range(ghosts):
        lonely = world.add()
        world.network.partition(world.addresses(range(3)), [lonely.address])
        Commands(world).register(lonely.id, 5)
        world.run(10)
        Faults(world).crash(lonely.id)
    world.run(10 * 3 * DAY)
    assert {3} == set(rows(world.live()))
    world.network.heal()
    begun = world.now
    assert world.run_until(lambda: not checks.everybody_alive(world), 120.0)
    print(f"{ghosts} ghosts: {world.now - begun:.1f} s")
    assert 1 == len(hashes(world.live()))


def test_halves_find_each_other_though_everybody_was_replaced() -> None:
    """Those who come later are told of the forgotten, of whom they have no row."""
    world = cluster(6)
    Faults(world).partition(range(3))
    cut = world.addresses(range(3))
    for number in range(3, 6):
        world.run(5 * DAY)
        newcomer = world.add()
        world.network.partition(cut, [newcomer.address])
        Commands(world).register(newcomer.id, number)
        world.run(5 * DAY)
        Faults(world).crash(number)
    world.run(5 * DAY)
    assert {3} == set(rows(world.live()))
    world.network.heal()
    assert world.run_until(lambda: not checks.everybody_alive(world), 300.0)


def test_a_partition_of_a_hundred_hours_heals() -> None:
    """In real time, with the default of 72 hours; only probes and tries are rarer."""
    world = cluster(4, ProtocolConfig(probe_interval=60.0, dead_retry=600.0, sweep_interval=9e9))
    Faults(world).partition(range(2))
    world.run(100 * 3600)
    assert {2} == set(rows(world.live()))
    world.network.heal()
    begun = world.now
    assert world.run_until(lambda: not checks.everybody_alive(world), 120.0)
    print(f"100 hours: {world.now - begun:.1f} s")


@pytest.mark.parametrize("by", [-500.0, 500.0])
@pytest.mark.parametrize("wait", [4 * DAY, 8 * DAY])
def test_a_new_process_at_a_forgotten_address_is_a_member(wait: float, by: float) -> None:
    """Whether its generation is larger or smaller than that of the one that is forgotten."""
    world = cluster(5)
    Commands(world).remove(2, 0)
    Faults(world).crash(0)
    world.run(wait)
    assert {4} == set(rows(world.live()))
    world.host(0).jump_clock(by - world.now)
    Faults(world).restart(0, keep=False)
    assert world.run_until(lambda: not checks.everybody_alive(world), 30.0)


def test_a_node_that_slept_brings_no_ghosts_back() -> None:
    """It has the dead as alive, or as dead, and is told that they are forgotten."""
    world = cluster(6)
    Faults(world).crash(0)
    world.run(20)
    Faults(world).pause(5)
    Faults(world).crash(1)
    world.run(4 * DAY)
    Faults(world).resume(5)
    assert world.run_until(lambda: {4} == set(rows(world.live())), 60.0)
    world.run(4 * DAY)
    assert {4} == set(rows(world.live()))
    assert 1 == len(hashes(world.live()))
