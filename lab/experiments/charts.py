"""Draws what came of an experiment. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import detection, lifeguard, spread, udp_only
from .variants import VARIANTS

_COLORS = dict(
    zip(VARIANTS, ("#8c1515", "#d1640b", "#c9a227", "#7f7f7f", "#4a9c5d", "#0b5fa5"), strict=True)
)
_SIZES = dict(zip(spread.NODES, ("#8fbce6", "#0b5fa5", "#07305a"), strict=True))
_LOSSES = dict(
    zip(detection.LOSS_PERCENT, ("#07305a", "#0b5fa5", "#8fbce6", "#d1640b"), strict=True)
)
_GREY = "#666666"


def draw(name: str, values: Mapping[str, Any], file: str) -> None:
    """Draws the outcome of the experiment `name`. Raises OSError if the file cannot be written."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure = _FIGURES[name](pyplot, values)
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_axisbelow(True)
    try:
        figure.savefig(file)
    finally:
        pyplot.close(figure)


def _lifeguard(pyplot: Any, values: Mapping[str, Any]) -> Any:
    figure = pyplot.figure(figsize=(14, 13), dpi=80, layout="constrained")
    grid = figure.add_gridspec(3, 2)
    figure.suptitle(
        f"Lifeguard's experiment among {lifeguard.NODES} nodes, some of which neither send nor"
        " receive for a while",
        fontsize=15,
        fontweight="bold",
    )
    behaviours = {"stop": "blocked processes stop", "run": "blocked processes keep their timers"}
    for line, (timers, behaviour) in enumerate(behaviours.items()):
        rows = [row for row in values["counted"] if row["timers"] == timers]
        for column, (key, where) in enumerate(
            (("false_positives", "at all nodes"), ("at_healthy", "at healthy nodes"))
        ):
            axis = figure.add_subplot(grid[line, column])
            axis.set_title(f"False positives {where}; {behaviour}")
            _grouped(axis, rows, key)
    _detection(figure.add_subplot(grid[2, :]), values["detected"])
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=11)
    return figure


def _grouped(axis: Any, rows: Sequence[Mapping[str, Any]], key: str) -> None:
    """Draws a group of bars for each number of blocked nodes, with a bar for each variant."""
    width = 0.85 / max(len(rows), 1)
    for place, row in enumerate(rows):
        counts = [some[key] for some in row["by_number"].values()]
        at = [group + (place - (len(rows) - 1) / 2) * width for group in range(len(counts))]
        bars = axis.bar(at, counts, width, color=_COLORS[row["variant"]], label=row["variant"])
        labels = [_short(count) for count in counts]
        axis.bar_label(bars, labels, fontsize=8, color=_GREY, rotation=90, padding=3)
    axis.set_yscale("symlog", linthresh=1)
    axis.set_ylim(
        0, 10 * max([1, *[some[key] for row in rows for some in row["by_number"].values()]])
    )
    axis.set_xticks(range(len(lifeguard.CONCURRENT)), [str(n) for n in lifeguard.CONCURRENT])
    axis.set_xlabel("nodes that are blocked at the same time")
    axis.set_ylabel("verdicts on healthy nodes")
    axis.grid(axis="y", color="#dddddd", linewidth=0.7)


def _short(count: int) -> str:
    if count < 1000:
        return f"{count}"
    return f"{count / 1000:.0f}k" if count >= 10_000 else f"{count / 1000:.1f}k"


def _detection(axis: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    axis.set_title(
        f"Nodes blocked once, for {lifeguard.BLOCKED_ONCE:.0f} s: how soon the others declare them"
        " dead (bar: median, line: to the 99th percentile)"
    )
    names = [row["variant"] for row in rows]
    for key, label, color, offset in (
        ("first", "until one healthy node has", "#8fbce6", -0.2),
        ("everywhere", "until all of them have", "#0b5fa5", 0.2),
    ):
        found = [(place, row[key]) for place, row in enumerate(rows) if row[key]["number"]]
        at = [place + offset for place, _ in found]
        middles = [times["p50"] for _, times in found]
        highs = [times["p99"] for _, times in found]
        axis.barh(at, middles, 0.38, color=color, label=label)
        axis.hlines(at, middles, highs, color=_GREY, linewidth=1.5)
        for y, middle, high in zip(at, middles, highs, strict=True):
            axis.text(high + 0.15, y, f"{middle:.1f} / {high:.1f} s", va="center", fontsize=9)
    axis.set_yticks(range(len(rows)), names)
    axis.invert_yaxis()
    axis.set_xlabel("seconds from the blocking")
    axis.set_xlim(right=1.25 * axis.get_xlim()[1])
    axis.grid(axis="x", color="#dddddd", linewidth=0.7)
    axis.legend(loc="upper right", fontsize=10)


def _udp_only(pyplot: Any, values: Mapping[str, Any]) -> Any:
    figure, axes = pyplot.subplots(1, 2, figsize=(13, 5), dpi=90, layout="constrained")
    figure.suptitle(
        f"False suspicions in {udp_only.DURATION} s with {udp_only.LOSS_PERCENT} % loss, UDP only",
        fontsize=14,
        fontweight="bold",
    )
    for axis, nodes in zip(axes, udp_only.NODES, strict=True):
        rows = [row for row in values["rows"] if row["nodes"] == nodes]
        most = max(max(row["suspicions"], default=0) for row in rows)
        for place, row in enumerate(rows):
            runs = row["suspicions"]
            shares = [100 * runs.count(number) / len(runs) for number in range(most + 1)]
            at = [number + (place - 1) * 0.28 for number in range(most + 1)]
            label = f"{row['variant']}, mean {sum(runs) / len(runs):.2f}"
            axis.bar(at, shares, 0.28, color=_COLORS[row["variant"]], label=label)
        published = udp_only.PUBLISHED[nodes]
        axis.axvline(
            published, color=_GREY, linestyle="--", label=f"SWIM as published, mean {published}"
        )
        axis.set_title(f"{nodes} nodes")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.set_xlabel("false suspicions in a run")
        axis.set_ylabel("share of runs (%)")
        axis.grid(axis="y", color="#dddddd", linewidth=0.7)
        axis.legend(framealpha=1)
    return figure


def _spread(pyplot: Any, values: Mapping[str, Any]) -> Any:
    figure, axes = pyplot.subplots(1, 2, figsize=(13, 5), dpi=90, layout="constrained", sharey=True)
    figure.suptitle("From an increment to the last node", fontsize=14, fontweight="bold")
    fixed = next(iter(spread.LATENCY))
    for axis, loss in zip(axes, spread.LOSS_PERCENT, strict=True):
        for row in values["rows"]:
            if row["loss"] != loss or not row["seconds"]:
                continue
            shares = [100 * (place + 1) / row["number"] for place in range(row["number"])]
            kind = "-" if row["latency"] == fixed else ":"
            way = row["latency"].replace("fixed:", "").replace("uniform:", "")
            axis.step(
                [1000 * row["seconds"][0], *[1000 * seconds for seconds in row["seconds"]]],
                [0.0, *shares],
                where="post",
                color=_SIZES[row["nodes"]],
                linestyle=kind,
                label=f"{row['nodes']:,} nodes, {way} one way",
            )
        serf = spread.SERF
        axis.axvspan(
            1000 * min(serf.values()),
            1000 * max(serf.values()),
            color="#bbbbbb",
            label=f"serf's model, {min(serf):,} to {max(serf):,} nodes, no loss",
        )
        axis.set_xscale("log")
        axis.set_xlim(0.8, 20_000)
        axis.xaxis.set_major_formatter("{x:,g}")
        axis.set_title(f"{loss} % of all datagrams lost")
        axis.set_xlabel("milliseconds")
        axis.grid(color="#dddddd", linewidth=0.7)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=9)
    axes[0].set_ylabel("share of increments (%)")
    return figure


def _mechanisms(pyplot: Any, values: Mapping[str, Any]) -> Any:
    figure, axes = pyplot.subplots(
        1, 2, figsize=(14, 11), dpi=80, layout="constrained", sharex=True
    )
    figure.suptitle(
        "Until a live node of 64 knows of a lost one (bar: median, line: to the greatest); wronged:"
        " verdicts on nodes that were well",
        fontsize=14,
        fontweight="bold",
    )
    variants = list(detection.ABLATION)
    for axis, how in zip(axes, detection.HOW, strict=True):
        for place, (loss, color) in enumerate(_LOSSES.items()):
            rows = [
                row
                for row in values["ablation"]
                if (row["title"], row["loss"]) == (how, loss) and row["number"]
            ]
            if not rows:
                continue
            at = [variants.index(row["variant"]) + 0.2 * (place - 1.5) for row in rows]
            middles, most = ([row[key] for row in rows] for key in ("p50", "max"))
            axis.barh(at, middles, 0.19, color=color, label=f"{loss} % loss")
            axis.hlines(at, middles, most, color=_GREY, linewidth=1)
            for height, end, row in zip(at, most, rows, strict=True):
                if row["false"]:
                    text = f"{row['false']:,} wronged"
                    axis.text(end + 0.1, height, text, va="center", fontsize=7, color=_GREY)
        axis.set_title(how)
        axis.set_yticks(range(len(variants)), variants)
        axis.set_ylim(len(variants) - 0.5, -0.5)
        axis.set_xlabel("seconds from the loss")
        axis.grid(axis="x", color="#dddddd", linewidth=0.7)
    axes[1].set_yticklabels([])
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


_FIGURES: Mapping[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "lifeguard": _lifeguard,
    "udp-only": _udp_only,
    "spread": _spread,
    "detection": _mechanisms,
}
