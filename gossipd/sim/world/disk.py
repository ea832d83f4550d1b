"""The disk of a simulated machine: when and whether writes succeed, and what a crash leaves.

The disk merges entries by rules of its own instead of the protocol's, so that the protocol is not
judged by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any

import attrs

from gossipd.protocol import DEFAULT, Entry, Group, Said, Slot, State, Write

from .network import Delay

# In place of the floor in the key of an entry that declares a floor and counts nothing: an owner
# has one such entry for each name, whatever its floor.
_DECLARED = -1

_ROWS = 5


class Disk:
    """One disk.

    Args:
        sync_interval: every so many seconds all that the node records is synced; what it stages is
            at once. What is recorded outlives the process before, but not the power of its machine.
            Each sync and each transaction takes a piece of a checkpoint. A row that the node drops
            stays until one ends that began later. None: a crash leaves all that the node knows.

    Attributes:
        delay: from the beginning of a transaction to the report of its writes; None: no delay.
        failing: the share of writes that is reported as failed; a failed write may be on the disk
            all the same.
    """

    __slots__ = (
        "_content",
        "_line",
        "_next",
        "_pieces",
        "_recorded",
        "delay",
        "failing",
        "sync_interval",
    )

    def __init__(self, sync_interval: float | None = None) -> None:
        self.delay: Delay | None = None
        self.failing = 0.0
        self.sync_interval = sync_interval
        self._content = Content()
        self._recorded: list[Group] = []
        # What a checkpoint under way has so far, together with what came since its beginning, and
        # what is left of it. Its end replaces the content.
        self._next: Content | None = None
        self._pieces: Iterator[list[Group]] = iter(())
        # The owner id that was drawn last on this disk.
        self._line = b""

    def slow_down(self, delay: Delay | None) -> None:
        """Lets each transaction take so long from now on; None: no time."""
        self.delay = delay

    def fail(self, share: float) -> None:
        """Lets this share of the writes fail from now on."""
        self.failing = share

    def load(self, state: Any) -> None:
        """Replaces the content by the state that a process starts from."""
        if self.sync_interval is not None:
            self._content, self._recorded, self._next, self._line = Content(), [], None, b""
            if state is not None:
                for group in state.groups:
                    self._put(group)
                self._line = state.line

    def sync(self, checkpoint: Callable[[int], Iterator[list[Group]]]) -> None:
        """Syncs what was recorded, and goes on with a checkpoint of the node, or begins one."""
        if self._next is None:
            self._next, self._pieces = Content(), checkpoint(_ROWS)
        self.go_on()

    def go_on(self) -> None:
        """Takes the next piece of a checkpoint that is under way, and all that was recorded."""
        if self._next is None:
            return
        for group in self._recorded:
            self._put(group)
        self._recorded.clear()
        piece = next(self._pieces, [])
        for group in piece:
            self._next.put(group)
        if not piece:
            self._content, self._next = self._next, None

    def write(self, write: Write) -> None:
        """Puts a staged write on the disk."""
        if self.sync_interval is not None:
            for group in write.groups:
                self._put(group)
            self._line = write.line or self._line

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
            # Nothing rests upon what is not synced.
            self._put(Group(group.owner, 0, 0, group.entries, group.said))
        return self.content(state)

    def content(self, state: State) -> State:
        """Returns the state of a node as far as it is synced."""
        if self.sync_interval is None:
            return state
        return attrs.evolve(state, groups=self._content.groups(), line=self._line)

    def contents(self) -> tuple[object, ...]:
        """Returns all that is on the disk, synced or not, for `put_back`. Copy it to keep it."""
        return self._content, self._recorded, self._line

    def put_back(self, contents: Any) -> None:
        """Replaces the content by an earlier one, which `contents` returned."""
        self._content, self._recorded, self._line = contents
        self._next = None

    def _put(self, group: Group) -> None:
        self._content.put(group)
        if self._next is not None:
            self._next.put(group)


class Content:
    """What is synced of the counters, merged."""

    __slots__ = ("_entries", "_have", "_said")

    def __init__(self) -> None:
        self._entries: dict[tuple[bytes, str, int], Entry] = {}
        self._said: dict[tuple[bytes, Slot], Said] = {}
        # Up to which version each owner's entries are all there.
        self._have: dict[bytes, int] = {}

    def groups(self) -> tuple[Group, ...]:
        """Returns what there is, by owner."""
        entries: dict[bytes, list[Entry]] = {owner: [] for owner in self._have}
        for (owner, _, _), entry in self._entries.items():
            entries[owner].append(entry)
        said: dict[bytes, list[Said]] = {owner: [] for owner in self._have}
        for (owner, _), row in self._said.items():
            said[owner].append(row)
        return tuple(
            Group(
                owner,
                0,
                have,
                sorted(entries[owner], key=_version),
                sorted(said[owner], key=_version),
            )
            for owner, have in self._have.items()
        )

    def put(self, group: Group) -> None:
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
