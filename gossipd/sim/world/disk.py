"""The disk of a simulated machine: when and whether writes succeed, and what a crash leaves."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

import attrs

from gossipd.protocol import Entry, Group, State, Write

from .network import Delay

_DECLARED = -1


class Disk:
    """One disk.

    What is on it is kept by rules of its own, so that those of the protocol are not judged by
    themselves.

    Attributes:
        delay: of a transaction, from its beginning to the report of its writes; None: at once.
        failing: the share of writes that is reported as failed; they may be on it all the same.
        lazy: every so many seconds all that the node knows is synced; between that, only what it
            stages. What it records besides outlives its process and not the machine's power. None:
            a crash leaves all that the node knows.
    """

    __slots__ = ("_entries", "_have", "_recorded", "delay", "failing", "lazy")

    def __init__(self) -> None:
        self.delay: Delay | None = None
        self.failing = 0.0
        self.lazy: float | None = None
        self._entries: dict[tuple[bytes, str, int], Entry] = {}
        self._have: dict[bytes, int] = {}
        self._recorded: list[Group] = []

    def load(self, state: Any) -> None:
        """A process starts from this content."""
        if self.lazy is not None:
            self._entries.clear()
            self._have.clear()
            self._recorded.clear()
            if state is not None:
                self.flush(state)

    def flush(self, state: State) -> None:
        """All that the node knows is synced."""
        self._recorded.clear()
        for group in state.groups:
            self._put(group)

    def write(self, write: Write) -> None:
        """A staged write is on disk."""
        if self.lazy is not None:
            for group in write.groups:
                self._put(group)

    def record(self, group: Group) -> None:
        """What the node notes of another owner."""
        if self.lazy is not None:
            self._recorded.append(group)

    def crash(
        self, state: Any, staged: Iterable[Write], rng: Random, *, power_cut: bool = False
    ) -> Any:
        """What a crash leaves of a node with this state: some of what is staged is written.

        What was recorded is there, but for an end of it where the power was cut.
        """
        if self.lazy is None:
            return state
        staged = list(staged)
        for write in staged[: rng.randint(0, len(staged))]:
            self.write(write)
        recorded = len(self._recorded)
        for group in self._recorded[: rng.randint(0, recorded) if power_cut else recorded]:
            self._put(group)
        return self.content(state)

    def content(self, state: State) -> State:
        """What is synced."""
        if self.lazy is None:
            return state
        entries: dict[bytes, list[Entry]] = {owner: [] for owner in self._have}
        for (owner, _, _), entry in self._entries.items():
            entries[owner].append(entry)
        groups = [
            Group(owner, 0, self._have[owner], sorted(kept, key=lambda entry: entry.version))
            for owner, kept in entries.items()
        ]
        return attrs.evolve(state, groups=tuple(groups))

    def contents(self) -> tuple[object, ...]:
        """All that is on it, synced or not, for `put_back`. Copy it to keep it."""
        return self._entries, self._have, self._recorded

    def put_back(self, contents: Any) -> None:
        """It has again what it had."""
        self._entries, self._have, self._recorded = contents

    def _put(self, group: Group) -> None:
        """An owner's newer entry takes the place of its older one."""
        have = self._have.setdefault(group.owner, 0)
        for entry in group.entries:
            key = (group.owner, entry.name, entry.floor if entry.count else _DECLARED)
            if key not in self._entries or self._entries[key].version < entry.version:
                self._entries[key] = entry
        if group.since <= have:
            self._have[group.owner] = max(have, group.upto)
