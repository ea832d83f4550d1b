"""How soon whole clusters find who has ended, and that they wrong nobody by it."""

from __future__ import annotations

from random import Random
from statistics import median
from typing import Any

import pytest

from gossipd.protocol import MemberDead, MemberSuspect, ProtocolConfig
from gossipd.sim import Simulation
from gossipd.sim.scenario import add_nodes, build_world, make_scenario
from gossipd.sim.world import Faults, Observed, World, id_of

LAN = ProtocolConfig()


def joined(nodes: int, seed: int, **words: Any) -> World:
    """Nodes that have known each other for some seconds."""
    scenario = make_scenario({"nodes": nodes, "duration": 60, "seed": seed, **words})
    world = build_world(scenario)
    add_nodes(world, scenario)
    world.run(4.0 + 0.37 * seed)
    return world


def deaths_in(**words: Any) -> list[Observed]:
    """Returns all verdicts of a run; the log of a `Simulation` keeps no events about members."""
    simulation, deaths = Simulation(make_scenario(words)), list[Observed]()
    simulation.world.log.on_event.append(
        lambda each: deaths.append(each) if isinstance(each.event, MemberDead) else None
    )
    simulation.run()
    return deaths


def known_after(world: World, gone: list[int], within: float) -> list[float]:
    """Returns after how many seconds each running node has each of the gone as dead.

    All must within so many seconds, and nobody else may be dead.
    """
    began, ids = world.now, {id_of(number) for number in gone}
    delays: dict[tuple[str, str], float] = {}
    while world.now < began + within:
        world.run(0.25)
    for death in world.log.deaths():
        assert death.event.member in ids
        if death.node not in ids and death.time > began:
            delays.setdefault((death.node, death.event.member), death.time - began)
    assert len(delays) == len(ids) * (len(world.hosts) - len(ids))
    return list(delays.values())


@pytest.mark.parametrize(
    ("nodes", "machine_gone", "middle", "most"),
    [(16, False, 1.2, 2.5), (64, False, 1.5, 3.0), (16, True, 4.3, 5.2), (64, True, 4.3, 5.2)],
)
def test_a_death_is_known_soon(nodes: int, machine_gone: bool, middle: float, most: float) -> None:
    """A process that ended, on a machine that says so or that is gone as well."""
    delays: list[float] = []
    for seed in range(6):
        world = joined(nodes, seed)
        Faults(world).crash(nodes - 1, gone=machine_gone)
        delays += known_after(world, [nodes - 1], most)
    assert median(delays) <= middle


def test_a_death_is_known_soon_though_datagrams_are_lost() -> None:
    """Where a refusal or a relay's word is lost, the next round brings it."""
    delays = []
    for seed in range(6):
        world = joined(16, seed, loss=1)
        Faults(world).crash(15)
        delays += known_after(world, [15], 6.0)
    assert median(delays) <= 1.2


def test_clocks_that_differ_make_nobody_blind() -> None:
    """The timetable is worth nothing then, and members are probed as often as if drawn."""
    delays = []
    for seed in range(6):
        world, offsets = joined(16, seed), Random(seed)
        for number in range(16):
            world.host(number).jump_clock(round(offsets.uniform(-4000.0, 4000.0), 3))
        world.run(3.0)
        Faults(world).crash(15)
        delays += known_after(world, [15], 9.0)
    assert median(delays) <= 2.5


def test_what_is_told_at_once_reaches_more_than_64_in_two_hops() -> None:
    """All 159 others suspect a process that ended, and declare it dead, within 50 ms each."""
    world, heard = joined(160, 1), list[Observed]()
    world.log.on_event.append(heard.append)
    Faults(world).crash(159)
    world.run(2.5)
    for kind in (MemberSuspect, MemberDead):
        times = [each.time for each in heard if isinstance(each.event, kind)]
        assert 159 == len(times)
        assert max(times) - min(times) <= 0.05


@pytest.mark.parametrize(("machine_gone", "most"), [(False, 20.0), (True, 40.0)])
def test_half_of_the_cluster_ends_at_once(machine_gone: bool, most: float) -> None:
    """Half of the relays are gone as well, and those that are left are well."""
    world = joined(64, 1)
    gone = list(range(32, 64))
    for number in gone:
        Faults(world).crash(number, gone=machine_gone)
    known_after(world, gone, most)


@pytest.mark.parametrize("nodes", [8, 32])
def test_firewalls_between_pairs_of_machines_end_nobody(nodes: int) -> None:
    """A sixth of all pairs reject each other's datagrams for a minute and a half."""
    draw = Random(nodes)
    pairs = [draw.sample(range(nodes), 2) for _ in range(nodes * nodes // 12)]
    rejects = [f"n{one}@2+90,peer=n{other}" for one, other in pairs]
    assert [] == deaths_in(nodes=nodes, duration=100, seed=3, reject=rejects)


@pytest.mark.parametrize("down", [0.1, 0.3, 0.5])
def test_a_process_that_starts_again_at_once_is_dead_to_nobody(down: float) -> None:
    """All nodes do, one after the other: no node shows any of them dead at any time."""
    restarts = [f"n{number}@{3 + 2.37 * number:.2f}+{down}" for number in range(16)]
    assert [] == deaths_in(nodes=16, duration=45, seed=3, restart=restarts)


def test_a_pause_of_three_seconds_is_survived_and_a_longer_one_is_learned() -> None:
    """Who is back after 5 s is dead meanwhile, once; the next time it is waited for."""
    world = joined(32, 1)
    for number in range(5):
        Faults(world).pause(number, 3.3)
        world.run(8.0)
    assert [] == world.log.deaths()
    dead = []
    for _ in range(3):
        before = len(world.log.deaths())
        Faults(world).pause(20, 5.0)
        world.run(20.0)
        dead.append(len(world.log.deaths()) - before)
    assert [0, 0] == dead[1:]
    assert dead[0] > 0


@pytest.mark.parametrize("loss", [80, 100])
def test_who_cannot_send_makes_nobody_dead_to_others(loss: int) -> None:
    """Nodes whose datagrams are lost hold others for dead, and nobody else does."""
    fault = f"n0-5@3+60,loss={loss}"
    deaths = deaths_in(**{"nodes": 48, "duration": 70, "seed": 2, "one-way": fault})
    lame = {id_of(number) for number in range(6)}
    wrong = [each for each in deaths if each.node not in lame and each.event.member not in lame]
    assert [] == wrong


@pytest.mark.parametrize("seed", [1, 2])
def test_who_hears_nobody_makes_nobody_dead(seed: int) -> None:
    """Eight of 64 whose datagrams wait for 20 s, while their timers run."""
    world = joined(64, seed)
    faults = Faults(world)
    for number in range(8):
        faults.block(number, stopping=False)
    world.run(20)
    for number in range(8):
        faults.unblock(number)
    world.run(20)
    blocked = {id_of(number) for number in range(8)}
    assert [] == [
        death
        for death in world.log.deaths()
        if death.node in blocked or death.event.member not in blocked
    ]


def test_who_is_really_alone_learns_it() -> None:
    """All four others of five end at once, without a word: a minute later than otherwise."""
    world = joined(5, 1)
    for number in range(1, 5):
        Faults(world).crash(number, gone=True)
    began = world.now
    world.run(95)
    times = [death.time - began for death in world.log.deaths()]
    assert 4 == len(times)
    assert 60 < min(times)
    assert max(times) < 90
