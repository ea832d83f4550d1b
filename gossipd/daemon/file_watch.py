"""Looks whether files have changed, and lets them be read again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import trio

_LOOK_SECONDS = 2.0


class FileWatch:
    """Some files, and what is called when one of them has changed."""

    def __init__(self, paths: tuple[Path, ...], read: Callable[[], None]) -> None:
        """Takes what reads the files again, which has done so a moment ago and raises nothing."""
        self._paths = paths
        self._read = read
        self._seen = self._look()

    async def run(self) -> None:
        """Looks at the files every few seconds until cancelled."""
        while True:
            await trio.sleep(_LOOK_SECONDS)
            if self._look() != self._seen:
                self.read()

    def read(self) -> None:
        """Lets the files be read now, whether they have changed or not."""
        self._seen = self._look()
        self._read()

    def _look(self) -> list[tuple[int, ...] | None]:
        """Returns what changes with each file, None if there is none."""
        return [_marks(path) for path in self._paths]


def _marks(path: Path) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode
