"""Wall clocks of processes that are wrong, and are set while the processes run."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock.c")
_FLAGS = ("-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror")


def build(folder: Path) -> Path | None:
    """Compiles the library that is loaded into processes; None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "clock.so"
    subprocess.run([compiler, *_FLAGS, "-o", str(library), str(_SOURCE), "-ldl"], check=True)
    return library


class Clock:
    """The clock of one machine, which is right at first.

    Attributes:
        variables: of the environment in which the machine's processes are started.
    """

    def __init__(self, library: Path, file: Path) -> None:
        self._file = file
        self.set(0.0)
        self.variables = {"LD_PRELOAD": str(library), "WRONG_CLOCK": str(file)}

    def set(self, offset: float) -> None:
        """Sets it wrong by so many seconds, at once, also for a process that runs."""
        # The file is mapped, so it must stay the same one.
        mode = "r+b" if self._file.exists() else "wb"
        with self._file.open(mode) as file:
            file.write(struct.pack("=q", round(offset * 1e9)))
