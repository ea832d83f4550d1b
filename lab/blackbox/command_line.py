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
from typing import NamedTuple

import click

from lab.processes import ROOT

from . import clocks, report
from .network import obstacle
from .run import Played, Run, run
from .schedule import draw

FAILED = 1
_KEPT = ROOT / ".blackbox"
_STOPS = (signal.SIGINT, signal.SIGTERM)


class Options(NamedTuple):
    """What to play: for how long, by which seed, one cycle or all, with which kinds of faults."""

    seconds: float
    seed: int
    only: int | None
    syncs: bool
    hours: float

    @property
    def again(self) -> str:
        """The flags that a run needs beside the seed to be played again."""
        return f"{'' if self.syncs else ' --no-syncs'} --clocks {self.hours:g}"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("seconds", type=click.FloatRange(1))
@click.option("--seed", type=click.IntRange(0), help="Decides the schedule.  [default: drawn]")
@click.option("--only", type=click.IntRange(0), help="Play the cycle of this number repeatedly.")
@click.option("--syncs/--no-syncs", default=True, show_default=True, help="Use /sync, too.")
@click.option(
    "--clocks",
    "hours",
    type=click.FloatRange(0),
    default=20_000.0,
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
    options = Options(
        seconds, secrets.randbelow(10**9) if seed is None else seed, only, syncs, hours
    )
    _KEPT.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=_KEPT, prefix=f"seed-{options.seed}-"))
    fine = True
    try:
        fine = _run(options, folder)
    except Exception:
        fine = False
        raise
    finally:
        if fine:
            shutil.rmtree(folder)
        else:
            click.echo(f"logs and directories are kept in {folder}")
    sys.exit(0 if fine else FAILED)


def _run(options: Options, folder: Path) -> bool:
    """Returns whether all went well."""
    library = clocks.build(folder) if options.hours else None
    if options.hours and library is None:
        click.echo("there is no C compiler (cc): clocks stay right")
    click.echo(f"seed {options.seed}")
    began = time.monotonic()
    with run(options.seed, folder, library, syncs=options.syncs) as cluster:
        cycles = _play(cluster, options, folder)
    if cycles is None:
        return False
    took, used = time.monotonic() - began, os.times()
    cores = (used.user + used.system + used.children_user + used.children_system) / took
    click.echo("\n".join(report.costs(cycles, cores, took, cluster.total)))
    return True


def _play(cluster: Run, options: Options, folder: Path) -> list[Played] | None:
    """Plays cycles until the time is over, and returns them; None if one failed."""
    end, cycles = time.monotonic() + options.seconds, list[Played]()
    for finding in (found := cluster.start()):
        click.echo(f"the cluster does not start: {finding.kind}: {finding.seen}")
    if found:
        return None
    click.echo(f"in the beginning a node makes {cluster.first}")
    for number in count() if options.only is None else repeat(options.only):
        left = end - time.monotonic()
        if left <= 0:
            break
        plan = draw(options.seed, number, options.hours)
        played = cluster.play(plan, left)
        if played.findings:
            lines = report.failed(plan, played, options.again)
            (folder / "report.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
            click.echo("\n".join(lines))
            return None
        cycles.append(played)
        click.echo(report.passed(plan, played))
    return cycles


def _stop(number: int, frame: FrameType | None) -> None:
    # Whatever was made is removed now; another signal is not to interrupt that.
    for one in _STOPS:
        signal.signal(one, signal.SIG_IGN)
    sys.exit(128 + number)
