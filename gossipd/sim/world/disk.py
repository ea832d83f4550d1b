"""The disk of a simulated machine: when and whether writes succeed, and what a crash leaves.

The disk merges entries by rules of its own instead of the protocol's, so that the protocol is not
judged by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

import attrs

from gossipd.protocol import DEFAULT, Entry, Group, Said, Slot, State, Write

from .network import Delay

# In place of the floor in the key of an entry that declares a floor and counts nothing: an owner
# has one such entry for each name, whatever its floor.
_DECLARED = -1


class Disk:
    """One disk.

    Args:
        sync_interval: every so many seconds all that the node knows is synced; between two such
            syncs only what the node stages is. What the node records outlives its process, but not
            the power of its machine. None: a crash leaves all that the node knows.

    Attributes:
        delay: from the beginning of a transaction to the report of its writes; None: no delay.
        failing: the share of writes that is reported as failed; a failed write may be on the disk
            all the same.
    """

    __slots__ = ("_entries", "_have", "_recorded", "_said", "delay", "failing", "sync_interval")

    def __init__(self, sync_interval: float | None = None) -> None:
        self.delay: Delay | None = None
        self.failing = 0.0
        self.sync_interval = sync_interval
        self._entries: dict[tuple[bytes, str, int], Entry] = {}
        self._said: dict[tuple[bytes, Slot], Said] = {}
        # Up to which version each owner's entries are all there.
        self._have: dict[bytes, int] = {}
        self._recorded: list[Group] = []

    def slow_down(self, delay: Delay | None) -> None:
        """Lets each transaction take so long from now on; None: no time."""
        self.delay = delay

    def fail(self, share: float) -> None:
        """Lets this share of the writes fail from now on."""
        self.failing = share

    def load(self, state: Any) -> None:
        """Replaces the content by the state that a process starts from."""
        if self.sync_interval is not None:
            self._entries.clear()
            self._said.clear()
            self._have.clear()
            self._recorded.clear()
            if state is not None:
                self.flush(state.groups)

    def flush(self, groups: Iterable[Group]) -> None:
        """Syncs what the node hands over: all that it knows and that is not here yet."""
        self._recorded.clear()
        for group in groups:
            self._put(group)

    def write(self, write: Write) -> None:
        """Puts a staged write on the disk."""
        if self.sync_interval is not None:
            for group in write.groups:
                self._put(group)

    def record(self, group: Group) -> None:
        """Adds entries of another owner, which are not synced yet."""
        if self.sync_interval is not None:
            self._recorded.append(group)

    def crash(
        self, state: Any, staged: Iterable[Write], rng: Random, *, power_cut: bool = False
    ) -> Any:
        """Returns what a crash leaves of a node with this state.

        Some of what is staged, drawn at random, has been written. What was recorded is there; where
        the power was cut, an end of it may be missing.
        """
        if self.sync_interval is None:
            return state
        staged = list(staged)
        for write in staged[: rng.randint(0, len(staged))]:
            self.write(write)
        recorded = len(self._recorded)
        for group in self._recorded[: rng.randint(0, recorded) if power_cut else recorded]:
            self._put(group)
        return self.content(state)

    def content(self, state: State) -> State:
        """Returns the state of a node as far as it is synced."""
        if self.sync_interval is None:
            return state
        entries: dict[bytes, list[Entry]] = {owner: [] for owner in self._have}
        for (owner, _, _), entry in self._entries.items():
            entries[owner].append(entry)
        said: dict[bytes, list[Said]] = {owner: [] for owner in self._have}
        for (owner, _), row in self._said.items():
            said[owner].append(row)
        groups = [
            Group(
                owner,
                0,
                have,
                sorted(entries[owner], key=_version),
                sorted(said[owner], key=_version),
            )
            for owner, have in self._have.items()
        ]
        return attrs.evolve(state, groups=tuple(groups))

    def contents(self) -> tuple[object, ...]:
        """Returns all that is on the disk, synced or not, for `put_back`. Copy it to keep it."""
        return self._entries, self._said, self._have, self._recorded

    def put_back(self, contents: Any) -> None:
        """Replaces the content by an earlier one, which `contents` returned."""
        self._entries, self._said, self._have, self._recorded = contents

    def _put(self, group: Group) -> None:
        """Merges a group: of two entries with one key, the one with the higher version stays."""
        have = self._have.setdefault(group.owner, 0)
        for entry in group.entries:
            declares = entry.name == DEFAULT and not entry.count
            key = (group.owner, entry.name, _DECLARED if declares else entry.floor)
            if key not in self._entries or self._entries[key].version < entry.version:
                self._entries[key] = entry
        for said in group.said:
            slot = (group.owner, said.slot)
            if slot not in self._said or self._said[slot].version < said.version:
                self._said[slot] = said
        if group.since <= have:
            self._have[group.owner] = max(have, group.upto)


def _version(row: Entry | Said) -> int:
    return row.version
