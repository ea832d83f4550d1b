"""The disk of a simulated machine: when and whether writes succeed, and what a crash leaves."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

import attrs

from gossipd.protocol import State, Write
from gossipd.protocol.ledger import Ledger
from gossipd.protocol.messages import Group

from .network import Delay


class Disk:
    """One disk.

    Attributes:
        delay: from staging a write to its report; None: at once.
        failing: writes are reported as failed instead; they may be on the disk all the same.
        lazy: every so many seconds all that the node knows is written; between that, only what it
            stages. None: a crash leaves all that the node knows.
    """

    __slots__ = ("_ledger", "delay", "failing", "lazy")

    def __init__(self) -> None:
        self.delay: Delay | None = None
        self.failing = False
        self.lazy: float | None = None
        self._ledger = Ledger(b"")

    def load(self, state: Any) -> None:
        """A process starts from this content."""
        if self.lazy is not None:
            self._ledger = Ledger(b"")
            if state is not None:
                self.flush(state)

    def flush(self, state: State) -> None:
        """All that the node knows is written."""
        for group in state.groups:
            self._ledger.apply(Group(group.owner, 0, group.upto, group.entries))

    def write(self, write: Write) -> None:
        """A staged write is on disk."""
        if self.lazy is not None:
            for group in write.groups:
                self._ledger.apply(group)

    def fail(self, write: Write, rng: Random) -> None:
        """Whether a failed write is on disk nobody can tell."""
        if rng.random() < 0.5:
            self.write(write)

    def crash(self, state: Any, staged: Iterable[Write], rng: Random) -> Any:
        """What a crash leaves of a node with this state: some of what is staged is written."""
        if self.lazy is None:
            return state
        staged = list(staged)
        for write in staged[: rng.randint(0, len(staged))]:
            self.write(write)
        return self.content(state)

    def content(self, state: State) -> State:
        """What would be read back now."""
        if self.lazy is None:
            return state
        return attrs.evolve(state, groups=tuple(self._ledger.all_groups()))
