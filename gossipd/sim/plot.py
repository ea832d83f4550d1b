"""Draws a run: detection, members seen, counts and bytes. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .judge import Band, Timeline
from .report import Report
from .simulate import Run

NEEDS = 'needs matplotlib: pip install "gossipd[sim]"'

_BLUE, _ORANGE, _GREY = "#0b5fa5", "#d1640b", "#666666"
_FORMATS = (".png", ".svg", ".pdf")


def check_plot(file: str) -> None:
    """Raises ValueError if `draw` could not write to `file`; asked before a run, not after it."""
    path = Path(file)
    if find_spec("matplotlib") is None:
        raise ValueError(NEEDS)
    if path.suffix.lower() not in _FORMATS:
        raise ValueError(f"{file!r} ends in none of {', '.join(_FORMATS)}")
    if not path.parent.is_dir():
        raise ValueError(f"{str(path.parent)!r} is no directory")


def draw(run: Run, file: str) -> None:
    """Draws a run that has kept its timeline. Raises OSError if the file cannot be written."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    assert run.timeline is not None
    figure, axes = pyplot.subplots(2, 2, figsize=(13, 9), dpi=120, layout="constrained")
    figure.suptitle(run.report.about or "gossipd simulate", fontsize=15, fontweight="bold")
    figure.supxlabel(_wrapped(run.report.command), fontsize=9, color=_GREY, family="monospace")
    _detection(axes[0][0], run)
    _members(axes[0][1], run.timeline, run.report)
    _counts(axes[1][0], run.timeline)
    _bytes(axes[1][1], run.timeline, run.report)
    for axis in axes.flat:
        axis.grid(visible=True, color="#dddddd", linewidth=0.7)
        axis.set_axisbelow(True)
        axis.margins(x=0.01)
        axis.yaxis.set_major_formatter("{x:,.0f}")
        axis.spines[["top", "right"]].set_visible(False)
    try:
        figure.savefig(file)
    finally:
        pyplot.close(figure)


def _wrapped(command: str, width: int = 130) -> str:
    lines = [""]
    for word in command.split(" --"):
        part = word if not lines[0] else f" --{word}"
        if len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def _empty(axis: Any, why: str) -> None:
    axis.text(0.5, 0.5, why, ha="center", va="center", transform=axis.transAxes, color=_GREY)
    axis.set_xticks([])
    axis.set_yticks([])


def _cdf(axis: Any, delays: Sequence[float], color: str, label: str) -> None:
    ordered = sorted(delays)
    if ordered:
        shares = [100 * (place + 1) / len(ordered) for place in range(len(ordered))]
        axis.step([ordered[0], *ordered], [0.0, *shares], where="post", color=color, label=label)


def _detection(axis: Any, run: Run) -> None:
    axis.set_title("How long after a crash a node knows of it")
    axis.set_xlabel("seconds since the crash")
    if not run.delays:
        _empty(axis, "no crash was detected in this run")
        return
    _cdf(axis, run.delays, _BLUE, f"each node ({len(run.delays):,} verdicts)")
    first = run.report.detected.first
    if first.p50 is not None:
        axis.axvline(first.p50, color=_ORANGE, linestyle="--", label="first node to know, median")
    axis.set_ylabel("share of verdicts (%)")
    axis.set_ylim(0, 103)
    axis.set_xlim(left=0)
    axis.legend(loc="upper left")


def _members(axis: Any, timeline: Timeline, report: Report) -> None:
    axis.set_title("Members that a node sees as alive or suspect")
    _band(axis, timeline.times, timeline.members)
    for step in report.steps:
        label = "all agree again" if step is report.steps[0] else None
        if step.agreed_after is not None:
            axis.axvline(step.at + step.agreed_after, color=_ORANGE, linestyle=":", label=label)
    axis.set_ylabel("members")
    axis.set_ylim(0, report.nodes * 1.05)
    axis.legend(loc="lower right")


def _counts(axis: Any, timeline: Timeline) -> None:
    axis.set_title("Count at each node")
    axis.set_xlabel("seconds")
    if not timeline.counts:
        _empty(axis, "no writes in this run")
        return
    _band(axis, timeline.times, timeline.counts)
    axis.plot(
        timeline.times,
        timeline.ideal_counts,
        color=_ORANGE,
        linestyle="--",
        linewidth=1,
        label="increments asked for",
    )
    axis.set_ylabel("count")
    axis.set_ylim(bottom=0)
    axis.legend(loc="upper left")


def _bytes(axis: Any, timeline: Timeline, report: Report) -> None:
    axis.set_title("Bytes that a node sends, with IP and UDP headers")
    _band(axis, timeline.rate_times, timeline.rates)
    axis.axhline(
        report.traffic.wire_bytes, color=_ORANGE, linestyle="--", linewidth=1, label="mean of all"
    )
    axis.set_ylabel("bytes per second")
    axis.set_ylim(bottom=0)
    axis.legend(loc="upper right")


def _band(axis: Any, times: list[float], bands: list[Band]) -> None:
    axis.set_xlabel("seconds")
    axis.set_xlim(0, times[-1] if times else 1)
    lows, highs = [band.low for band in bands], [band.high for band in bands]
    axis.fill_between(
        times,
        lows,
        highs,
        color=_BLUE,
        alpha=0.2,
        linewidth=0,
        label="least to greatest of all nodes",
    )
    axis.plot(times, [band.middle for band in bands], color=_BLUE, label="median node")
