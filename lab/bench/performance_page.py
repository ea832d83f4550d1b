"""Keeps results: JSON and plots in docs/performance, and their tables in docs/performance.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.experiments import Findings

from .performance_targets import judged

BEGIN = "<!-- measured: written by scripts/bench --write -->"
END = "<!-- measured: end -->"


def keep(folder: Path, name: str, found: Findings, circumstances: dict[str, Any]) -> None:
    """Writes the results of one benchmark, and under which circumstances they were found."""
    kept = {"about": circumstances, "tables": found.tables, **found.values}
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
    """Replaces what stands between the marks of the page by the results kept in the folder.

    Raises ValueError if the page has no marks.
    """
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
    """Returns the lines between the marks: the targets first, then each benchmark's tables."""
    lines = ["## What it is to reach", "", *judged(results)]
    for name, kept in results.items():
        lines += ["", f"## {name}", "", f"`scripts/bench {name}`, {_circumstances(kept['about'])}"]
        for title, rows in kept["tables"]:
            lines += ["", title, "", *rows]
        if (folder / f"{name}.png").exists():
            lines += ["", f"![{name}]({folder.name}/{name}.png)"]
    return lines


def _circumstances(about: dict[str, Any]) -> str:
    others = about.get("others_percent")
    return (
        f"gossipd {about['gossipd']}, {about['cores']} cores, {about['system']}"
        f" {about['machine']}, Python {about['python']}"
        + ("." if others is None else f"; others used {others:.0f} % of the machine meanwhile.")
    )
