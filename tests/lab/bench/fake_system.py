"""A cluster that says what a test wants."""

from __future__ import annotations

import os
from collections.abc import Sequence

from lab.bench.systems import Verdict


class FakeSystem:
    """A `System` without processes."""

    def __init__(self, name: str, nodes: int, verdicts: Sequence[Verdict]) -> None:
        self.name = name
        self.hosts = [f"127.0.1.{number + 1}" for number in range(nodes)]
        self.port = 7000
        self.all = list(verdicts)

    def pid(self, index: int) -> int:
        """This process stands for each of its nodes."""
        return os.getpid()

    def kill(self, index: int) -> float:
        """Nothing ends."""
        return 0.0

    def restart(self, index: int) -> None:
        """Nothing starts."""

    def complete(self) -> bool:
        """It always is."""
        return True

    def verdicts(self, since: float) -> list[Verdict]:
        """Those at that time or later."""
        return [verdict for verdict in self.all if verdict.at >= since]
