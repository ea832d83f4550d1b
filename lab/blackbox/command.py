"""The command line of the black box: `scripts/blackbox SECONDS`."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from itertools import count, repeat
from pathlib import Path
from types import FrameType

import click

from lab.processes.cluster import ROOT

from . import clocks, report
from .network import obstacle
from .run import Played, Run, run
from .schedule import draw

FAILED = 1
_KEPT = ROOT / ".blackbox"
_STOPS = (signal.SIGINT, signal.SIGTERM)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("seconds", type=click.FloatRange(1))
@click.option("--seed", type=click.IntRange(0), help="Decides the schedule.  [default: drawn]")
@click.option("--only", type=click.IntRange(0), help="Play this cycle again and again.")
@click.option("--syncs/--no-syncs", default=True, show_default=True, help="Use /sync, too.")
@click.option(
    "--clocks",
    "hours",
    type=click.FloatRange(0),
    default=11.0,
    show_default=True,
    help="Set clocks wrong by at most so many hours; 0: never.",
)
def main(seconds: float, seed: int | None, only: int | None, syncs: bool, hours: float) -> None:
    """Let five to six real nodes live through faults for so many seconds, and check them.

    The first cycle that fails ends the run with exit code 1. Its logs and directories are kept.
    """
    if (reason := obstacle()) is not None:
        raise click.ClickException(reason)
    for number in _STOPS:
        signal.signal(number, _stop)
    seed = secrets.randbelow(10**9) if seed is None else seed
    _KEPT.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=_KEPT, prefix=f"seed-{seed}-"))
    library = clocks.build(folder) if hours else None
    if hours and library is None:
        click.echo("There is no C compiler (cc): clocks stay right.")
    again = f"{'' if syncs else ' --no-syncs'} --clocks {hours:g}"
    click.echo(f"seed {seed}; processes end at Ctrl-C")
    fine = True
    try:
        with run(seed, folder, library, syncs=syncs) as cluster:
            fine = _play(cluster, seconds, seed, only, hours, again, folder)
    finally:
        if fine:
            shutil.rmtree(folder)
    if not fine:
        click.echo(report.kept(folder))
        sys.exit(FAILED)


def _play(
    cluster: Run,
    seconds: float,
    seed: int,
    only: int | None,
    hours: float,
    again: str,
    folder: Path,
) -> bool:
    """Plays cycles until the time is over, and returns whether all went well."""
    began, cycles = time.monotonic(), list[Played]()
    found = cluster.start()
    if found:
        click.echo(
            "\n".join(f"the cluster does not start: {one.kind}: {one.seen}" for one in found)
        )
        return False
    click.echo(f"at rest in the beginning: a node makes {cluster.first}")
    for number in count() if only is None else repeat(only):
        left = seconds - (time.monotonic() - began)
        if left <= 0:
            break
        plan = draw(seed, number, hours)
        played = cluster.play(plan, left)
        if played.findings:
            lines = report.failed(plan, played.findings, played.summary, again)
            (folder / "report.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
            click.echo("\n".join(lines))
            return False
        cycles.append(played)
        click.echo(report.passed(plan, played))
    took = time.monotonic() - began
    used = os.times()
    cores = (used.user + used.system + used.children_user + used.children_system) / took
    click.echo("\n".join(report.costs(cycles, cores, took, cluster.total)))
    return True


def _stop(number: int, frame: FrameType | None) -> None:
    # Whatever was made is removed now; another signal is not to interrupt that.
    for one in _STOPS:
        signal.signal(one, signal.SIG_IGN)
    sys.exit(128 + number)
