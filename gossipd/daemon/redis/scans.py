"""The cursors of SCAN: numbers, as clients expect them, each in place of the last name shown."""

from __future__ import annotations

from .errors import Failed

REMEMBERED = 1000
"""How many cursors are remembered: a client that leaves a scan says nothing."""

_DIGITS = 20


class Scans:
    """The cursors that were given last, to whichever client."""

    def __init__(self) -> None:
        self._after: dict[int, str] = {}
        self._last = 0

    def cursor(self, name: str | None) -> int:
        """Returns a cursor for a scan that goes on after a name, or 0 for one at its end."""
        if name is None:
            return 0
        self._last += 1
        self._after[self._last] = name
        self._after.pop(self._last - REMEMBERED, None)
        return self._last

    def after(self, cursor: bytes) -> str:
        """Returns the name after which to go on: "" for the cursor 0. Raises Failed for others."""
        if cursor == b"0":
            return ""
        number = int(cursor) if cursor.isdigit() and len(cursor) <= _DIGITS else 0
        if number not in self._after:
            raise Failed("ERR invalid cursor")
        return self._after[number]
