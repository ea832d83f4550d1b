"""What gossipd promises, held by whole clusters under the simulator.

One seed each; `GOSSIPD_SEEDS=20` runs as many as one asks for.
"""

from __future__ import annotations

import os
from random import Random
from statistics import median

import pytest

from gossipd.protocol import MemberDead, ProtocolConfig
from gossipd.sim.scenario import make_scenario
from gossipd.sim.simulate import Simulation
from gossipd.sim.world import Commands, Faults, Network, UniformDelay, World, id_of
from tests.sim import checks

SEEDS = range(int(os.environ.get("GOSSIPD_SEEDS", "1")))
LAN = ProtocolConfig()


def cluster(nodes: int, seed: int, *, loss: float = 0.0, within: float = 5.0) -> World:
    """Nodes that started together and know each other."""
    world = World(seed, config=LAN)
    world.network.loss_ratio = loss
    for _ in range(nodes):
        world.add(seeds=[0, 1, 2])
    assert world.run_until(lambda: not checks.everybody_alive(world), within, every=0.1)
    return world


@pytest.mark.parametrize("nodes", [16, 64])
def test_start_together_and_crash(nodes: int) -> None:
    """Everybody knows everybody within 5 s; every live node learns of a crash within 3 s.

    The median over all nodes and seeds is at most 1.5 s.
    """
    delays: list[float] = []
    bound = 3.0
    for seed in SEEDS:
        world = cluster(nodes, seed)
        world.run(3)
        crashed_at = world.now
        Faults(world).crash(nodes - 1)
        known = world.run_until(
            lambda world=world: checks.known_dead_since(world, nodes - 1) is not None, bound
        )
        assert known, f"seed {seed}: not known everywhere after {bound} s"
        deaths = world.log.deaths(id_of(nodes - 1))
        delays += [death.time - crashed_at for death in deaths]
        assert not checks.false_deaths(world)
    print(f"{nodes} nodes: {median(delays):.2f} s p50, {max(delays):.2f} s max of {bound:.1f}")
    assert median(delays) <= 1.5


@pytest.mark.parametrize("apart", ["", "n5-54@10 n55-104@10.3"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_large_scale_in_tells_those_that_stay(seed: int, apart: str) -> None:
    """100 of 105 nodes leave: nobody is declared dead, and all survivors know within 10 s.

    They leave at one moment, or so that the second half was told of the leave of the first.
    """
    leaves = apart.split() or ["n5-104@10"]
    words = {"nodes": "105", "duration": "25s", "writes": "2/s", "seed": str(seed)}
    lines: list[str] = []
    simulation = Simulation(make_scenario({**words, "leave": leaves}), write=lines.append)
    report = simulation.run().report
    assert not [line for line in lines if "MemberDead" in line]
    assert len(leaves) == len(report.steps)
    for step in report.steps:
        assert step.at > 10.0
        assert step.agreed_after is not None
        assert step.at + step.agreed_after < 20.0
    assert 0 == report.counted.lost
    assert report.counted.counted_min == report.counted.counted_max


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("nodes", [16, 64])
def test_no_false_death_at_loss(nodes: int, seed: int) -> None:
    """No live node is declared dead in 10 minutes at 5 % loss, on UDP alone."""
    world = cluster(nodes, seed, loss=0.05)
    world.run(600)
    assert not checks.false_deaths(world)


@pytest.mark.parametrize("seed", SEEDS)
def test_paused_nodes_accuse_nobody(seed: int) -> None:
    """16 of 64 nodes paused 16 s, resumed 10 ms, for 120 s: none of the others is declared dead.

    With a network so slow that acks arrive while the prober is paused.
    """
    world = cluster(64, seed)
    world.network.delay = UniformDelay(0.004, 0.03)
    world.run(3)
    for number in range(48, 64):
        Faults(world).pause_repeatedly(number, paused=16.0, running=0.01, until=world.now + 120)
    world.run(125)
    healthy = [id_of(number) for number in range(48)]
    assert not [event for event in world.log.of(MemberDead) if event.event.member in healthy]
    assert world.run_until(lambda: not checks.everybody_alive(world), 30)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", [5, 9])
def test_partition_of_an_hour_heals(size: int, seed: int) -> None:
    """Two sides of 10 nodes, an hour apart, with counts on both: one cluster 10 s after healing."""
    world = World(seed, config=LAN)
    for number in range(10):
        world.add()
        if number:
            Commands(world).register(0, number)  # not a seed: nobody has a contact to fall back on
    assert world.run_until(lambda: not checks.everybody_alive(world), 10)
    Faults(world).partition(list(range(size)))
    world.run(60)
    for number in range(10):
        Commands(world).increment(number, ack="local")
    world.run(3540)
    Commands(world).sync(0, 100)
    Commands(world).increment(9)
    world.run(1)
    world.network.heal()
    assert world.run_until(
        lambda: not checks.everybody_alive(world) and not checks.counts_agree(world), 10
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("keep", [True, False])
def test_restart_at_once(seed: int, keep: bool) -> None:
    """A node killed and restarted at once is alive everywhere within 2 s, and no count is lost."""
    world = cluster(10, seed)
    world.run(5)
    for number in range(10):
        Commands(world).increment(number, amount=1 + number, ack="all")
    world.run(2)
    Faults(world).restart(4, keep=keep)

    def back() -> bool:
        restarted = world.host(4).node
        if restarted is None or checks.everybody_alive(world):
            return False
        own = next(row for row in restarted.members() if row.id == id_of(4))
        return all(
            row.generation == own.generation
            for number in range(10)
            for row in world.node(number).members()
            if row.id == own.id
        )

    assert world.run_until(back, 2)
    Commands(world).increment(4, amount=100)
    world.run(3)
    assert not checks.increments_kept(world)
    assert not checks.counts_agree(world)
    assert world.node(4).count("default") == 155


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_at_once(seed: int) -> None:
    """Loss, duplicates, reordering, pauses and crashes: no count falls, none is lost or doubled."""
    network = Network(
        Random(f"{seed}/rough"),
        delay=UniformDelay(0.001, 0.02),
        loss_ratio=0.1,
        duplicate_ratio=0.1,
        reorder_ratio=0.2,
        reorder_delay=UniformDelay(0.05, 0.3),
    )
    world = World(seed, config=LAN, network=network)
    never_fall = checks.CountsNeverFall(world)
    for _ in range(7):
        world.add(seeds=[0, 1])
    draw = Random(f"{seed}/script")
    for step in range(300):
        node = draw.randrange(7)
        if world.host(node).node is not None and not world.host(node).paused:
            Commands(world).increment(
                node, draw.randint(1, 9), ack=draw.choice([None, "local", "one"])
            )
        if step % 40 == 20:
            Faults(world).restart(draw.randrange(7), after=draw.uniform(0.0, 5.0))
        if step % 40 == 35:
            Faults(world).pause(
                draw.choice([host.id for host in world.live()]), draw.uniform(0.5, 8.0)
            )
        world.run(draw.expovariate(5.0))
    world.run(10)
    network.loss_ratio = 0.0
    assert world.run_until(
        lambda: not checks.everybody_alive(world) and not checks.counts_agree(world), 15
    )
    assert not checks.increments_kept(world)
    assert not never_fall.problems
    assert not checks.datagrams_small(world)
    assert not world.unanswered()
