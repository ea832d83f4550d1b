"""The command line of the benchmarks: `scripts/bench NAME`."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

import click

from gossipd.sim import check_plot
from lab.experiments.trials import Findings
from lab.processes.cluster import ROOT
from lab.processes.packets import isolated

from . import charts, detect, http, idle, page, pauses, profile, sim, spread, start, udp
from .measure import Benchmark, Options
from .processes import none_left
from .targets import judged

BENCHMARKS: dict[str, Benchmark] = {
    "http": http,
    "spread": spread,
    "detect": detect,
    "pauses": pauses,
    "idle": idle,
    "udp": udp,
    "sim": sim,
    "start": start,
    "profile": profile,
}

_PAGE = ROOT / "docs" / "performance.md"
_KEPT = ROOT / "docs" / "performance"
_STOPS = (signal.SIGINT, signal.SIGTERM)


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
@click.option("--write", is_flag=True, help="Put JSON, plots and tables into docs.")
def main(
    name: str, short: bool, repetitions: int | None, output: str, plot: str | None, write: bool
) -> None:
    """Measure gossipd beside what else is installed, on this machine alone.

    With `all`, every benchmark follows another.
    """
    _check(name, short, plot, write)
    for number in _STOPS:
        signal.signal(number, _stop)
    names = list(BENCHMARKS) if name == "all" else [name]
    found: dict[str, Findings] = {}
    for one in names:
        others = page.Others()
        found[one] = _run(one, short, repetitions)
        if write:
            around = {**page.about(), "others_percent": others.percent()}
            page.keep(_KEPT, one, found[one], around)
            _draw(one, found[one], str(_KEPT / f"{one}.png"))
            page.rewrite(_PAGE, _KEPT, list(BENCHMARKS))
        if plot is not None:
            _draw(one, found[one], plot)
    values = {one: findings.values for one, findings in found.items()}
    if output == "json":
        click.echo(json.dumps(values if name == "all" else values[name]))
        return
    for findings in found.values():
        click.echo("\n".join([*findings.lines(), ""]))
    if name == "all":
        click.echo("\n".join(judged(values)))


def _check(name: str, short: bool, plot: str | None, write: bool) -> None:
    """Raises what says that this cannot be done, before anything is measured in vain."""
    if plot is not None and name == "all":
        raise click.UsageError("--plot draws one benchmark; --write draws all of them")
    if write and short:
        raise click.UsageError("--write keeps nothing of a --short run")
    if write:
        _KEPT.mkdir(exist_ok=True)
    for flag, file in ("--plot", plot), ("--write", str(_KEPT / "all.png") if write else None):
        try:
            if file is not None:
                check_plot(file)
        except ValueError as error:
            raise click.UsageError(f"{flag}: {error}") from None
    if not isolated():
        raise click.ClickException("this runs in a network namespace without any route only")


def _run(name: str, short: bool, repetitions: int | None) -> Findings:
    # Not in the system's place for temporary files, which may be no disk.
    kept = ROOT / ".bench"
    kept.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept, prefix="run-") as folder, none_left():
        options = Options(Path(folder), short, repetitions, _tell)
        return BENCHMARKS[name].run(options)


def _draw(name: str, found: Findings, file: str) -> None:
    if found.values["rows"]:
        charts.draw(name, found.values, file)
    else:
        click.echo(f"there is nothing to draw of {name}", err=True)


def _stop(number: int, frame: FrameType | None) -> None:
    # Whatever was started is ended now; another signal is not to interrupt that.
    for one in _STOPS:
        signal.signal(one, signal.SIG_IGN)
    sys.exit(128 + number)


def _tell(line: str) -> None:
    click.echo(line, err=True)
