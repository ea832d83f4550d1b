"""All counters' entries by owner, with versions: what this node has, and what another node lacks.

An owner numbers its changes 1, 2, 3 …, and of every slot only the newest entry is kept. `have` is
the version up to which this node vouches for an owner: whatever of it is older and not here was
replaced by a newer entry of the same slot. The scheme is scuttlebutt's (van Renesse et al., 2008):
a delta brings entries in version order, and so can be cut anywhere.

A slot whose newest entry lies beyond a cut is not among what the delta brings, though an older one
of it may lie before the cut. The next delta brings it; where its senders are gone for ever, the
sweep finds it at others. So the holders of a write are counted by whole deltas alone (`holdings`).

Entries may arrive beyond a gap, for instance when a push was lost and the next one is not. They
count at once, because a slot's count is a total and not a difference. But this node does not vouch
for them: `have` stays before the gap, so that peers see what is missing and send it again.

An entry of `DEFAULT` without a count declares a floor. An owner's newer declaration replaces its
older one: floors only rise, and one that was passed matters only if something was counted under it,
which the slots themselves tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from ..fingerprint import POSITION_BITS, Fingerprint, row_hash
from ..unkept import Unkept
from ..wire import DEFAULT, Entry, Group, Have
from .floors import Counter
from .named import Names
from .owner_log import OwnerLog, version_of

CONTENT_ENTRIES = 64
"""How many entries the sweep compares at a time."""

_Unkept = tuple[int, dict[str | int, None]]


class Ledger:
    """The counters by name, and their entries by owner.

    Attributes:
        default: the counter `DEFAULT`.
        names: the values of all other counters, and the names of all that there are.
        owners: what is known of each owner.
        fingerprint: the hash of the version vector, with partial sums.
        unkept: the owners that a store lacks, each with the version up to which it has everything,
            and the slots that changed since.
        changed: the names whose values may have changed since `take_changed` was last called, in
            the order of their last change; None until it is called for the first time.
    """

    def __init__(self, key: bytes) -> None:
        self.default = Counter()
        self.names = Names()
        self.owners: dict[bytes, OwnerLog] = {}
        self.fingerprint: Fingerprint[bytes] = Fingerprint()
        self.unkept: Unkept[bytes, _Unkept] = Unkept()
        self.changed: dict[str, None] | None = None
        self._key = key

    def value(self, name: str) -> int:
        """Returns the counter's value, 0 for a name that was never counted."""
        return self.default.value if name == DEFAULT else self.names.value(name)

    def knows(self, name: str) -> bool:
        """Returns whether anybody has counted under this name, as far as is known here."""
        return self.default.touched if name == DEFAULT else name in self.names

    def total(self, owner: bytes, name: str) -> int:
        """Returns the sum of all that an owner counted under a name other than `DEFAULT`."""
        log = self.owners.get(owner)
        entry = None if log is None else log.entries.get(name)
        return 0 if entry is None else entry.count

    def have(self, owner: bytes) -> int:
        """Returns the version up to which everything of `owner` is here."""
        log = self.owners.get(owner)
        return 0 if log is None else log.have

    def newest(self, owner: bytes) -> int:
        """Returns the version of the newest entry of `owner` that is here, gap or not."""
        log = self.owners.get(owner)
        return 0 if log is None else log.newest

    def apply(self, group: Group) -> bool:
        """Merges a group of entries. Returns whether anything in it was news.

        The entries count in any case. The version up to which this node vouches for the owner is
        raised only if the group connects to it: a group from `since` says nothing of what is
        before, so one that starts beyond `have` leaves a gap.
        """
        log = self.owners.get(group.owner)
        if log is None:
            log = OwnerLog()
            self.owners[group.owner] = log
            self.unkept.note(group.owner, (0, {}))
        known = (log.have, log.newest)
        news = False
        for entry in group.entries:
            news |= self._merge(group.owner, log, entry)
        if group.since <= log.have < group.upto:
            self.unkept.note(group.owner, (log.have, {}))
            log.vouch(group.upto)
            news = True
        if known != (log.have, log.newest):
            self._rehash(group.owner, log)
        return news

    def learned_floor(self, group: Group) -> bool:
        """Returns whether the group brings a floor that is higher than any known here."""
        highest = self.default.highest
        return any(entry.floor > highest and entry.name == DEFAULT for entry in group.entries)

    def group(self, owner: bytes, since: int, budget: int) -> tuple[Group | None, bool]:
        """Returns what a node lacks that has all of `owner` up to `since`, as `OwnerLog.group`."""
        log = self.owners.get(owner)
        return (None, True) if log is None else log.group(owner, since, budget)

    def haves(self, owners: list[bytes]) -> list[Have]:
        """Returns the version vector of these owners."""
        found = []
        for owner in owners:
            have, newest = self.have(owner), self.newest(owner)
            found.append(Have(owner, have, newest if newest > have else 0))
        return found

    def content(self, owner: bytes, since: int) -> tuple[int, int] | None:
        """Returns the version of `owner`, and the hash of its first entries after `since`.

        Returns None for an unknown owner, and for one with entries beyond a gap: those differ
        between nodes without a fault.
        """
        log = self.owners.get(owner)
        if log is None or log.newest != log.have:
            return None
        some = islice(log.after(since), CONTENT_ENTRIES)
        rows = [(e.name, e.floor, e.count, e.version) for e in some]
        return log.have, row_hash(repr(rows).encode(), self._key)

    def part(self, owner: bytes, drawn: float) -> int:
        """Returns a version after which to compare an owner's entries, by a number from 0 to 1.

        All that a small log has is compared at once.
        """
        log = self.owners[owner]
        return 0 if len(log.entries) <= CONTENT_ENTRIES else int(drawn * log.have)

    def changes(self, most: int) -> list[Group]:
        """Hands over what changed: up to `most` entries and owners together.

        What is left of an owner's entries is handed over by the next call. Only the last of an
        owner's groups completes it.
        """
        found: list[Group] = []
        while most > 0 and (taken := self.unkept.take(1, self.owners)):
            [(owner, note)] = taken
            log = self.owners[owner]
            since, slots = note or (0, dict.fromkeys(log.entries))
            most -= 1 + len(slots)
            if most >= 0:
                found.append(self._stored(owner, since, slots, log.have))
                continue
            some = {slots.popitem()[0]: None for _ in range(max(1, len(slots) + most))}
            self.unkept.note(owner, (since, slots))
            found.append(self._stored(owner, since, some, since))
        return found

    def take_changed(self) -> list[str]:
        """Hands over the names whose values may have changed since the last call.

        The first call hands over nothing, and begins to note changes.
        """
        taken, self.changed = self.changed, {}
        return list(taken or ())

    def all_groups(self) -> list[Group]:
        """Returns every owner's entries, for a store."""
        return [self._stored(owner, 0, log.entries, log.have) for owner, log in self.owners.items()]

    def _stored(self, owner: bytes, since: int, slots: Iterable[str | int], upto: int) -> Group:
        entries = self.owners[owner].entries
        return Group(owner, since, upto, sorted([entries[slot] for slot in slots], key=version_of))

    def _merge(self, owner: bytes, log: OwnerLog, entry: Entry) -> bool:
        known = log.entries.get(entry.slot)
        if known is not None:
            if entry.name == DEFAULT:
                if known.version >= entry.version and known.count >= entry.count:
                    return False
                entry = _larger(known, entry)
            elif (known.version, known.count) >= (entry.version, entry.count):
                return False
        lacking = self.unkept.note(owner, (log.have, {}))
        if lacking is not None:
            lacking[1][entry.slot] = None
        log.put(entry)
        self._note(entry.name)
        if entry.name == DEFAULT:
            return self.default.merge(owner, entry.floor, entry.count)
        self.names.add(entry.name, entry.count, 0 if known is None else known.count)
        return True

    def _note(self, name: str) -> None:
        """Notes that a value may change, if anybody asks."""
        if self.changed is not None:
            self.changed.pop(name, None)
            self.changed[name] = None

    def _rehash(self, owner: bytes, log: OwnerLog) -> None:
        """Brings the fingerprint up to date with the owner's versions.

        Entries beyond a gap change the value, so the hash must cover `newest` too.
        """
        content = b"%b %d" % (owner, log.have)
        if log.newest > log.have:
            content += b" %d" % log.newest
        # Owner ids are random: their first bits spread them evenly.
        position = int.from_bytes(owner[:8], "big") >> 64 - POSITION_BITS
        self.fingerprint.put(owner, position, row_hash(content, self._key))


def _larger(known: Entry, entry: Entry) -> Entry:
    """Returns the maximum of each number of two entries of one slot of `DEFAULT`.

    An owner whose machine was set back has two histories. All nodes must end up with the same
    entry, in whichever order the two arrive.
    """
    if known.version <= entry.version and known.count <= entry.count:
        return entry
    version, count = max(known.version, entry.version), max(known.count, entry.count)
    return Entry(version, entry.name, entry.floor, count)
