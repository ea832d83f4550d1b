"""The command line of the experiments: `python -m lab.experiments NAME`."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import cast

import click

from gossipd.sim import check_plot

from . import charts, detection, lifeguard, spread, udp_only
from .pieces import Pieces
from .trials import Experiment

EXPERIMENTS: dict[str, ModuleType] = {
    "lifeguard": lifeguard,
    "udp-only": udp_only,
    "spread": spread,
    "detection": detection,
}


@click.command()
@click.argument("name", type=click.Choice(list(EXPERIMENTS)))
@click.option("--seeds", type=click.IntRange(1), help="Seeds; without it as many as its page says.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What to print on stdout: tables, or every number.",
)
@click.option("--plot", metavar="FILE.png", help="Draw the outcome; needs the extra gossipd[sim].")
@click.option("--only", metavar="TEXT", default="", help="Run rows with this text in their title.")
@click.option("--within", type=float, metavar="SECONDS", help="Begin no run after so long.")
@click.option("--keep", metavar="FILE", help="Keep outcomes there, and run none that it has.")
def main(
    name: str,
    seeds: int | None,
    jobs: int,
    output: str,
    plot: str | None,
    only: str,
    within: float | None,
    keep: str | None,
) -> None:
    """Make a published experiment again, in virtual time.

    The outcome follows from the seeds: the same command on the same version gives the same numbers,
    whatever the number of processes. `detection` takes hours: --only, --within and --keep run it in
    pieces.
    """
    if plot is not None:
        try:
            check_plot(plot)
        except ValueError as error:
            raise click.UsageError(f"--plot: {error}") from None
    if name == "detection":
        pieces = Pieces(only, within, Path(keep) if keep else None)
        found = detection.run(seeds, jobs, _tell, pieces)
    elif only or within or keep:
        raise click.UsageError("--only, --within and --keep are for detection")
    else:
        found = cast(Experiment, EXPERIMENTS[name]).run(seeds, jobs, _tell)
    text = json.dumps(found.values) if output == "json" else "\n".join(found.lines())
    click.echo(text)
    if plot is not None:
        charts.draw(name, found.values, plot)
        click.echo(f"plotted to {plot}", err=True)


def _tell(done: int, of: int) -> None:
    click.echo(f"\r{done} of {of} runs", err=True, nl=done == of)
