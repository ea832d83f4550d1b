"""Deliberately broken protocols, each of which the search must find.

A mutant replaces one function of the protocol. `kinds` are the findings that are to be expected,
`within` the number of histories after which the search must have one of them: some three times as
many as it took when the mutant was written.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import attrs

from gossipd.protocol import (
    answers,
    contacts,
    counting,
    detector,
    inbox,
    members,
    membership,
    node,
    outbox,
    pings,
    reconcile,
    spreading,
)
from gossipd.protocol.counter import Counter, _raise, _value
from gossipd.protocol.ledger import Ledger, OwnerLog
from gossipd.protocol.messages import (
    ALIVE,
    DEAD,
    SUSPECT,
    Ack,
    Claim,
    Confirm,
    Entry,
    Group,
    SpreadDone,
)
from gossipd.protocol.timers import TimerQueue


@attrs.frozen
class Mutant:
    """One broken protocol."""

    name: str
    kinds: tuple[str, ...]
    within: int
    patch: Callable[[], AbstractContextManager[Any]]


MUTANTS: list[Mutant] = []


def mutant(
    owner: Any, attribute: str, *kinds: str, within: int
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers the function below as what takes the place of `owner.attribute`.

    It is given the original function before its other arguments.
    """
    original = getattr(owner, attribute)

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        def broken(*arguments: Any, **keywords: Any) -> Any:
            return function(original, *arguments, **keywords)

        def start() -> AbstractContextManager[Any]:
            return patch.object(owner, attribute, broken)

        MUTANTS.append(Mutant(function.__name__, kinds, within, start))
        return function

    return register


# The counter


@mutant(Counter, "merge", "no order", "lost", within=50)
def merge_adds(original: Any, self: Counter, owner: bytes, floor: int, count: int) -> bool:
    """A slot's count is added, where the larger one should win."""
    return original(self, owner, floor, self.slot(owner, floor) + count)


@mutant(Counter, "merge", "answer too low", within=50)
def floors_are_dropped(original: Any, self: Counter, owner: bytes, floor: int, count: int) -> bool:
    """A floor that nobody has counted under is forgotten."""
    return bool(count) and original(self, owner, floor, count)


@mutant(counting.Counting, "_count", "no order", "answer too low", within=50)
def counts_under_no_floor(original: Any, self: Any, command: Any) -> None:
    """An increment is counted under floor 0, whatever the highest floor is."""
    counter = self._ledger.counter(command.name)
    highest, counter.highest = counter.highest, 0
    ahead, self._ahead = self._ahead, {}
    own = self._own_id()
    staged = [slots.get((own, 0), 0) for slots in ahead.values()]
    try:
        with patch.object(counter.__class__, "slot", _slot_of(counter, own, staged)):
            original(self, command)
    finally:
        counter.highest = highest
        for name, slots in self._ahead.items():
            ahead.setdefault(name, {}).update(slots)
        self._ahead = ahead


def _slot_of(counter: Counter, own: bytes, staged: list[int]) -> Callable[..., int]:
    plain = Counter.slot

    def slot(self: Counter, owner: bytes, floor: int) -> int:
        return (
            max([plain(self, owner, floor), *staged]) if owner == own else plain(self, owner, floor)
        )

    return slot


@mutant(counting.Counting, "_stage_own", "invented", within=50)
def increments_count_twice(original: Any, self: Any, command: Any, floor: int, count: int) -> None:
    """What was asked for is added once more."""
    original(self, command, floor, count + command.amount)


@mutant(counting.Counting, "_stage_own", "told before kept", within=50)
def tells_before_it_persists(
    original: Any, self: Any, command: Any, floor: int, count: int
) -> None:
    """A write takes effect and is answered while it is still on its way to the disk."""
    original(self, command, floor, count)
    self._take_effect(command, self._staged[-1].group)
    self._staged[-1] = attrs.evolve(self._staged[-1], command=None)
    self._learning += 1
    self._answers.settle()


@mutant(
    counting.Counting, "_new_id", "lost", "no order", "counts differ", "too few holders", within=700
)
def owner_ids_are_reused(original: Any, self: Any) -> None:
    """A process counts under the id that the one before it had, whatever is left of its state."""
    original(self)
    self._owner = self._out.table.own.id.encode()[:16].ljust(16, b"\0")
    self._version = self._ledger.have(self._owner)
    self._pushes.reset(self._owner)
    self._copied.clear()


@mutant(answers.Answers, "_settle_one", "too few holders", within=50)
def silent_peers_count_as_holders(
    original: Any, self: Any, level: str, write: Any, *, final: bool = False
) -> bool:
    """Once the deadline is over, all are taken to hold the write."""
    if self._out.now >= write.deadline - 1e-6:
        live = len(self._out.table.live)
        self._answer(level, write.ticket, write.count, live + 1, self._target(level, live))
        return True
    return original(self, level, write, final=final)


@mutant(answers.Answers, "settle", "unanswered", within=120)
def answers_wait_for_ever(original: Any, self: Any) -> None:
    """No deadline is set for an answer."""
    original(self)
    for level in self._waiting:
        self._out.timers.cancel(("answer", level))


@mutant(spreading.Spreading, "_report", "too few holders", within=50)
def relays_report_nobody_as_missing(original: Any, self: Any, relayed: Any) -> None:
    """A relay that gave up on some of its branch says that all have it."""
    group = relayed.group
    done = SpreadDone(relayed.number, group.owner, group.upto, [])
    self._out.send(relayed.asked_by, done)


@mutant(answers.Answers, "_answer", "failed for no reason", within=50)
def every_answer_says_failed(
    original: Any, self: Any, level: str, ticket: int, count: int, holders: int, target: int
) -> None:
    """Clients are told that nothing was stored."""
    original(self, level, ticket, count, 0, target)


@mutant(answers.Answers, "_answer", "answer too high", within=50)
def answers_count_too_high(
    original: Any, self: Any, level: str, ticket: int, count: int, holders: int, target: int
) -> None:
    """Clients are told more than the node counts."""
    original(self, level, ticket, count + 1000, holders, target)


@mutant(answers.Answers, "_target", "wrong target", within=50)
def one_holder_is_always_enough(original: Any, self: Any, level: str, live: int) -> int:
    """No answer waits for anybody, whatever its level."""
    return 1


@mutant(counting.Counting, "sync", "refused", within=50)
def syncs_are_refused(original: Any, self: Any, *arguments: Any) -> None:
    """As if a limit were reached."""
    raise ValueError("no")


@mutant(Ledger, "group", "counts differ", within=300)
def a_cut_vouches_for_all(
    original: Any, self: Ledger, owner: bytes, since: int, budget: int
) -> tuple[Group | None, bool]:
    """A group that was cut to fit a datagram claims to be everything."""
    group, whole = original(self, owner, since, budget)
    if group is not None:
        group = Group(owner, since, self.have(owner), group.entries)
    return group, whole


@mutant(reconcile.Reconciler, "on_sums", "counts differ", within=300)
def sums_are_ignored(original: Any, self: Any, sums: Any, source: Any) -> None:
    """Large tables are never narrowed down to what differs."""


@mutant(Ledger, "learned_floor", "too few holders", within=50)
def learned_floors_are_not_persisted(original: Any, self: Ledger, group: Group) -> bool:
    """A floor that others raised is confirmed while it is only in memory."""
    return False


@mutant(reconcile.Reconciler, "compare", "counts differ", "not alive", within=60)
def tables_are_never_compared(original: Any, self: Any, *gates: Any) -> None:
    """Gates that differ are ignored."""


@mutant(reconcile.Reconciler, "on_delta", "not quiet", "counts differ", within=50)
def deltas_are_ignored(original: Any, self: Any, delta: Any, source: Any) -> None:
    """What the other one has is asked for again and again, and never taken over."""


@mutant(inbox.Inbox, "_on_push", "too few holders", within=50)
def pushes_are_confirmed_unread(original: Any, self: Any, push: Any, source: Any, row: Any) -> None:
    """A push is confirmed, and a third of them is then not taken over."""
    group = push.group
    if push.number % 3 == 0:
        self.out.send(source, Confirm(push.number, group.owner, group.upto))
    else:
        original(self, push, source, row)


@mutant(Ledger, "_merge", "count fell", within=50)
def the_last_arrival_wins(
    original: Any, self: Ledger, owner: bytes, log: OwnerLog, entry: Entry
) -> bool:
    """An entry that comes late replaces a newer one."""
    counter = self.counter(entry.name)
    by = entry.count - counter.slot(owner, entry.floor)
    if by < 0:
        counter._slots[owner, entry.floor] = entry.count
        counter._root = _raise(counter._root, entry.floor, by)
        counter.value = _value(counter._root, counter.highest)
    log.entries.pop((entry.name, entry.floor if entry.count else -1), None)
    return original(self, owner, log, entry)


@mutant(node.Node, "_restore", "lost", within=300)
def nothing_is_read_back(original: Any, self: Any, kept: Any) -> None:
    """A process begins without what the last one wrote."""
    original(self, attrs.evolve(kept, groups=()))


# Membership


@mutant(membership.Membership, "_about_us", "not alive", "false death", within=50)
def refutes_without_raising(original: Any, self: Any, claim: Claim) -> bool:
    """What is said of us is contradicted under the same incarnation."""
    own = self._table.own
    if claim.generation > own.generation:
        return original(self, claim)
    self._become(own.generation, own.incarnation)
    return False


@mutant(membership.Membership, "_close", "row fell", "not alive", within=50)
def stale_suspicion_timers_fire(original: Any, self: Any, row: Any) -> None:
    """The verdict of a suspicion that was refuted falls all the same."""
    suspected = row.id in self._suspicions
    original(self, row)
    if suspected:
        verdict = Claim(row.id, row.generation, row.incarnation, DEAD, self._table.own.id)
        later = self._out.now + 1.0
        self._out.timers.set(("stale", row.id), later, lambda: self._change(row, verdict))


@mutant(outbox.Outbox, "send_news", "not quiet", within=50)
def acks_have_no_number(original: Any, self: Any, to: Any, row: Any, *messages: Any) -> bool:
    """Nobody can tell which ping is acked."""
    bare = [Ack(0, each.members) if isinstance(each, Ack) else each for each in messages]
    return original(self, to, row, *bare)


@mutant(membership, "beats", "not alive", "row fell", within=50)
def the_newest_claim_wins(original: Any, claim: Claim, row: Any) -> bool:
    """The last claim that arrives replaces what was known, without a look at incarnations."""
    return (claim.generation, claim.state) != (row.generation, row.state)


@mutant(membership, "beats", "row fell", "not alive", within=50)
def the_dead_stay_dead(original: Any, claim: Claim, row: Any) -> bool:
    """States are compared before generations and incarnations."""
    return (claim.state, claim.generation, claim.incarnation) > (
        row.state,
        row.generation,
        row.incarnation,
    )


@mutant(membership.Membership, "_acceptable", "never said", within=50)
def others_raise_incarnations(original: Any, self: Any, claim: Claim) -> bool:
    """A node that passes a suspicion on makes it look newer."""
    if claim.state == SUSPECT and claim.id in self._table.live:
        row = self._table.live[claim.id]
        row.incarnation += 1
    return original(self, claim)


@mutant(detector.Detector, "_conclude", "not dead", within=50)
def failed_probes_have_no_consequence(original: Any, self: Any) -> None:
    """Nobody is ever suspected."""
    self._probe = None


@mutant(detector.Detector, "_ask_others", "false death", within=50)
def impatient(original: Any, self: Any) -> None:
    """Who does not ack within the time-out is dead at once."""
    probe = self._probe
    if probe is not None and not probe.acked and probe.row.state == ALIVE:
        row = probe.row
        self._membership._change(
            row, Claim(row.id, row.generation, row.incarnation, DEAD, self._table.own.id)
        )


@mutant(members.MemberTable, "hide", "sent to removed", within=200)
def removed_peers_are_still_spoken_to(original: Any, self: Any, row: Any, removed: bool) -> None:
    """A removed peer is only hidden from the list."""
    row.removed = removed


@mutant(node.Node, "peers", "shown", within=50)
def removed_peers_are_still_shown(original: Any, self: Any) -> list[str]:
    """The list of peers holds those that were removed."""
    rows = self._out.table.rows.values()
    return sorted(row.id for row in rows if row is not self._out.table.own and row.state <= SUSPECT)


@mutant(contacts.Contacts, "_hide", "not as told", within=100)
def removals_do_nothing(original: Any, self: Any, member: str) -> None:
    """The peer stays as it was."""


@mutant(members.MemberTable, "hide", "not as told", within=200)
def registering_does_not_show_again(original: Any, self: Any, row: Any, removed: bool) -> None:
    """Who was removed once stays so."""
    if removed:
        original(self, row, removed)


@mutant(node.Node, "_restore", "not as told", within=400)
def removals_are_forgotten_at_a_restart(original: Any, self: Any, kept: Any) -> None:
    """What is on disk of them is not read back."""
    original(self, attrs.evolve(kept, removed=()))


@mutant(node, "_own_generation", "old generation", within=600)
def generations_come_from_the_clock_alone(original: Any, kept: Any, node_id: str) -> int:
    """A clock that was set back makes a process older than the one before it."""
    return -1


@mutant(inbox.Inbox, "_admitted", "not alive", within=50)
def the_dead_are_not_heard(
    original: Any, self: Any, sender: Any, messages: Any, source: Any
) -> bool:
    """Datagrams of members that were declared dead are dropped."""
    row = self.out.table.rows.get(sender.id)
    if row is not None and row.state == DEAD:
        return False
    return original(self, sender, messages, source)


@mutant(membership.Membership, "_declare_dead", "row gone", within=50)
def the_dead_are_forgotten(
    original: Any, self: Any, row: Any, generation: int, incarnation: int
) -> None:
    """A row is dropped with the verdict, and so what was known of its incarnation."""
    original(self, row, generation, incarnation)
    if row.state == DEAD:
        self._table.fingerprint.replace(row.bucket, row.digest, 0)
        self._table.rows.pop(row.id, None)
        self._table.gone.pop(row.id, None)
        del self._table._buckets[row.bucket][row.id]


# Cost


@mutant(TimerQueue, "cancel", "raised", within=50)
def stale_timers_are_kept(original: Any, self: TimerQueue, key: Any) -> None:
    """A timer that was cancelled fires all the same."""


@mutant(outbox, "transmit_limit", "not quiet", within=50)
def claims_are_sent_for_ever(original: Any, multiplier: int, members: int) -> int:
    """The transmit limit is ignored."""
    return 1 << 60


@mutant(members.MemberTable, "_rehash", "not quiet", "counts differ", "not alive", within=50)
def hashes_depend_on_the_past(original: Any, self: Any, row: Any) -> None:
    """A row's hash is not taken out of the table's when it changes."""
    row.digest = 0
    original(self, row)


@mutant(pings.Pings, "challenge", "storm", "not quiet", "not alive", within=50)
def challenges_never_repeat(original: Any, self: Any, source: Any, sender: Any) -> int:
    """Nobody can ever answer a challenge."""
    return 1 + self._out.rng.getrandbits(40)


@mutant(inbox.Inbox, "_on_ack", "storm", "not quiet", "raised", within=50)
def acks_are_acked(original: Any, self: Any, ack: Ack, peer: Any) -> None:
    """Every ack is answered by an ack."""
    original(self, ack, peer)
    self._reply(peer, Ack(ack.number))


@mutant(outbox.Outbox, "datagram", "too large", within=50)
def datagrams_are_padded(original: Any, self: Any, *messages: Any) -> bytes:
    """Data is sent without a look at its size."""
    if isinstance(messages[0], Confirm | reconcile.Rows):
        return original(self, *messages) + bytes(1400)
    return original(self, *messages)


@mutant(reconcile.Reconciler, "gates", "not quiet", "counts differ", within=50)
def gates_have_no_meaning(original: Any, self: Any) -> tuple[int, int]:
    """The gates of two nodes that agree differ."""
    return self._out.rng.getrandbits(60), original(self)[1]


@mutant(reconcile.Reconciler, "_sweep", "not quiet", within=100)
def contents_are_compared_all_the_time(original: Any, self: Any) -> None:
    """The sweep comes again at once."""
    original(self)
    self._out.timers.set("sweep", self._out.now + 0.05, self._sweep)


@mutant(detector.Detector, "_ping", "idle bytes", within=50)
def pings_carry_more_than_gates(original: Any, self: Any, row: Any, number: int) -> None:
    """A ping between nodes that agree is padded."""
    ping = detector.Ping(number, row.id, *self.gates(), bytes(64))
    self._out.send_news(row.address, row, ping)


@mutant(pings.Pings, "forget", "kept", within=50)
def pings_are_kept(original: Any, self: Any, number: int) -> None:
    """Every ping is kept, and there is no limit to how many."""
    while len(self._sent) < 5000:
        self._sent[-len(self._sent)] = None
