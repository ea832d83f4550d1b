"""What a process uses of the machine, as /proc tells; other systems than Linux do not have it."""

from __future__ import annotations

import os
from pathlib import Path


def processor_seconds(pid: int) -> float | None:
    """Returns the seconds of one core that the process has used, or None without /proc."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(pid: int) -> float | None:
    """Returns the resident memory of the process, or None without /proc."""
    try:
        text = Path(f"/proc/{pid}/statm").read_text(encoding="ascii")
    except OSError:
        return None
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
