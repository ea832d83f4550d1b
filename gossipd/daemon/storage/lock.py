"""Reserves a data directory for one process at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from ..errors import reason

_HOLDER = "holder"


class LockError(Exception):
    """The directory cannot be reserved. The text is one line: what, where, and what to do."""


def lock_directory(directory: Path, holder: str) -> int:
    """Reserves the directory, which is made if it is missing, and returns a descriptor of it.

    The reservation lasts until the descriptor is closed or the process ends. A process that finds
    the directory reserved tells its user the text `holder`. Raises LockError.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise LockError(
            f"cannot use {directory} as data directory: {reason(error)};"
            " choose another one with --data-dir, or keep nothing with --ephemeral"
        ) from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        with contextlib.suppress(OSError, UnicodeDecodeError):
            holder = (directory / _HOLDER).read_text(encoding="utf-8").strip()
            raise LockError(f"{directory} is in use by {holder}") from None
        raise LockError(f"{directory} is in use by another process") from None
    with contextlib.suppress(OSError):
        (directory / _HOLDER).write_text(f"{holder}\n", encoding="utf-8")
    return held
