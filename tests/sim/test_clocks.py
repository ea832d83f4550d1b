"""Wall clocks that are wrong, by hours or by years, keep no node out of its cluster."""

from __future__ import annotations

import json
from itertools import permutations

import pytest
from click.testing import CliRunner

from gossipd.cli import main
from gossipd.protocol import ClockDiffers, MemberDead, ProtocolConfig
from gossipd.sim.world import WALL_CLOCK_MS, Commands, Faults, World, id_of
from tests.sim import checks

HOUR = 3600.0
DAY = 24 * HOUR
YEAR = 365 * DAY
LAN = ProtocolConfig()

STARTED_BEHIND = "--clock-jump n4@1,by=-{0} --restart n4@2+1 --clock-jump n4@30,by={0}"
KEPT_AHEAD = (
    "--clock-jump n4@1,by={0} --restart n4@2+1 --clock-jump n4@30,by=-{0} --restart n4@60+1"
)


@pytest.mark.parametrize("by", ["20h", "72h", "87600h"])
@pytest.mark.parametrize("faults", [STARTED_BEHIND, KEPT_AHEAD])
def test_a_clock_that_was_wrong_once_cuts_nobody_off(faults: str, by: str) -> None:
    """All nodes are members within 10 s after each start, and each increment reaches all."""
    line = "simulate --nodes 5 --duration 180 --writes 1/s"
    result = CliRunner().invoke(main, [*line.split(), *faults.format(by).split(), "-o", "json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    late = [step for step in report["steps"] if not within(step["agreed_after"], 10.0)]
    assert report["steps"]
    assert [] == late
    counted = report["counted"]
    assert {counted["acknowledged"]} == {
        counted["asked"],
        counted["counted_min"],
        counted["counted_max"],
        counted["spread"]["number"],
    }


def within(after: float | None, seconds: float) -> bool:
    """Returns whether all agreed, and after at most so many seconds."""
    return after is not None and after <= seconds


def cluster(offsets: list[float], seed: int = 1) -> World:
    """Returns a world whose nodes start together under clocks that are wrong by so much."""
    world = World(seed, config=LAN)
    for _ in offsets:
        world.add(seeds=[0], start=False)
    for number, offset in enumerate(offsets):
        world.host(number).jump_clock(offset)
        world.start(id_of(number))
    return world


def together(world: World, within: float = 10.0) -> bool:
    """Lets time pass until all run, list all and count alike; returns whether they do in time."""

    def agreed() -> bool:
        if len(world.live()) < len(world.hosts) or checks.everybody_alive(world):
            return False
        return not checks.counts_agree(world)

    return world.run_until(agreed, within, 0.1)


WRONG = {
    "20 h ahead and 20 h behind": [0.0, 0.0, 0.0, 20 * HOUR, -20 * HOUR],
    "days": [0.0, 0.0, 3 * DAY, -3 * DAY],
    "years": [0.0, 0.0, 30 * YEAR, -20 * YEAR],
    "before 1970": [0.0, 0.0, -100 * YEAR],
    "the century after next": [0.0, 200 * YEAR, 0.0],
    "most are ahead": [0.0, 0.0, 10 * YEAR, 10 * YEAR, 10 * YEAR],
    "most are behind": [0.0, 0.0, -10 * YEAR, -10 * YEAR, -10 * YEAR],
    "the seed is ahead": [10 * YEAR, 0.0, 0.0],
    "the seed is behind": [-10 * YEAR, 0.0, 0.0],
    "none is right": [-YEAR, 10 * YEAR, -30 * DAY, 5 * DAY],
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_clocks_keep_nobody_out(wrong: str) -> None:
    """Nodes under clocks of any kind list each other, and count together."""
    world = cluster(WRONG[wrong])
    assert together(world), checks.everybody_alive(world)
    for number in range(len(WRONG[wrong])):
        Commands(world).increment(number, amount=1 << number)
    world.run(2)
    assert not checks.increments_kept(world)
    assert not checks.counts_agree(world)


@pytest.mark.parametrize("by", [-YEAR, -3 * DAY, 3 * DAY, YEAR])
@pytest.mark.parametrize("keep", [True, False])
def test_a_clock_that_is_put_right_while_the_node_runs(by: float, keep: bool) -> None:
    """Its node stays a member, and is one again after a restart, with or without its disk."""
    world = cluster([0.0, 0.0, 0.0, by])
    assert together(world)
    world.host(3).jump_clock(-by)
    Commands(world).increment(3, amount=2)
    world.run(5)
    assert together(world, 0.1)
    assert world.node(0).count("default") == 2
    Faults(world).restart(3, keep=keep)
    assert together(world)
    assert not list(world.log.of(MemberDead))


@pytest.mark.parametrize("by", [-YEAR, YEAR])
def test_a_directory_that_is_restored_under_another_clock(by: float) -> None:
    """A node that starts from an old copy of its disk passes what the others know of it."""
    world = cluster([0.0, 0.0, 0.0])
    assert together(world)
    backup = world.node(2).state()
    world.host(2).jump_clock(by)
    Faults(world).restart(2)
    assert together(world)
    Faults(world).crash(2)
    world.host(2).jump_clock(-by)
    world.start(2, state=backup)
    assert together(world)


@pytest.mark.parametrize("by", [-3 * DAY, 3 * DAY])
def test_each_side_says_once_what_it_sees(by: float) -> None:
    """The node says it of every other, the others only of that node, with the times of both."""
    world = cluster([0.0, 0.0, by])
    assert together(world)
    world.run(180)
    lines = list(world.log.of(ClockDiffers))
    said = {(each.node, each.event.member): each.event for each in lines}
    wrong, right = id_of(2), (id_of(0), id_of(1))
    assert len(lines) == len(said)
    assert {*said} == {*((wrong, each) for each in right), *((each, wrong) for each in right)}
    for (node, _), event in said.items():
        there, here = (0.0, by) if node == wrong else (by, 0.0)
        assert abs(event.theirs_ms - WALL_CLOCK_MS - there * 1000) < 10_000
        assert abs(event.ours_ms - WALL_CLOCK_MS - here * 1000) < 10_000


def test_a_clock_that_was_put_right_is_not_complained_about() -> None:
    """A node that joins after that hears and says nothing of clocks."""
    world = cluster([0.0, -3 * DAY])
    assert together(world)
    world.host(1).jump_clock(3 * DAY)
    world.run(1)
    said = list(world.log.of(ClockDiffers))
    world.add(seeds=[0])
    assert together(world)
    assert list(world.log.of(ClockDiffers)) == said


@pytest.mark.parametrize("seed", range(40))
def test_each_side_says_it_after_restarts_at_any_moment(seed: int) -> None:
    """However two nodes that were killed and start anew meet the others, nobody misses a clock."""
    world = World(seed, config=LAN)
    for _ in range(3):
        world.add(seeds=[0, 1, 2])
    world.run(1.2 + 0.3 * (seed % 7))
    for number, by in ((1, 10 * YEAR), (2, -10 * YEAR)):
        Faults(world).crash(number, keep=False)
        world.host(number).jump_clock(by)
    world.run(0.3 + 0.013 * seed)
    world.start(id_of(1))
    world.run(0.01 * (seed % 31))
    world.start(id_of(2))
    world.run(30)
    said = [(each.node, each.event.member) for each in world.log.of(ClockDiffers)]
    assert sorted(said) == sorted(permutations(map(id_of, range(3)), 2))
