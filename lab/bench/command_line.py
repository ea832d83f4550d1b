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
from lab.experiments import Findings
from lab.processes import ROOT, isolated

from . import (
    charts,
    cpu_profile,
    detection,
    http_requests,
    idle_cost,
    many_counters,
    pauses,
    performance_page,
    redis_clients,
    sealing,
    simulator_speed,
    startup,
    udp_pings,
    write_spread,
)
from .benchmark import Benchmark, Options
from .child_processes import none_left
from .machine import OtherPrograms, describe
from .performance_targets import judged

BENCHMARKS: dict[str, Benchmark] = {
    "http": http_requests,
    "redis": redis_clients,
    "counters": many_counters,
    "spread": write_spread,
    "detect": detection,
    "pauses": pauses,
    "idle": idle_cost,
    "udp": udp_pings,
    "sealing": sealing,
    "sim": simulator_speed,
    "start": startup,
    "profile": cpu_profile,
}

_PAGE = ROOT / "docs" / "performance.md"
_RESULTS = ROOT / "docs" / "performance"
_STOPS = (signal.SIGINT, signal.SIGTERM)


@click.command()
@click.argument("name", type=click.Choice([*BENCHMARKS, "all"]))
@click.option(
    "--short", is_flag=True, help="Do only what shows that it works; the numbers mean nothing."
)
@click.option("--repetitions", type=click.IntRange(1), help="How often everything is measured.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What to print on stdout: tables, or every number.",
)
@click.option("--plot", metavar="FILE.png", help="Draw the results; needs the extra gossipd[sim].")
@click.option("--write", is_flag=True, help="Put JSON, plots and tables into docs.")
def main(
    name: str, short: bool, repetitions: int | None, output: str, plot: str | None, write: bool
) -> None:
    """Measure gossipd beside other installed programs, on this machine alone.

    `all` runs every benchmark, one after the other.
    """
    _check(name, short, plot, write)
    for number in _STOPS:
        signal.signal(number, _stop)
    names = list(BENCHMARKS) if name == "all" else [name]
    found: dict[str, Findings] = {}
    for one in names:
        others = OtherPrograms()
        found[one] = _run(one, short, repetitions)
        if write:
            circumstances = {**describe(), "others_percent": others.percent()}
            performance_page.keep(_RESULTS, one, found[one], circumstances)
            _draw(one, found[one], str(_RESULTS / f"{one}.png"))
            performance_page.rewrite(_PAGE, _RESULTS, list(BENCHMARKS))
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
    """Raises a click exception, before anything is measured, if the results could not be kept."""
    if plot is not None and name == "all":
        raise click.UsageError("--plot draws one benchmark; --write draws all of them")
    if write and short:
        raise click.UsageError("--write keeps nothing of a --short run")
    if write:
        _RESULTS.mkdir(exist_ok=True)
    for flag, file in ("--plot", plot), ("--write", str(_RESULTS / "all.png") if write else None):
        try:
            if file is not None:
                check_plot(file)
        except ValueError as error:
            raise click.UsageError(f"{flag}: {error}") from None
    if not isolated():
        raise click.ClickException(
            "this runs only in a network namespace without any route, which scripts/bench makes"
        )


def _run(name: str, short: bool, repetitions: int | None) -> Findings:
    # Not in the system's folder for temporary files, which may be in memory: disks are measured.
    kept = ROOT / ".bench"
    kept.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept, prefix="run-") as folder, none_left():
        options = Options(Path(folder), short, repetitions, _tell)
        return BENCHMARKS[name].run(options)


def _draw(name: str, found: Findings, file: str) -> None:
    if found.values["rows"]:
        charts.draw(name, found.values, file)
    else:
        click.echo(f"{name} measured nothing that could be drawn", err=True)


def _stop(number: int, frame: FrameType | None) -> None:
    # The exit ends all processes that were started; a second signal must not interrupt that.
    for one in _STOPS:
        signal.signal(one, signal.SIG_IGN)
    sys.exit(128 + number)


def _tell(line: str) -> None:
    click.echo(line, err=True)
