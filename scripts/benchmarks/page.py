"""Keeps what was measured: JSON and plots in docs/performance, tables in docs/performance.md."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gossipd import __version__
from gossipd.sim.experiments.trials import Findings

from .targets import judged

BEGIN = "<!-- measured: written by scripts/bench --write -->"
END = "<!-- measured: end -->"


def about() -> dict[str, Any]:
    """The kind of machine and what runs on it, without names."""
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {
        "gossipd": f"{__version__} {revision.stdout.strip()}".strip(),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def keep(folder: Path, name: str, found: Findings, around: dict[str, Any]) -> None:
    """Writes the outcome of one benchmark."""
    kept = {"about": around, "tables": found.tables, **found.values}
    text = json.dumps(_rounded(kept), indent=None, separators=(",", ":"))
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return value


def rewrite(page: Path, folder: Path, names: Sequence[str]) -> None:
    """Puts what is kept between the marks of the page. Raises ValueError if it has none."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page.name} has no marks")
    results = {name: _read(folder / f"{name}.json") for name in names}
    lines = section({name: kept for name, kept in results.items() if kept}, folder)
    inside = "\n".join([begin, "", *lines, "", end])
    page.write_text(before + inside + after, encoding="utf-8")


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return kept


def section(results: dict[str, dict[str, Any]], folder: Path) -> list[str]:
    """What stands between the marks: the targets, then each benchmark."""
    lines = ["## What it is to reach", "", *judged(results)]
    for name, kept in results.items():
        lines += ["", f"## {name}", "", f"`scripts/bench {name}`, {_around(kept['about'])}"]
        for title, rows in kept["tables"]:
            lines += ["", title, "", *rows]
        if (folder / f"{name}.png").exists():
            lines += ["", f"![{name}]({folder.name}/{name}.png)"]
    return lines


def _around(about: dict[str, Any]) -> str:
    return (
        f"gossipd {about['gossipd']}, {about['cores']} cores, {about['system']}"
        f" {about['machine']}, Python {about['python']}, load average {about['load_before']:g}"
        " before."
    )
