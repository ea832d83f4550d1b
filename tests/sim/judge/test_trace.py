"""The hash and the text of a run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

from gossipd.protocol import MemberDead
from gossipd.sim.judge.trace import TraceHash, TraceText, line
from gossipd.sim.world import Commands, Crashed, Faults, Network, Observed, World
from tests.sim.fake_node import FakeNode

ROOT = Path(__file__).parents[3]


def run(seed: int, loss_ratio: float = 0.1) -> str:
    """The hash of a run with a crash, a pause and a restart on a bad network."""
    network = Network(
        Random(f"{seed}/network"), loss_ratio=loss_ratio, duplicate_ratio=0.1, reorder_ratio=0.1
    )
    world = World(seed, factory=FakeNode, network=network)
    trace = TraceHash(world)
    for index in range(5):
        world.add(index, seeds=[peer for peer in range(5) if peer != index])
    world.at(2.0, Commands(world).increment, 0, 3)
    world.at(3.0, Faults(world).crash, 1)
    world.at(4.0, Faults(world).pause, 2, 5.0)
    world.at(5.0, Faults(world).slow, 3)
    world.at(8.0, Faults(world).restart, 1)
    world.run(12.0)
    return trace.hexdigest()


def test_equal_seeds_give_equal_hashes() -> None:
    """Two runs of one seed are one run; another seed or network is another."""
    assert run(1) == run(1)
    assert len({run(1), run(2), run(1, loss_ratio=0.2)}) == 3


def test_the_hash_does_not_depend_on_hash_randomisation() -> None:
    """Processes under different PYTHONHASHSEED replay the same run."""
    path = os.pathsep.join([str(ROOT), *sys.path])
    program = "from tests.sim.judge.test_trace import run; print(run(1))"
    hashes = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert hashes == [run(1)] * 2


def test_a_line_is_aligned() -> None:
    """Time, node, what and details stand in columns."""
    death = Observed(12.5, "10.0.0.1:8088", 1, MemberDead("10.0.0.2:8088", "10.0.0.3:8088"))
    crash = Observed(3.0, "10.0.0.20:8088", 1, Crashed())
    assert line(death) == (
        "   12.500000  10.0.0.1:8088          MemberDead            "
        "member=10.0.0.2:8088 accuser=10.0.0.3:8088 evidence=silence"
    )
    assert line(crash) == "    3.000000  10.0.0.20:8088         crashed"


def test_the_text_has_a_line_for_each_event() -> None:
    """Every event is written, in order."""
    world, lines = World(1, factory=FakeNode), list[str]()
    TraceText(world, lines.append)
    world.add(0)
    Faults(world).crash(0)
    assert lines == [line(observed) for observed in world.log.events]
    assert len(lines) == 2
