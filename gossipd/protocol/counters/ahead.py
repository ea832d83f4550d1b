"""What the counters will be once all staged writes have taken effect.

A command may find earlier writes still in the queue. A slot is written as a total and not as a
difference, so a command that looked at the ledger alone would write the same total as the write
before it, and one of the two would be lost. It builds instead upon what the staged writes will
give: the entries that are *ahead* of the ledger. That is safe because writes take effect in order,
and because a failed write fails all writes that wait behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import attrs

from ..effects import Write
from ..wire import DEFAULT, Entry, Group, Row
from .commands import Command
from .courses import Told
from .floors import FLOOR_LIMIT
from .heirs import inherits
from .ledger import Ledger
from .sources import KEY, Source, Sources, about

OWN_FLOORS = FLOOR_LIMIT // 10
"""How many floors each process may add, however many others have added."""

UNKNOWN = Told()
"""How a group came of which that does not matter."""

MOST_TOLD = 1_000
"""How many groups that peers told wait for the disk at most: some 10 MB where each is full."""


@attrs.frozen
class Staged:
    """A write that the driver has not reported yet.

    It carries out `commands` of clients. If it is not `own`, it comes from a peer, as `told` says.
    `then` is called when it has taken effect.
    """

    write: Write
    own: bool = False
    commands: Sequence[Command] = ()
    then: Callable[[], None] | None = None
    told: Told = UNKNOWN

    @property
    def group(self) -> Group:
        """The group to be written; a write of this queue has just one."""
        return self.write.groups[0]


_NONE: Mapping[tuple[bytes, int], Entry] = {}


class Ahead:
    """The rows of staged writes, and what the counters will be with them.

    Attributes:
        made: how many counters this process has made, or tried to make.
    """

    def __init__(self, ledger: Ledger, clock: Callable[[], int]) -> None:
        """Takes what returns the time in milliseconds since 1970."""
        self.made = 0
        self._raised = 0
        self._ledger = ledger
        self._clock = clock
        # By counter the entries of each owner and floor.
        self._entries: dict[str, dict[tuple[bytes, int], Entry]] = {}
        # By counter the newest row of the other form of each owner and source.
        self._said: dict[str, dict[tuple[bytes, Source], Row]] = {}
        # The counters of clients' keys.
        self._keyed: dict[bytes, str] = {}

    def begin(self, groups: Iterable[Group] = ()) -> None:
        """Begins anew with the groups that are staged."""
        self._entries.clear()
        self._said.clear()
        self._keyed.clear()
        for group in groups:
            self.add(group)

    def add(self, group: Group) -> None:
        """Takes in a group that was staged after all others."""
        for entry in group.entries:
            entries = self._entries.setdefault(entry.name, {})
            key = (group.owner, entry.floor)
            known = entries.get(key)
            if known is None or _goes_beyond(entry, known):
                entries[key] = entry
        for said in group.said:
            if said.name == DEFAULT or inherits(group.owner, said):
                # It says in other rows what others say already.
                continue
            slot = (group.owner, about(group.owner, said))
            rows = self._said.setdefault(said.name, {})
            if slot not in rows or rows[slot].version < said.version:
                rows[slot] = said
            if said.source.startswith(KEY):
                self._keyed[said.source] = said.name

    def make(self) -> None:
        """Takes note that this process makes a counter."""
        self.made += 1

    def may_raise(self) -> bool:
        """Returns whether this process may add one more floor beyond the limit, and counts it."""
        self._raised += 1
        return self._raised <= OWN_FLOORS

    def value(self, name: str) -> int:
        """Returns what the counter's value will be, 0 if there will be no such counter."""
        return self.present(name) or 0

    def present(self, name: str) -> int | None:
        """Returns what the counter's value will be, None if there will be no such counter."""
        if not self.has_sources(name):
            return self.sum(name)
        if name in self._entries or name in self._said:
            return self.sources(name).value(self._clock())
        return self._ledger.names.present(name, self._clock())

    def sum(self, name: str) -> int | None:
        """Returns what the value of a counter without sources will be, None without a counter."""
        ledger, entries = self._ledger, self._entries.get(name)
        if name == DEFAULT:
            counts = [(*key, entry.count) for key, entry in (entries or {}).items()]
            return ledger.default.value_with(counts) if counts else ledger.default.value
        value = ledger.names.sum(name)
        if entries:
            known = [ledger.total(owner, name) for owner, _ in entries]
            value = (value or 0) + sum(entry.count for entry in entries.values()) - sum(known)
        return value

    def sum_of(self, owner: bytes, name: str) -> int:
        """Returns what an owner makes of a counter without sources.

        For `DEFAULT` that is the highest floor that it declared, and what it counted under the
        highest one that there is.
        """
        found = self.slot(owner, name)[1]
        if name != DEFAULT:
            return found
        log = self._ledger.owners.get(owner)
        declared = None if log is None else log.entries.get(-1)
        floors = [declared.floor] if isinstance(declared, Entry) else [0]
        staged = self._entries.get(DEFAULT, _NONE)
        floors += [
            floor for (by, floor), entry in staged.items() if by == owner and not entry.count
        ]
        return max(floors) + found

    def slot(self, owner: bytes, name: str) -> tuple[int, int]:
        """Returns the floor under which an owner counts next, and what it has counted under it."""
        entries = self._entries.get(name, _NONE)
        if name != DEFAULT:
            entry = entries.get((owner, 0))
            return 0, self._ledger.total(owner, name) if entry is None else entry.count
        counter = self._ledger.default
        floor = max([counter.highest, *(under for _, under in entries)])
        entry = entries.get((owner, floor))
        return floor, max(counter.slot(owner, floor), 0 if entry is None else entry.count)

    def sources(self, name: str) -> Sources:
        """Returns the sources that a counter will have, which the caller may change."""
        found = self._ledger.sources(name)
        for (owner, _), entry in self._entries.get(name, {}).items():
            found.take(owner, entry)
        for (owner, _), row in self._said.get(name, {}).items():
            found.take(owner, row)
        return found

    def row(self, owner: bytes, name: str, source: Source) -> Row | None:
        """Returns the newest row about a source that an owner wrote, or is about to write."""
        log = self._ledger.owners.get(owner)
        slot = name if source[1:] == owner else (name, source)
        rows = [] if log is None or slot not in log.entries else [log.entries[slot]]
        staged = self._said.get(name, {}).get((owner, source))
        rows += [] if staged is None else [staged]
        if source[1:] == owner:
            rows += [row for (by, _), row in self._entries.get(name, {}).items() if by == owner]
        return max(rows, key=lambda row: row.version, default=None)

    def has_sources(self, name: str) -> bool:
        """Returns whether a counter needs more than a sum."""
        return name in self._ledger.names.sources or name in self._said

    def number_with(self, more: Iterable[str]) -> int:
        """Returns how many counters there will be beside `DEFAULT`, with those of these names."""
        names = self._ledger.names
        new = {*self._entries, *self._said, *more} - {DEFAULT}
        return len(names) + sum(name not in names for name in new)

    def dropped(self, owner: bytes) -> bool:
        """Returns whether rows of an owner have been dropped, so that older ones may lie about."""
        log = self._ledger.owners.get(owner)
        return log is not None and log.dropped

    def name_of_key(self, key: bytes) -> str | None:
        """Returns under which name a client's key was used, as far as is known here."""
        return self._keyed.get(key) or self._ledger.names.keyed.get(key)


def _goes_beyond(entry: Entry, known: Entry) -> bool:
    """Returns whether an entry takes the place of another, as it will in the ledger.

    A count of `DEFAULT` only grows, and the declaration of its floor takes nothing from it.
    """
    if entry.name == DEFAULT:
        return entry.count > known.count
    return (entry.version, entry.count) > (known.version, known.count)
