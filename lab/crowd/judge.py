"""What a node must not do, whatever its clients send."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

GROWTH = 15.0
"""Megabytes by which a node may grow after its first minute, or the first third of a shorter run.

Python's memory comes in arenas of 1 MB, and a body may have 1 MB.
"""

_ALLOWED = (b'"event":"paused"', b'"event":"reading_again"')
"""Lines that are about the machine, or that a client asked for by `/v1/reload`."""


@attrs.define
class Judge:
    """What was seen of a node, and what of that is wrong.

    Attributes:
        faults: what answers held that none may hold.
        lines: the lines that it wrote since the clients came.
        memory: its resident megabytes, by the seconds since then.
    """

    faults: list[str] = attrs.field(factory=list)
    lines: list[bytes] = attrs.field(factory=list)
    memory: list[tuple[float, float]] = attrs.field(factory=list)

    def wrong(self, faults: Iterable[str]) -> None:
        """Takes what answers held that none may hold."""
        self.faults += faults

    def wrote(self, lines: Iterable[bytes]) -> None:
        """Takes lines of the log."""
        self.lines += lines

    def weighed(self, second: float, megabytes: float) -> None:
        """Takes the memory that the node has at a time."""
        self.memory.append((second, megabytes))

    def growth(self) -> float:
        """Returns by how many megabytes the node grew once it had been warm."""
        if not self.memory:
            return 0.0
        warm = min(60.0, self.memory[-1][0] / 3)
        later = [megabytes for second, megabytes in self.memory if second >= warm]
        return later[-1] - later[0]

    def complaints(self) -> list[str]:
        """Returns a line for each thing that is wrong."""
        found = [f"an answer: {fault}" for fault in dict.fromkeys(self.faults)]
        for line in self.lines:
            if not any(allowed in line for allowed in _ALLOWED):
                found.append(f"a line: {line.decode('utf-8', 'replace')}")
        if self.growth() > GROWTH:
            found.append(f"memory grew by {self.growth():.1f} MB")
        return found
