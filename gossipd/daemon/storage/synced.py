"""A note of the last write that was synced, from which a lost end of SQLite's log is seen.

SQLite reads its log up to the first frame whose checksum is wrong, and takes that for the end. That
is right after a power cut, when only what was never acknowledged can be broken. But if the log was
damaged or cut, acknowledged increments are missing, and SQLite does not say so.

So after each transaction the newest version in it is noted in a small file beside the database. The
note is not synced. It is written only after the transaction was synced, so that whatever a power
cut leaves of it, the database has reached at least as far: there are no false alarms. After a kill
the note is there in any case, since the operating system has it.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Reversible, Sequence
from pathlib import Path
from typing import NamedTuple

from gossipd.protocol import Group, Write, closed_ids

_HEAD = struct.Struct("<II")
_VERSION = struct.Struct("<Q")
_LIMIT = 4096


class Mark(NamedTuple):
    """The database has this version of this owner, or a later one."""

    owner: bytes
    version: int

    def shortfall(self, groups: Reversible[Group]) -> str | None:
        """Returns one line that says how far a database with these groups falls short, or None."""
        newest = 0
        # What was written last is at the end.
        for group in reversed(groups):
            if group.owner == self.owner:
                newest = max(newest, group.newest)
            if newest >= self.version or self.owner in closed_ids(group):
                # An heir has what it counted, and its own log was dropped.
                return None
        return (
            f"it ends at write {newest} of owner {self.owner.hex()}, and write {self.version} was"
            " acknowledged: its log was damaged or cut, or an older file was put in its place"
        )


class LastSynced:
    """The note beside the database `path`. It appears with the first write."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}-synced")
        self._file: int | None = None

    def read(self) -> Mark | None:
        """Returns what is noted, or None if there is nothing that can be read."""
        try:
            with self._path.open("rb") as file:
                content = file.read(_LIMIT)
            length, checksum = _HEAD.unpack_from(content)
            record = content[_HEAD.size : _HEAD.size + length]
            [version] = _VERSION.unpack_from(record)
        except (OSError, struct.error):
            return None
        return Mark(record[_VERSION.size :], version) if zlib.crc32(record) == checksum else None

    def note(self, writes: Sequence[Write]) -> None:
        """Notes the last of some writes that were just synced, unless the file system refuses it.

        An older note promises less, so a failure does no harm.
        """
        if not writes or not writes[-1].groups or not writes[-1].groups[-1].rows:
            return
        group = writes[-1].groups[-1]
        content = _VERSION.pack(max(row.version for row in group.rows)) + group.owner
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            os.pwrite(self._file, _HEAD.pack(len(content), zlib.crc32(content)) + content, 0)
        except OSError:
            return

    def clear(self) -> None:
        """Removes the note: what it promised is known to be lost."""
        self.close()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def close(self) -> None:
        """Closes the file. The next note opens it by its name, which may be gone by then."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = None
