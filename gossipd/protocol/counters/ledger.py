"""All counters' entries by owner, with versions: what this node has, and what another node lacks.

An owner numbers its changes 1, 2, 3 …, and of every slot only the newest entry is kept. `have` is
the version up to which this node vouches for an owner: whatever of it is older and not here was
replaced by a newer entry of the same slot, which is here. The scheme is scuttlebutt's (van Renesse
et al., 2008): a delta brings entries in version order, and so can be cut anywhere. What a node may
vouch for that got a part of one is said in `courses`.

Entries may arrive beyond a gap, for instance when a push was lost and the next one is not. They
count at once, because a slot's count is a total and not a difference. But this node does not vouch
for them: `have` stays before the gap, so that peers see what is missing and send it again.

An entry of `DEFAULT` without a count declares a floor. An owner's newer declaration replaces its
older one: floors only rise, and one that was passed matters only if something was counted under it,
which the slots themselves tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..address import Address
from ..fingerprint import POSITION_BITS, SUM_MASK, Fingerprint, keyed_hash, row_hash
from ..wire import DEFAULT, Entry, Group, Have, Row, Said, Slot
from .closing import Closing
from .contents import begin, compared
from .courses import Told
from .floors import Counter
from .heirs import (
    CLAIM,
    Heirs,
    floors_of,
    inherited_source,
    inherits,
    is_valid,
    is_whole,
    listed,
)
from .named import Names
from .owner_log import OwnerLog, group_of
from .rows import capped, joined, larger, order
from .seen import seen_in
from .sources import INHERITED, Source, Sources, owner_of
from .sums import GONE, Sums

_UNKNOWN = Told()


class Ledger:
    """The counters by name, and their entries by owner.

    Attributes:
        default: the counter `DEFAULT`.
        clock: returns the time in milliseconds since 1970.
        names: the values of all other counters, and the names of all that there are.
        heirs: which ids claim which, and whose logs were taken over.
        owners: what is known of each owner.
        fingerprint: the hash of the version vector, with partial sums.
    """

    def __init__(self, key: bytes, clock: Callable[[], int] = lambda: 0) -> None:
        """Makes an empty ledger.

        Args:
            key: of the hashes.
            clock: returns the time in milliseconds since 1970, by which counters expire.
        """
        self.default = Counter()
        self._sums = Sums()
        self._drawn = 0  # numbers of owners
        self.names = Names(clock, self._sums)
        self.heirs: Heirs = self.names.heirs
        self._closing = Closing(self.default, self.names)
        self.owners: dict[bytes, OwnerLog] = {}
        self.fingerprint: Fingerprint[bytes] = Fingerprint()
        self._key = key
        self.clock = clock

    def value(self, name: str) -> int:
        """Returns the counter's value, 0 for a name that was never counted."""
        return self.default.value if name == DEFAULT else self.names.value(name)

    def knows(self, name: str) -> bool:
        """Returns whether anybody has counted under this name, as far as is known here."""
        return self.default.touched if name == DEFAULT else name in self.names

    def total(self, owner: bytes, name: str) -> int:
        """Returns the sum of all that an owner counted under a name that has no sources."""
        log = self.owners.get(owner)
        held = None if log is None else log.entries.held(name)
        return 0 if held is None else held.count

    def sources(self, name: str) -> Sources:
        """Returns the sources of a counter other than `DEFAULT`, which the caller may change."""
        known = self.names.sources.get(name)
        if known is not None:
            return known.copy()
        found = self.names.new_sources()
        for owner, entry in self._entries(name):
            found.take(owner, entry)
        return found

    def have(self, owner: bytes) -> int:
        """Returns the version up to which everything of `owner` is here."""
        log = self.owners.get(owner)
        return 0 if log is None else log.have

    def newest(self, owner: bytes) -> int:
        """Returns the version of the newest entry of `owner` that is here, gap or not."""
        log = self.owners.get(owner)
        return 0 if log is None else log.newest

    def apply(self, group: Group, told: Told = _UNKNOWN) -> bool:
        """Merges a group of entries, which came in this way. Returns whether it was news.

        The entries count in any case. What they complete is said in `OwnerLog.hear`. It is news as
        well if they bring a cut delta forward, though each of them was here.
        """
        if group.owner in self.heirs.closed:
            return False
        group = capped(group)
        log = self.owners.get(group.owner)
        if log is None:
            self._drawn += 1
            log = self.owners[group.owner] = OwnerLog(self._sums, self._drawn)
        known = (log.have, log.newest, log.loose)
        sums, rows = self._told_apart(log, group)
        news = self._merge_sums(log, sums)
        for row in rows:
            news |= self._merge(group.owner, log, row)
        self.names.settle()
        news |= log.hear(group, told)
        if known != (log.have, log.newest, log.loose):
            self._rehash(group.owner, log)
        if is_whole(log) and group.owner not in self.heirs.lists:
            self._close(group.owner, log)
        return news

    def unknown_part(self, group: Group) -> Group:
        """Returns a group without rows that were here and were dropped since, or replaced."""
        log = self.owners.get(group.owner)
        if log is None:
            return group
        rows = [row for row in group.rows if row.version > log.have or row.slot in log.entries]
        return group_of(group.owner, group.since, group.upto, rows)

    def learned_floor(self, group: Group) -> bool:
        """Returns whether the group brings a floor that is higher than any known here."""
        if group.owner in self.heirs.closed:
            return False
        return max(floors_of(group), default=0) > self.default.highest

    def group(self, owner: bytes, since: int, budget: int) -> tuple[Group | None, bool]:
        """Returns what a node lacks that has all of `owner` up to `since`, as `OwnerLog.group`."""
        log = self.owners.get(owner)
        return (None, True) if log is None else log.group(owner, since, budget)

    def told(self, owner: bytes, teller: Address) -> int:
        """Returns how far the node at this address has come with a log that it tells; 0 if none."""
        log = self.owners.get(owner)
        course = None if log is None else log.course
        return course.told if course is not None and course.teller[0] == teller else 0

    def haves(self, owners: list[bytes]) -> list[Have]:
        """Returns the version vector of these owners."""
        return [self._have(owner) for owner in owners]

    def content(self, owner: bytes, since: int) -> tuple[int, int] | None:
        """Returns the version of `owner`, and the hash of its first entries after `since`.

        Returns None for an unknown owner, and for one with entries beyond a gap: those differ
        between nodes without a fault.
        """
        log = self.owners.get(owner)
        if log is None or log.newest != log.have:
            return None
        return log.have, keyed_hash(repr(compared(log, since)).encode(), self._key)

    def part(self, owner: bytes, drawn: float) -> int:
        """Returns a version after which to compare an owner's entries, as `contents.begin`."""
        return begin(self.owners[owner], drawn)

    def all_groups(self) -> list[Group]:
        """Returns every owner's rows, for a store."""
        return [group_of(owner, 0, log.have, log.after(-1)) for owner, log in self.owners.items()]

    def _have(self, owner: bytes) -> Have:
        log = self.owners.get(owner)
        if log is None or log.newest == log.have:
            return Have(owner, 0 if log is None else log.have)
        return Have(owner, log.have, log.newest, log.loose & SUM_MASK)

    def drop(self, owner: bytes, slot: Slot) -> None:
        """Drops a row that says nothing which another does not say, or that is over."""
        log = self.owners.get(owner)
        if log is not None and slot in log.entries:
            log.drop(slot)

    def forget(self, name: str, source: Source) -> None:
        """Drops all rows about a source of a counter."""
        sources = self.names.sources[name]
        for writer in sources.writers.get(source, ()):
            self.drop(writer, (name, source))
        owner = owner_of(source)
        if owner is not None:
            self.drop(owner, name)
        self.names.keyed.pop(source, None)
        sources.drop(source)

    def drop_said(self, owner: bytes, name: str, source: Source) -> None:
        """Drops a row about a source that is not the owner of the log."""
        self.drop(owner, (name, source))
        self.names.sources[name].unwrite(source, owner)

    def next_change(self, name: str, grace: int) -> int | None:
        """Returns when a counter with sources changes by itself, as `Sources.next_change`."""
        return self.names.sources[name].next_change(self.clock(), grace)

    def row(self, owner: bytes, slot: Slot) -> Row | None:
        """Returns the row of a slot in the log of an owner, None if there is none."""
        log = self.owners.get(owner)
        return None if log is None else log.entries.get(slot)

    def _entries(self, name: str) -> Iterator[tuple[bytes, Row]]:
        for owner, log in self.owners.items():
            entry = log.entries.get(name)
            if entry is not None:
                yield owner, entry
            inherited = log.entries.get((name, inherited_source(owner)))
            if inherited is not None:
                yield owner, inherited

    def _told_apart(self, log: OwnerLog, group: Group) -> tuple[list[Entry], list[Row]]:
        """Returns the sums of plain counters in a group, and its other rows."""
        sources, others = self.names.sources, log.entries.others
        sums: list[Entry] = []
        rows: list[Row] = []
        for entry in group.entries:
            name = entry.name
            plain = name != DEFAULT and name not in sources and name not in others
            (sums if plain else rows).append(entry)
        return sums, rows + group.said

    def _merge_sums(self, log: OwnerLog, sums: list[Entry]) -> bool:
        changes = log.merge(sums)
        for held, before, _ in changes:
            if before == GONE:
                self.names.make(held.name)
        self.names.counted({held.name: by for held, _, by in changes})
        return bool(changes)

    def _merge(self, owner: bytes, log: OwnerLog, row: Row) -> bool:
        known = log.entries.get(row.slot)
        if isinstance(row, Entry) and not isinstance(known, Said) and row.name == DEFAULT:
            return self._merge_default(owner, log, row, known)
        if isinstance(row, Said) and (row.name == DEFAULT or self._sums_up(owner, row)):
            return self._merge_line(owner, log, row, known)
        return self._merge_source(owner, log, row, known)

    def _sums_up(self, owner: bytes, row: Said) -> bool:
        return inherits(owner, row) and row.name not in self.names.sources

    def _merge_line(self, owner: bytes, log: OwnerLog, row: Said, known: Row | None) -> bool:
        """Merges a row of a line, or one that sums up what an heir inherited of a plain counter."""
        if known is not None and order(known) >= order(row):
            return False
        if row.name == DEFAULT and not is_valid(row):
            return False
        log.put(row.slot, row)
        if row.source.startswith(CLAIM):
            self.heirs.claim(owner, row.source[1:])
        elif row.source.startswith(INHERITED):
            total = 0 if known is None else seen_in(known).total
            self._closing.take(owner, row, total, whole=owner in self.heirs.lists)
        return True

    def _close(self, heir: bytes, log: OwnerLog) -> None:
        ids = listed(log)
        whole = self.heirs.lists.keys() & ids
        self.heirs.close(heir, ids)
        closed = {owner: self.owners.pop(owner) for owner in ids if owner in self.owners}
        self._closing.inherit(heir, log)
        for owner, other in closed.items():
            self._closing.uncount(owner, other, whole=owner in whole)
            self.fingerprint.drop(owner)
        names = {row.name for other in closed.values() for row in other.after(-1)}
        self._closing.refresh(names.union(row.name for row in log.after(-1)))
        for other in closed.values():
            other.clear()
        self.names.unlist(names)

    def _merge_default(self, owner: bytes, log: OwnerLog, row: Entry, known: Entry | None) -> bool:
        if known is not None:
            row = larger(known, row)
            if row == known:
                return False
        log.put(row.slot, row)
        self.names.note(DEFAULT)
        return self.default.merge(owner, row.floor, row.count)

    def _merge_source(self, owner: bytes, log: OwnerLog, row: Row, known: Row | None) -> bool:
        """Merges a row of a counter that has sources, or has them from now on.

        Nothing is taken that is said about `DEFAULT`, which nobody writes.
        """
        if row.name == DEFAULT:
            return False
        if known is not None:
            row = joined(known, row)
            if row == known:
                return False
        sources = self.names.sources.get(row.name)
        entries = list(self._entries(row.name)) if sources is None else []
        if sources is None:
            self.names.begin_sources(row.name)
        log.put(row.slot, row)
        self.names.say(row.name, owner, row, entries)
        return True

    def _rehash(self, owner: bytes, log: OwnerLog) -> None:
        """Brings the fingerprint up to date with the owner's versions.

        Entries beyond a gap change the value, so the hash must cover them too.
        """
        content = b"%b %d" % (owner, log.have)
        if log.newest > log.have:
            content += b" %d %d" % (log.newest, log.loose)
        # Owner ids are random: their first bits spread them evenly.
        position = int.from_bytes(owner[:8], "big") >> 64 - POSITION_BITS
        self.fingerprint.put(owner, position, row_hash(content, self._key))
