"""The machine that a benchmark runs on: its kind, and how busy other programs keep it."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import time
from pathlib import Path
from typing import Any

from gossipd import __version__
from lab.processes import ROOT


def describe() -> dict[str, Any]:
    """Returns the version measured and the kind of machine, without any name of it."""
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


class OtherPrograms:
    """The share of the machine that other programs use, from the making of this object on."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._busy, self._own = _busy_seconds(), _own_seconds()

    def percent(self) -> float | None:
        """Returns the share of all cores in percent, or None where /proc/stat is missing.

        The processes that this one has started must have ended: only then the system counts their
        work as this process's own.
        """
        busy = _busy_seconds()
        if busy is None or self._busy is None:
            return None
        seconds = (time.monotonic() - self._start) * (os.cpu_count() or 1)
        return max(0.0, 100 * (busy - self._busy - _own_seconds() + self._own) / seconds)


def _busy_seconds() -> float | None:
    """Returns how long all cores have worked, or were lent to other virtual machines."""
    try:
        line = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    except OSError:
        return None
    user, nice, system, _, _, *rest = (int(field) for field in line.split()[1:9])
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Returns how long this process and its children that have ended have worked."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
