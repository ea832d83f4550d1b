"""Whether the names of the open files still lead to them.

A process goes on writing to a file whose name was taken away, and everything seems well. The next
process finds nothing. So the names are compared with the open files.

A file is known by its device and its inode. Both are noted when it is opened. No other file gets
the same inode while this one is open, so no descriptor is needed to compare. SQLite's locks would
not survive one either: closing any descriptor of a file drops all locks of the process on it.
"""

from __future__ import annotations

from pathlib import Path

_Identity = tuple[int, int]


class Names:
    """The names of a directory, a database and its log."""

    def __init__(self, database: Path, log: Path) -> None:
        self._directory = database.parent
        self._database = database
        self._log = log
        self._held: _Identity | None = None
        self._open: dict[Path, _Identity] = {}

    def note_directory(self) -> None:
        """Notes the directory, which is the same one as long as this process runs."""
        self._held = _identity(self._directory, None)

    def note_files(self) -> None:
        """Notes both files, which have just been opened."""
        found = {path: _identity(path, None) for path in (self._database, self._log)}
        self._open = {path: identity for path, identity in found.items() if identity is not None}

    def forget_files(self) -> None:
        """Notes that the files were closed. Any file may have their names now."""
        self._open = {}

    def lost(self) -> str | None:
        """Returns the names that do not lead to the open files any more, or None."""
        names = [
            path.name
            for path, identity in self._open.items()
            if _identity(path, identity) != identity
        ]
        return ", ".join(names) or None

    def obstacle(self) -> str | None:
        """Returns why no file must be written under these names, or None.

        The lock of a directory is of no use in another one. Another file at the database's name is
        somebody's: it is neither overwritten nor read together with the log of the open file.
        """
        held, database = self._held, self._open.get(self._database)
        if held is not None and _identity(self._directory, held) != held:
            return (
                f"the directory {self._directory} was taken away: put it back; a restart would"
                " begin with what other nodes hold"
            )
        if database is not None and _identity(self._database, database) not in (None, database):
            return (
                f"another file was put at {self._database}: move it away, and the node writes its"
                " own anew"
            )
        return None


def _identity(path: Path, unknown: _Identity | None) -> _Identity | None:
    """Returns device and inode, None if there is no such name, `unknown` if that cannot be told."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return unknown
    return found.st_dev, found.st_ino
