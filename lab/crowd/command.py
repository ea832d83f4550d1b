"""The command line of the crowd: `python -m lab.crowd --minutes 10`."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import click

from lab.processes import Node, cluster, free_addresses, resident_megabytes

from .clients import Crowd
from .described import as_described
from .doors import http_door, redis_door
from .judge import Judge

_SAMPLE_SECONDS = 2.0
_STEPS = 200
_COUNTERS = "100"


def at_the_doors(
    seconds: float, seed: int, doors: Sequence[str], folder: Path
) -> tuple[Judge, int]:
    """Lets crowds at these doors of a new node, `http` and `redis`, for so long.

    Returns the judge, and how many clients came. Whoever asks in good order is answered meanwhile.
    """
    ((host, port),) = free_addresses(1)
    flags = ("--redis", f"{host}:{port}", "--max-counters", _COUNTERS)
    with cluster(1, folder, *flags, kept=True) as nodes:
        [node] = nodes.nodes
        made = {"http": http_door(node.host, node.port), "redis": redis_door(host, port)}
        crowds = [Crowd(made[door], Random(f"{seed} {door}")) for door in doors]

        def step() -> None:
            for _ in range(_STEPS):
                for crowd in crowds:
                    crowd.step()

        judge = _watched(node, seconds, step)
        for crowd in crowds:
            crowd.leave()
            judge.wrong(crowd.faults)
        assert node.answers()
        _end(node, judge)
        return judge, sum(crowd.came for crowd in crowds)


def by_description(seconds: float, seed: int, folder: Path) -> tuple[Judge, int]:
    """Lets schemathesis at a new node, again and again with other seeds, for so long.

    Returns the judge, and how often it asked for everything. It draws ever new names and keys,
    which the node keeps, so that nothing is said of memory.
    """
    runs = 0
    with cluster(1, folder, "--max-counters", _COUNTERS, kept=True) as nodes:
        [node] = nodes.nodes
        faults: list[str] = []

        def step() -> None:
            nonlocal runs
            wrong = as_described(node.id, seed + runs)
            runs += 1
            if wrong:
                faults.append(f"schemathesis, seed {seed + runs - 1}:\n{wrong}")

        judge = _watched(node, seconds, step, weighs=False)
        judge.wrong(faults)
        _end(node, judge)
        return judge, runs


def _watched(node: Node, seconds: float, step: Callable[[], None], *, weighs: bool = True) -> Judge:
    """Repeats `step` for so long, and watches the node, also its memory if that is to be judged."""
    judge, log = Judge(), node.log_path.read_bytes()
    began = time.monotonic()
    sampled = -_SAMPLE_SECONDS
    while (passed := time.monotonic() - began) < seconds:
        step()
        if passed - sampled >= _SAMPLE_SECONDS:
            sampled = passed
            if weighs:
                judge.weighed(passed, resident_megabytes(node.process.pid) or 0.0)
            assert node.answers()
    judge.wrote(node.log_path.read_bytes()[len(log) :].splitlines())
    return judge


def _end(node: Node, judge: Judge) -> None:
    node.send(signal.SIGTERM)
    if node.process.wait(10):
        judge.wrong([f"the node ended with {node.process.returncode}"])


@click.command()
@click.option("--minutes", type=float, default=1.0, show_default=True, help="How long.")
@click.option("--seed", type=int, default=1, show_default=True, help="Other seeds, other clients.")
@click.option(
    "--door",
    "doors",
    type=click.Choice(["http", "redis", "described"]),
    multiple=True,
    default=("http", "redis"),
    show_default=True,
    help="Whom to ask; `described` is HTTP by schemathesis, and goes alone.",
)
def main(minutes: float, seed: int, doors: tuple[str, ...]) -> None:
    """Let random clients at a real node. Exit 1 if it did what it must not."""
    with tempfile.TemporaryDirectory() as folder:
        if "described" in doors:
            judge, number = by_description(minutes * 60, seed, Path(folder))
        else:
            judge, number = at_the_doors(minutes * 60, seed, doors, Path(folder))
    what = "runs of schemathesis" if "described" in doors else "clients"
    click.echo(f"{minutes:g} minutes, {', '.join(doors)}: {number} {what}, seed {seed}")
    if judge.memory:
        megabytes = [each for _, each in judge.memory]
        shown = f"{megabytes[0]:.1f} MB at first, {max(megabytes):.1f} at most"
        click.echo(f"memory: {shown}; {judge.growth():+.1f} since it was warm")
    for complaint in judge.complaints():
        click.echo(complaint)
    if judge.complaints():
        raise SystemExit(1)
