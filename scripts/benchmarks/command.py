"""The command line of the benchmarks: `scripts/bench NAME`."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType, ModuleType
from typing import cast

import click

from gossipd.sim.plot import check
from tests.real.cluster import ROOT
from tests.real.packets import isolated

from . import detect, http, idle, pauses, sim, spread, start, udp
from .measure import Benchmark, Options

BENCHMARKS: dict[str, ModuleType] = {
    "http": http,
    "spread": spread,
    "detect": detect,
    "pauses": pauses,
    "idle": idle,
    "udp": udp,
    "sim": sim,
    "start": start,
}


@click.command()
@click.argument("name", type=click.Choice([*BENCHMARKS, "all"]))
@click.option("--short", is_flag=True, help="Only to see that it works; the numbers mean nothing.")
@click.option("--repetitions", type=click.IntRange(1), help="How often everything is measured.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What to print on stdout: tables, or every number.",
)
@click.option("--plot", metavar="FILE.png", help="Draw the outcome; needs the extra gossipd[sim].")
def main(name: str, short: bool, repetitions: int | None, output: str, plot: str | None) -> None:
    """Measure gossipd beside what else is installed, on this machine alone."""
    if plot is not None:
        try:
            check(plot)
        except ValueError as error:
            raise click.UsageError(f"--plot: {error}") from None
    if not isolated():
        raise click.ClickException("this runs in a network namespace without any route only")
    signal.signal(signal.SIGTERM, _stop)
    # Not in the system's place for temporary files, which may be no disk.
    kept = ROOT / ".bench"
    kept.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept, prefix="run-") as folder:
        options = Options(Path(folder), short, repetitions, _tell)
        found = cast(Benchmark, BENCHMARKS[name]).run(options)
    text = json.dumps(found.values) if output == "json" else "\n".join(found.lines())
    click.echo(text)


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _tell(line: str) -> None:
    click.echo(line, err=True)
