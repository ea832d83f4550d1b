"""All counters' entries by owner, with versions: what this node has, and what another node lacks.

An owner numbers its changes 1, 2, 3 …, and of every slot only the newest entry is kept. `have` is
the version up to which this node vouches for an owner: whatever of it is older and not here was
replaced by a newer entry of the same slot. The scheme is scuttlebutt's (van Renesse et al., 2008):
a delta brings entries in version order, and so can be cut anywhere.

Entries may arrive beyond a gap, for instance when a push was lost and the next one is not. They
count at once, because a slot's count is a total and not a difference. But this node does not vouch
for them: `have` stays before the gap, so that peers see what is missing and send it again.

An entry without a count declares a floor. An owner's newer declaration replaces its older one:
floors only rise, and one that was passed matters only if something was counted under it, which the
slots themselves tell.
"""

from __future__ import annotations

from ..fingerprint import POSITION_BITS, Fingerprint, row_hash
from ..unkept import Unkept
from ..wire import Entry, Group, Have, empty_group_bytes, entry_bytes
from .floors import Counter

_Unkept = tuple[int, dict[tuple[str, int], None]]


class OwnerLog:
    """What is known of one owner.

    Attributes:
        have: the version up to which nothing of the owner is missing here.
        newest: the version of the newest entry that is here, which lies beyond a gap if it is more
            than `have`.
        digest: the owner's part in the ledger's fingerprint.
        entries: the newest entry of each slot.
    """

    __slots__ = ("entries", "have", "newest")

    def __init__(self) -> None:
        self.have = 0
        self.newest = 0
        self.entries: dict[tuple[str, int], Entry] = {}


class Ledger:
    """The counters by name, and their entries by owner.

    Attributes:
        counters: the counters by name.
        owners: what is known of each owner.
        fingerprint: the hash of the version vector, with partial sums.
        unkept: the owners that a store lacks, each with the version up to which it has everything,
            and the slots that changed since.
    """

    def __init__(self, key: bytes) -> None:
        self.counters: dict[str, Counter] = {}
        self.owners: dict[bytes, OwnerLog] = {}
        self.fingerprint: Fingerprint[bytes] = Fingerprint()
        self.unkept: Unkept[bytes, _Unkept] = Unkept()
        self._key = key

    def counter(self, name: str) -> Counter:
        """Returns the counter of that name, which is made when it is first asked for."""
        found = self.counters.get(name)
        if found is None:
            found = self.counters[name] = Counter()
        return found

    def value(self, name: str) -> int:
        """Returns the counter's value, 0 for a name that was never counted."""
        counter = self.counters.get(name)
        return 0 if counter is None else counter.value

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
            log.have = group.upto
            log.newest = max(log.newest, log.have)
            news = True
        if known != (log.have, log.newest):
            self._rehash(group.owner, log)
        return news

    def learned_floor(self, group: Group) -> bool:
        """Returns whether the group brings a floor that is higher than any known here."""
        return any(entry.floor > self._top(entry.name) for entry in group.entries)

    def group(self, owner: bytes, since: int, budget: int) -> tuple[Group | None, bool]:
        """Returns what a node lacks that has all of `owner` up to `since`, and whether all fitted.

        The group encodes to at most `budget` bytes. It is None if nothing is lacking, or nothing
        fits.

        Entries are chosen in order of version. A group that is cut therefore brings a complete
        range, and its receiver can vouch for everything up to the last chosen entry. It can never
        vouch for more than this node itself: entries beyond a gap are sent, but `upto` stays at
        this node's `have`.
        """
        log = self.owners.get(owner)
        if log is None or (log.have <= since and log.newest <= since):
            return None, True
        newer = [entry for entry in log.entries.values() if entry.version > since]
        newer.sort(key=_version)
        chosen: list[Entry] = []
        budget -= empty_group_bytes(since, max(since, log.newest))
        for entry in newer:
            budget -= entry_bytes(entry)
            if budget < 0:
                break
            chosen.append(entry)
        whole = len(chosen) == len(newer)
        if not chosen and (not whole or budget < 0):
            return None, False
        upto = log.have if whole else min(log.have, chosen[-1].version)
        return Group(owner, since, max(upto, since), chosen), whole

    def haves(self, owners: list[bytes]) -> list[Have]:
        """Returns the version vector of these owners."""
        found = []
        for owner in owners:
            have, newest = self.have(owner), self.newest(owner)
            found.append(Have(owner, have, newest if newest > have else 0))
        return found

    def content(self, owner: bytes) -> tuple[int, int] | None:
        """Returns the version and the hash of all entries of `owner`.

        Returns None for an unknown owner, and for one with entries beyond a gap: those differ
        between nodes without a fault.
        """
        log = self.owners.get(owner)
        if log is None or log.newest != log.have:
            return None
        rows = sorted((e.name, e.floor, e.count, e.version) for e in log.entries.values())
        return log.have, row_hash(repr(rows).encode(), self._key)

    def all_groups(self) -> list[Group]:
        """Returns every owner's entries, for a store."""
        return [self._stored(owner, None) for owner in self.owners]

    def changes(self, most: int) -> list[Group]:
        """Hands over what changed of up to `most` owners."""
        return [self._stored(*taken) for taken in self.unkept.take(most, self.owners)]

    def _stored(self, owner: bytes, unkept: _Unkept | None) -> Group:
        """Returns the entries that a store lacks of an owner; None: all of them."""
        log = self.owners[owner]
        since, slots = unkept or (0, log.entries)
        return Group(owner, since, log.have, sorted([log.entries[s] for s in slots], key=_version))

    def _top(self, name: str) -> int:
        counter = self.counters.get(name)
        return 0 if counter is None else counter.highest

    def _merge(self, owner: bytes, log: OwnerLog, entry: Entry) -> bool:
        key = entry.slot
        known = log.entries.get(key)
        if known is not None:
            if known.version >= entry.version and known.count >= entry.count:
                return False
            if known.version > entry.version or known.count > entry.count:
                # An owner whose machine was set back has two histories. All nodes must end up with
                # the same entry, in whichever order the two arrive: the maximum of each number.
                version = max(known.version, entry.version)
                entry = Entry(version, entry.name, entry.floor, max(known.count, entry.count))
        lacking = self.unkept.note(owner, (log.have, {}))
        if lacking is not None:
            lacking[1][key] = None
        log.entries[key] = entry
        log.newest = max(log.newest, entry.version)
        return self.counter(entry.name).merge(owner, entry.floor, entry.count)

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


def _version(entry: Entry) -> int:
    return entry.version
