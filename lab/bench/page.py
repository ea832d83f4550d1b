"""Keeps what was measured: JSON and plots in docs/performance, tables in docs/performance.md."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gossipd import __version__
from lab.experiments.trials import Findings
from lab.processes.cluster import ROOT

from .targets import judged

BEGIN = "<!-- measured: written by scripts/bench --write -->"
END = "<!-- measured: end -->"


def about() -> dict[str, Any]:
    """The kind of machine and what runs on it, without names."""
    # The last change of the package, whatever came after it in tests and documents.
    asked = ["git", "log", "-1", "--format=%h", "--", "gossipd"]
    revision = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return {
        "gossipd": f"{__version__} {revision.stdout.strip()}".strip(),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


class Others:
    """How much of the machine others use while a benchmark runs."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._busy, self._own = _busy(), _own()

    def percent(self) -> float | None:
        """Of all cores, since this was made; None where the system does not tell.

        What was started must have ended.
        """
        busy = _busy()
        if busy is None or self._busy is None:
            return None
        seconds = (time.monotonic() - self._start) * (os.cpu_count() or 1)
        return max(0.0, 100 * (busy - self._busy - _own() + self._own) / seconds)


def _busy() -> float | None:
    """Seconds that all cores together have worked for anybody, or were lent to other machines."""
    try:
        line = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    except OSError:
        return None
    user, nice, system, _, _, *rest = (int(field) for field in line.split()[1:9])
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    """Seconds that this process and its children that have ended have worked."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


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
    others = about.get("others_percent")
    return (
        f"gossipd {about['gossipd']}, {about['cores']} cores, {about['system']}"
        f" {about['machine']}, Python {about['python']}"
        + ("." if others is None else f"; others used {others:.0f} % of the machine meanwhile.")
    )
