"""Reads what the nodes log, as it comes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .ledger import Finding

_SEVERE = ("error", "critical")
_DEATH = "member_dead"
_TAKEN_AWAY = frozenset({"owner_retired"})
"""Events of level error that a directory which was set back or copied is meant to cause."""


class Line(NamedTuple):
    """A log line: the name of its file, and its text."""

    file: str
    text: str


class Logs:
    """Follows all log files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}

    def new(self) -> list[Line]:
        """Returns the whole lines that were written since the last call."""
        found = []
        for path in sorted(self._folder.glob("*.log")):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            self._read[path] = self._read.get(path, 0) + len(whole)
            text = whole.decode(errors="replace")
            found += [Line(path.name, line) for line in text.splitlines()]
        return found


def severe(lines: Iterable[Line], *, takes_directories: bool) -> list[Finding]:
    """Returns a finding for each line that is no JSON, or of level error without a cause."""
    expected = _TAKEN_AWAY if takes_directories else frozenset()
    found = []
    for line in lines:
        try:
            content = json.loads(line.text)
        except ValueError:
            found.append(Finding("a line that is no JSON", f"{line.file}: {line.text[:200]}"))
            continue
        if content.get("level") in _SEVERE and content.get("event") not in expected:
            found.append(Finding("an error in a log", f"{line.file}: {line.text[:300]}"))
    return found


def deaths(lines: Iterable[Line], living: Iterable[str]) -> list[Finding]:
    """Returns a finding for each line that says that one of these nodes is dead."""
    alive = set(living)
    found = []
    for line in lines:
        if _DEATH in line.text:
            content = json.loads(line.text)
            if content.get("event") == _DEATH and content.get("member") in alive:
                text = f"{line.file}: {content['member']} at {content.get('timestamp')}"
                found.append(Finding("a live node is declared dead", text))
    return found
