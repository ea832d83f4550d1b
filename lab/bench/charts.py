"""Draws the results of a benchmark. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

_COLORS = {
    "gossipd": "#0b5fa5",
    "serf": "#d1640b",
    "kinship": "#4a9c5d",
    "redis": "#8c1515",
    "bare": "#7f7f7f",
    "sockets": "#aaaaaa",
}
_GREY = "#666666"
_SHADES = {3: "#8fbce6", 10: "#0b5fa5", 50: "#07305a"}


def draw(name: str, values: Mapping[str, Any], file: str) -> None:
    """Draws the results of the benchmark `name`. Raises OSError if the file cannot be written."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure = _FIGURES[name](pyplot, values["rows"])
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_axisbelow(True)
        axis.grid(axis="x", color="#dddddd", linewidth=0.7)
    try:
        figure.savefig(file)
    finally:
        pyplot.close(figure)


_Rows = Sequence[Mapping[str, Any]]


def _color(name: str) -> str:
    return _COLORS.get(name, _COLORS["gossipd"])


def _bars(
    axis: Any, names: Sequence[str], values: Sequence[Sequence[float]], form: str, colors: Any
) -> None:
    """Draws a bar to each median, and a line from the least to the greatest value."""
    at = [place for place, some in enumerate(values) if some]
    some = [values[place] for place in at]
    axis.barh(at, [median(one) for one in some], 0.7, color=[colors[place] for place in at])
    lows, highs = [min(one) for one in some], [max(one) for one in some]
    axis.hlines(at, lows, highs, color=_GREY, linewidth=1.5)
    for place, one, high in zip(at, some, highs, strict=True):
        axis.text(high, place, f"  {form.format(median(one))}", va="center", fontsize=9)
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.set_xlim(left=0, right=1.2 * max([*highs, 1e-9]))


def _figure(pyplot: Any, columns: int, height: float, title: str, lines: int = 1) -> Any:
    figure, axes = pyplot.subplots(
        lines, columns, figsize=(13, height), dpi=80, layout="constrained", squeeze=False
    )
    figure.suptitle(title, fontsize=14, fontweight="bold")
    return figure, list(axes.flat)


def _http(pyplot: Any, rows: _Rows) -> Any:
    numbers = sorted({row["connections"] for row in rows})
    title = "Answers a second (bar: median, line: least to greatest)"
    figure, axes = _figure(pyplot, 1, 4.5 * len(numbers), title, len(numbers))
    for axis, number in zip(axes, numbers, strict=True):
        some = sorted(
            (row for row in rows if row["connections"] == number),
            key=lambda row: (row["asked"].split("?")[0].replace("INCR", "POST"), row["server"]),
        )
        names = [f"{row['server']}: {row['asked']}" for row in some]
        colors = [_color(row["server"]) for row in some]
        _bars(axis, names, [row["rate"] for row in some], "{:,.0f}", colors)
        axis.set_title(f"{number} connections" if number > 1 else "one connection")
        axis.xaxis.set_major_formatter("{x:,.0f}")
    return figure


def _spread(pyplot: Any, rows: _Rows) -> Any:
    figure, (axis,) = _figure(pyplot, 1, 5, "From the first node's answer until every node has it")
    for row in rows:
        seconds = sorted(row["seconds"])
        axis.step(
            [1000 * seconds[0], *[1000 * one for one in seconds]],
            [100 * place / len(seconds) for place in range(len(seconds) + 1)],
            where="post",
            color=_SHADES.get(row["nodes"], _GREY),
            linestyle="-" if row["system"] == "gossipd" else ":",
            label=f"{row['system']}, {row['nodes']} nodes",
        )
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:,g}")
    axis.set_xlabel("milliseconds")
    axis.set_ylabel("share of writes or events (%)")
    axis.legend(fontsize=9)
    return figure


def _detect(pyplot: Any, rows: _Rows) -> Any:
    title = "Until a node that ended is declared dead by the others (bar: median, line: all)"
    figure, (axis,) = _figure(pyplot, 1, max(4.0, 0.32 * len(rows)), title)
    names = [
        f"{row['nodes']} nodes, {100 * row['loss']:.0f} % loss, {row['how']}"
        f"{', counting' if row['loaded'] else ''}: {row['system']}"
        for row in rows
    ]
    colors = [_color(row["system"]) for row in rows]
    _bars(axis, names, [row["seconds"] for row in rows], "{:.1f} s", colors)
    axis.set_xlabel("seconds")
    return figure


def _pauses(pyplot: Any, rows: _Rows) -> Any:
    figure, axes = _figure(pyplot, 2, 3, "Live nodes that were declared dead")
    for axis, key in zip(axes, ("by_paused", "by_running"), strict=True):
        names, colors = [row["system"] for row in rows], [_color(row["system"]) for row in rows]
        _bars(axis, names, [[row[key]] for row in rows], "{:,.0f}", colors)
        axis.set_title(
            "by nodes that were paused" if key == "by_paused" else "by nodes that ran all the time"
        )
    return figure


def _idle(pyplot: Any, rows: _Rows) -> Any:
    figure, axes = _figure(pyplot, 2, 6, "One node of an idle cluster", 2)
    shown = {
        "bytes": ("bytes a second", "{:,.0f}"),
        "packets": ("packets a second", "{:.1f}"),
        "processor": ("% of a core", "{:.2f}"),
        "resident": ("resident MB", "{:.0f}"),
    }
    names = [f"{row['system']}, {row['nodes']} nodes" for row in rows]
    colors = [_color(row["system"]) for row in rows]
    for axis, (key, (title, form)) in zip(axes, shown.items(), strict=True):
        _bars(axis, names, [row[key] for row in rows], form, colors)
        axis.set_title(title)
    return figure


def _profile(pyplot: Any, rows: _Rows) -> Any:
    title = "Where the event loop's thread spends its time (%)"
    cases = list(dict.fromkeys(row["case"] for row in rows))
    figure, (axis,) = _figure(pyplot, 1, 1.5 + 0.6 * len(cases), title)
    left = [0.0] * len(cases)
    for place, part in enumerate(dict.fromkeys(row["part"] for row in rows)):
        widths = [row["percent"] for row in rows if row["part"] == part]
        axis.barh(cases, widths, 0.7, left=left, label=part, color=pyplot.cm.tab20(place))
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axis.invert_yaxis()
    figure.legend(loc="outside lower center", ncols=6, fontsize=9)
    return figure


def _plain(key: str, name: str, title: str, form: str) -> Callable[[Any, _Rows], Any]:
    def figure(pyplot: Any, rows: _Rows) -> Any:
        made, (axis,) = _figure(pyplot, 1, 1.5 + 0.5 * len(rows), title)
        names = [str(row[name]) for row in rows]
        colors = [_color(name) for name in names]
        _bars(axis, names, [row[key] for row in rows], form, colors)
        axis.xaxis.set_major_formatter("{x:,.10g}")
        return made

    return figure


_FIGURES: Mapping[str, Callable[[Any, _Rows], Any]] = {
    "http": _http,
    "spread": _spread,
    "detect": _detect,
    "pauses": _pauses,
    "idle": _idle,
    "udp": _plain("rate", "system", "Pings of one peer answered a second", "{:,.0f}"),
    "sealing": _plain("to", "what", "Sealed to open", "{:.2f}"),
    "sim": _plain("rate", "nodes", "Virtual seconds a second, by number of nodes", "{:,.1f}"),
    "profile": _profile,
    "counters": _plain("rate", "what", "Increments a second among 100,000 counters", "{:,.0f}"),
    "redis": _plain("rate", "what", "INCR of Redis clients answered a second", "{:,.0f}"),
    "start": _plain("milliseconds", "what", "Milliseconds to the first answer", "{:.0f}"),
}
