"""Mutants of counting, storing and reconciling."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from msgspec import structs

from gossipd.protocol import Change, Record, reconcile
from gossipd.protocol.counters import answers, relays, writes
from gossipd.protocol.counters.ahead import Ahead
from gossipd.protocol.counters.draft import Draft
from gossipd.protocol.counters.floors import Counter, _raise, _value
from gossipd.protocol.counters.ledger import Ledger
from gossipd.protocol.counters.owner_log import OwnerLog
from gossipd.protocol.counters.seen import Seen
from gossipd.protocol.counters.sources import Sources
from gossipd.protocol.counters.sums import Sums
from gossipd.protocol.events import OwnerRetired
from gossipd.protocol.keeping import Keeping
from gossipd.protocol.wire import DEFAULT, Confirm, Entry, Group, SpreadDone
from tests.lab.search.mutants import mutant

# The counter


@mutant(Counter, "merge", "no order", "lost", within=50)
def merge_adds(original: Any, self: Counter, owner: bytes, floor: int, count: int) -> bool:
    """A slot's count is added, where the larger one should win."""
    return original(self, owner, floor, self.slot(owner, floor) + count)


@mutant(Counter, "merge", "answer too low", within=50)
def floors_are_dropped(original: Any, self: Counter, owner: bytes, floor: int, count: int) -> bool:
    """A floor that nobody has counted under is forgotten."""
    return bool(count) and original(self, owner, floor, count)


@mutant(Ahead, "slot", "no order", "answer too low", within=50)
def counts_under_no_floor(original: Any, self: Ahead, owner: bytes, name: str) -> tuple[int, int]:
    """An increment is counted under floor 0, whatever the highest floor is."""
    if name != DEFAULT:
        return original(self, owner, name)
    staged = self._entries.get(name, {}).get((owner, 0))
    counted = self._ledger.default.slot(owner, 0)
    return 0, max(counted, 0 if staged is None else staged.count)


@mutant(writes.Writes, "_stage_own", "invented", within=50)
def increments_count_twice(original: Any, self: Any, rows: Any, commands: Any = ()) -> None:
    """An increment adds its amount twice."""
    by: dict[str, int] = {}
    for change in [each for command in commands for each in command.changes]:
        if isinstance(change, Change):
            by[change.name] = by.get(change.name, 0) + change.amount
    twice = [
        structs.replace(each, count=each.count + by.get(each.name, 0))
        if isinstance(each, Entry)
        else each
        for each in rows
    ]
    original(self, twice, commands)


@mutant(writes.Writes, "_stage_own", "told before kept", within=50)
def tells_before_it_persists(original: Any, self: Any, rows: Any, commands: Any = ()) -> None:
    """A write takes effect and is answered while it is still on its way to the disk."""
    original(self, rows, commands)
    self._take_effect(commands, self._staged[-1].group)
    self._staged[-1] = attrs.evolve(self._staged[-1], commands=())
    self._learning += 1
    self._answers.settle()


@mutant(
    writes.Writes,
    "_new_id",
    "lost",
    "no order",
    "counts never agreed",
    "too few holders",
    within=60,
    among="failing disk",
)
def owner_ids_are_reused(original: Any, self: Any) -> None:
    """A process counts under the id that the one before it had, whatever is left of its state."""
    original(self)
    self._owner = self._answers._table.own.id.encode()[:16].ljust(16, b"\0")
    self._version = self._ledger.have(self._owner)
    self._pushes.reset(self._owner)
    self._copied.clear()


@mutant(answers.Answers, "_settle_one", "too few holders", within=50)
def silent_peers_count_as_holders(
    original: Any, self: Any, level: str, write: Any, *, final: bool = False
) -> bool:
    """Once an answer's deadline is over, all peers are taken to hold the write."""
    if self._runtime.now >= write.deadline - 1e-6:
        live = len(self._table.live)
        self._answer(level, write.tickets, live + 1, self._target(level, live))
        return True
    return original(self, level, write, final=final)


@mutant(answers.Answers, "settle", "unanswered", within=120)
def answers_wait_for_ever(original: Any, self: Any) -> None:
    """No deadline is set for an answer."""
    original(self)
    for level in self._waiting:
        self._runtime.timers.cancel(("answer", level))


@mutant(relays.Relays, "_report", "too few holders", within=60, among="relays")
def relays_report_nobody_as_missing(original: Any, self: Any, relayed: Any) -> None:
    """A relay that gave up on some of its branch says that all have it."""
    group = relayed.group
    done = SpreadDone(relayed.number, group.owner, group.upto, [])
    self._outbox.send(relayed.asked_by, done)


@mutant(answers.Answers, "_answer", "failed for no reason", within=50)
def every_answer_says_failed(
    original: Any, self: Any, level: str, tickets: Any, holders: int, target: int
) -> None:
    """Clients are told that nothing was stored."""
    original(self, level, tickets, 0, target)


@mutant(answers.Answers, "_answer", "answer too high", within=50)
def answers_count_too_high(
    original: Any, self: Any, level: str, tickets: Any, holders: int, target: int
) -> None:
    """Clients are told more than the node counts."""
    told = [(command, (*counts, counts[-1] + 1000)) for command, counts in tickets]
    original(self, level, told, holders, target)


@mutant(answers.Answers, "_target", "wrong target", within=50)
def one_holder_is_always_enough(original: Any, self: Any, level: str, live: int) -> int:
    """No answer waits for anybody, whatever its level."""
    return 1


@mutant(writes.Writes, "sync", "refused", within=50)
def syncs_are_refused(original: Any, self: Any, *arguments: Any) -> None:
    """Every sync is refused, as if a limit were reached."""
    raise ValueError("no")


@mutant(Ledger, "group", "counts never agreed", within=30, among="large tables")
def a_cut_vouches_for_all(
    original: Any, self: Ledger, owner: bytes, since: int, budget: int
) -> tuple[Group | None, bool]:
    """A group that was cut to fit a datagram claims to be everything."""
    group, whole = original(self, owner, since, budget)
    if group is not None:
        group = Group(owner, since, self.have(owner), group.entries)
    return group, whole


@mutant(
    reconcile.Reconciler,
    "on_sums",
    "counts never agreed",
    within=30,
    first=10,
    among="large tables",
)
def sums_are_ignored(original: Any, self: Any, sums: Any, peer: Any) -> None:
    """Large tables are never narrowed down to what differs."""


@mutant(Ledger, "learned_floor", "too few holders", within=50)
def learned_floors_are_not_persisted(original: Any, self: Ledger, group: Group) -> bool:
    """A floor that others raised is confirmed while it is only in memory."""
    return False


@mutant(reconcile.Reconciler, "compare", "counts never agreed", "not alive", within=60)
def tables_are_never_compared(original: Any, self: Any, *gates: Any) -> None:
    """Gates that differ are ignored."""


@mutant(reconcile.VersionExchange, "on_delta", "not quiet", "counts never agreed", within=50)
def deltas_are_ignored(original: Any, self: Any, delta: Any, peer: Any) -> None:
    """Entries of the peer are asked for again and again, and never merged."""


@mutant(writes.Writes, "on_push", "too few holders", within=50)
def pushes_are_confirmed_unread(original: Any, self: Any, push: Any, peer: Any) -> None:
    """A third of all pushes is confirmed but not merged."""
    group = push.group
    if push.number % 3 == 0:
        self._outbox.send(peer.source, Confirm(push.number, group.owner, group.upto))
    else:
        original(self, push, peer)


@mutant(Ledger, "_merge", "count fell", within=50)
def the_last_arrival_wins(
    original: Any, self: Ledger, owner: bytes, log: OwnerLog, entry: Entry
) -> bool:
    """An entry that comes late replaces a newer one."""
    counter = self.default
    by = entry.count - counter.slot(owner, entry.floor)
    if by < 0 and entry.name == DEFAULT:
        counter._slots[owner, entry.floor] = entry.count
        counter._root = _raise(counter._root, entry.floor, by)
        counter.value = _value(counter._root, counter.highest)
    if entry.slot in log.entries:
        log._take_out(log.entries.pop(entry.slot))
    return original(self, owner, log, entry)


@mutant(Keeping, "restore", "lost", "count fell", within=60, among="clocks")
def nothing_is_read_back(original: Any, self: Any, kept: Any) -> None:
    """A process starts without the entries that the one before it wrote."""
    original(self, kept and attrs.evolve(kept, groups=()))


@mutant(writes.Writes, "merge", "count fell", within=150)
def what_others_counted_is_not_recorded(original: Any, self: Any, *arguments: Any) -> Any:
    """What peers counted is not recorded: a killed process comes back with less than it showed."""
    before = self._runtime.take_effects()
    news = original(self, *arguments)
    kept = [each for each in self._runtime.take_effects() if not isinstance(each, Record)]
    self._runtime.emit_all([*before, *kept])
    return news


# Machines that are set back


@mutant(
    writes.Writes,
    "_retire",
    "not quiet",
    "lost",
    "answer too low",
    "no order",
    within=60,
    among="set back",
)
def copies_keep_their_id(original: Any, self: Any, reported: int) -> None:
    """A process that learns that it was set back reports it, and counts on in the same slots."""
    self._runtime.notify(OwnerRetired(self._owner.hex(), self._version, reported))


@mutant(writes.Writes, "renew", "lost", within=60, among="set back")
def clocks_are_ignored(original: Any, self: Any) -> None:
    """A node whose driver noticed that it was set back counts on under the same id."""


# Named counters


@mutant(Sums, "merge", "counts never agreed", within=50)
def sums_are_added(original: Any, self: Sums, owner: int, sums: Iterable[Entry]) -> Any:
    """An owner's newer sum is added to the older one, where it should replace it."""
    added = []
    for entry in sums:
        held = self.find(owner, entry.name)
        newer = held is not None and entry.version > held.version
        count = entry.count + (held.count if held is not None and newer else 0)
        added.append(structs.replace(entry, count=count))
    return original(self, owner, added)


@mutant(writes.Writes, "_stage_own", "lost", within=50)
def a_batch_is_half_written(original: Any, self: Any, rows: Any, commands: Any = ()) -> None:
    """The first of several changes is answered, and never written."""
    entries = [row for row in rows if isinstance(row, Entry)]
    if len(entries) > 1:
        count = self._ledger.total(self._owner, entries[0].name)
        nothing = structs.replace(entries[0], count=count)
        rows = [nothing if row is entries[0] else row for row in rows]
    original(self, rows, commands)


# Counters with sources


@mutant(Seen, "merged", "not reset", "counts never agreed", within=200)
def the_last_row_wins(original: Any, self: Seen, said: Seen) -> Seen:
    """What is known of a source is what the last row said, and not the largest of each part."""
    return said


@mutant(Draft, "_cut", "lost", within=300)
def resets_take_all_that_comes(original: Any, self: Draft, *, delete: bool) -> int:
    """A reset takes away what its node has not seen as well."""
    removed = original(self, delete=delete)
    for source, seen in self.sources.items():
        if source in self.rows:
            self.write(source, seen._replace(base_rank=seen.base_rank + 100))
    return removed


@mutant(Draft, "_cut", "not reset", within=200)
def resets_are_answered_and_not_made(original: Any, self: Draft, *, delete: bool) -> int:
    """The answer to a reset says what it took, and nothing is taken."""
    return self.sources.value(self._clock) or 0


@mutant(Draft, "_add", "invented", within=300)
def keys_are_added_to_the_sum(original: Any, self: Draft, asked: Any, dropped: int) -> int:
    """A change with a key is counted wherever it is tried."""
    return original(self, asked._replace(key=""), dropped)


@mutant(Sources, "value", "not expired", within=100)
def nothing_expires(original: Any, self: Sources, clock: int) -> int | None:
    """A counter stays as it is when its time is over."""
    return sum(seen.contribution for _, seen in self.items())


@mutant(Ledger, "_merge_source", "counts never agreed", "lost", within=100)
def rows_about_others_are_ignored(
    original: Any, self: Ledger, owner: bytes, log: OwnerLog, row: Any, known: Any
) -> bool:
    """A row about a client is not taken from other nodes."""
    return isinstance(row.slot, str) and original(self, owner, log, row, known)
