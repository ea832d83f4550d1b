"""Histories in which many processes follow each other on each directory."""

from __future__ import annotations

from random import Random
from typing import Any

import attrs

_FOLDING = 0.2
"""Share of the histories in which processes fold soon."""


@attrs.frozen
class Successors:
    """Restarts that are added to a drawn history, each with something that the new process counts.

    Args:
        seed: of the history.
        nodes, duration: how many nodes and seconds it has.
        names: how many named counters each of its increments changes.
    """

    seed: int
    nodes: int
    duration: float
    names: int

    def add(self, words: dict[str, Any], place: int | None, most: int) -> None:
        """Adds them to the words of a history, or to most histories nothing.

        Args:
            place: how many powers of two the amounts have; None if amounts are any.
            most: how many increments may be added.
        """
        rng = Random(f"{self.seed}/folding")
        if rng.random() >= _FOLDING:
            return
        words.setdefault("set", {})["fold_after"] = rng.choice((0.2, 0.5, 2))
        # A node that restarts in the first seconds of a cluster may be left for a person to unite,
        # which other histories are about.
        words["start"] = "joined"
        restarts, counts = words.setdefault("restart", []), words.setdefault("increment", [])
        names = f",names={self.names}" if self.names else ""
        for node in range(self.nodes):
            at = 0.0
            for _ in range(rng.randint(1, 3)):
                at = round(at + rng.uniform(0.1, self.duration / 3 - 0.3), 3)
                restarts.append(f"n{node}@{at}+{rng.choice((0.05, 0.1))}")
                if most > 0:
                    amount = 1 if place is None else 1 << place
                    counts.append(f"n{node}@{round(at + 0.15, 3)},amount={amount}{names}")
                    place = None if place is None else place + 1
                    most -= 1
