"""A cluster whose verdicts a test chooses."""

from __future__ import annotations

import os
from collections.abc import Sequence

from lab.bench.compared_clusters import Verdict


class FakeCluster:
    """A `ComparedCluster` without processes."""

    def __init__(self, name: str, nodes: int, verdicts: Sequence[Verdict]) -> None:
        self.name = name
        self.hosts = [f"127.0.1.{number + 1}" for number in range(nodes)]
        self.port = 7000
        self.all = list(verdicts)

    def pid(self, index: int) -> int:
        """Returns this process, which stands for each node."""
        return os.getpid()

    def kill(self, index: int) -> float:
        """Kills nothing."""
        return 0.0

    def restart(self, index: int) -> None:
        """Starts nothing."""

    def complete(self) -> bool:
        """Returns that it always is."""
        return True

    def verdicts(self, since: float) -> list[Verdict]:
        """Returns the chosen verdicts from that time on."""
        return [verdict for verdict in self.all if verdict.at >= since]
