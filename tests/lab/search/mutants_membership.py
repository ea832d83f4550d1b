"""Mutants of membership, of detection, and of what the protocol costs."""

from __future__ import annotations

from itertools import count
from typing import Any

import attrs

from gossipd.protocol import handshake, inbox, keeping, node, outbox, reconcile
from gossipd.protocol.fingerprint import MASK, Gates
from gossipd.protocol.keeping import Keeping
from gossipd.protocol.membership import (
    contacts,
    detector,
    echoes,
    gossip,
    own_word,
    suspicions,
    table,
    view,
)
from gossipd.protocol.timers import TimerQueue
from gossipd.protocol.wire import ALIVE, DEAD, SUSPECT, Ack, Claim, Confirm, Rows
from tests.lab.search.mutants import mutant

_NUMBERS = count(1)

# Membership


@mutant(own_word.OwnWord, "refute", "not alive", "false death", within=50)
def refutes_without_raising(original: Any, self: Any, claim: Claim) -> bool:
    """A node refutes a claim about itself without raising its incarnation."""
    own = self._table.own
    if claim.generation > own.generation:
        return original(self, claim)
    self._become(own.generation, own.incarnation)
    return False


@mutant(suspicions.Suspicions, "close", "row fell", "not alive", within=50)
def stale_suspicion_timers_fire(original: Any, self: Any, row: Any) -> None:
    """A suspicion that was refuted still ends in a dead verdict."""
    suspected = row.id in self._open
    original(self, row)
    if suspected:
        verdict = Claim(row.id, row.generation, row.incarnation, DEAD, self._table.own.id)
        later = self._runtime.now + 1.0
        change = self._expired.__self__._change
        self._runtime.timers.set(("stale", row.id), later, lambda: change(row, verdict))


@mutant(gossip.Gossip, "send", "not quiet", within=50)
def acks_have_no_number(original: Any, self: Any, to: Any, row: Any, *messages: Any) -> bool:
    """No ack says which ping it answers."""
    bare = [Ack(0, each.members) if isinstance(each, Ack) else each for each in messages]
    return original(self, to, row, *bare)


@mutant(view, "beats", "not alive", "row fell", within=50)
def the_newest_claim_wins(original: Any, claim: Claim, row: Any) -> bool:
    """The last claim that arrives replaces what was known, whatever its incarnation."""
    return (claim.generation, claim.state) != (row.generation, row.state)


@mutant(view, "beats", "row fell", "not alive", within=50)
def the_dead_stay_dead(original: Any, claim: Claim, row: Any) -> bool:
    """States are compared before generations and incarnations."""
    return (claim.state, claim.generation, claim.incarnation) > (
        row.state,
        row.generation,
        row.incarnation,
    )


@mutant(view.View, "apply", "never said", within=50)
def others_raise_incarnations(
    original: Any, self: Any, claim: Claim, merged_from: str = "", **more: Any
) -> bool:
    """A node that passes a suspicion on makes it look newer."""
    if claim.state == SUSPECT and claim.id in self._table.live:
        row = self._table.live[claim.id]
        row.incarnation += 1
    return original(self, claim, merged_from, **more)


@mutant(detector.Detector, "_conclude", "not dead", within=50)
def failed_probes_have_no_consequence(original: Any, self: Any, probe: Any) -> None:
    """A failed probe raises no suspicion."""
    self._end(probe, "failed")


@mutant(detector.Detector, "_ask_others", "false death", within=150)
def impatient(original: Any, self: Any, probe: Any) -> None:
    """A member that does not ack within the time-out is declared dead at once."""
    if probe.row.state == ALIVE:
        row = probe.row
        self._view._change(
            row, Claim(row.id, row.generation, row.incarnation, DEAD, self._table.own.id)
        )


@mutant(table.MemberTable, "set_removed", "sent to removed", within=80, among="removals")
def removed_peers_are_still_spoken_to(original: Any, self: Any, row: Any, removed: bool) -> None:
    """A removed peer is missing from the list but still sent messages."""
    row.removed = removed


@mutant(node.Node, "peers", "shown", within=50)
def removed_peers_are_still_shown(original: Any, self: Any) -> list[str]:
    """The list of peers holds those that were removed."""
    rows = self._table.rows.values()
    return sorted(row.id for row in rows if row is not self._table.own and row.state <= SUSPECT)


@mutant(contacts.Contacts, "_remove_member", "not as told", within=100)
def removals_do_nothing(original: Any, self: Any, member: str) -> None:
    """The peer stays as it was."""


@mutant(table.MemberTable, "set_removed", "not as told", within=80, among="removals")
def registering_does_not_show_again(original: Any, self: Any, row: Any, removed: bool) -> None:
    """A removed peer that is registered again stays removed."""
    if removed:
        original(self, row, removed)


@mutant(Keeping, "restore", "not as told", within=30, among="removals")
def removals_are_forgotten_at_a_restart(original: Any, self: Any, kept: Any) -> None:
    """Removals are not read back from the disk."""
    original(self, kept and attrs.evolve(kept, removed=()))


@mutant(keeping, "_own_generation", "old generation", within=30, among="clocks")
def generations_come_from_the_clock_alone(original: Any, kept: Any, node_id: str) -> int:
    """A clock that was set back makes a process older than the one before it."""
    return -1


@mutant(inbox.Inbox, "_admitted", "not alive", within=50)
def the_dead_are_not_heard(original: Any, self: Any, peer: Any, messages: Any) -> bool:
    """Datagrams of members that were declared dead are dropped."""
    row = self._table.rows.get(peer.sender.id)
    if row is not None and row.state == DEAD:
        return False
    return original(self, peer, messages)


@mutant(view.View, "declare_dead", "row gone", within=50)
def the_dead_are_forgotten(original: Any, self: Any, row: Any, *claimed: int) -> None:
    """A row is dropped with the verdict, and so what was known of its incarnation."""
    original(self, row, *claimed)
    if row.state == DEAD:
        self._table.fingerprint.drop(row.id)
        self._table.rows.pop(row.id, None)
        self._table.gone.pop(row.id, None)


# Cost


@mutant(TimerQueue, "cancel", "raised", within=50)
def stale_timers_are_kept(original: Any, self: TimerQueue, key: Any) -> None:
    """A timer that was cancelled still fires."""


@mutant(gossip, "transmit_limit", "not quiet", within=50)
def claims_are_sent_for_ever(original: Any, multiplier: int, members: int) -> int:
    """The transmit limit is ignored."""
    return 1 << 60


@mutant(
    table.MemberTable,
    "_rehash",
    "tables never agreed",
    "not quiet",
    "counts never agreed",
    "not alive",
    within=50,
)
def hashes_depend_on_the_past(original: Any, self: Any, row: Any) -> None:
    """A row's hash is not taken out of the table's when it changes."""
    _, before = self.fingerprint._rows.get(row.id, (0, 0))
    original(self, row)
    self.fingerprint.total = (self.fingerprint.total + before) & MASK


@mutant(table.MemberTable, "_rehash", "tags never agreed", within=40, among="tagged")
def hashes_leave_tags_out(original: Any, self: Any, row: Any) -> None:
    """Tables with other tags are taken for equal."""
    kept, row.tags = row.tags, None
    original(self, row)
    row.tags = kept


@mutant(view, "has_newer_tags", "tags never agreed", "not quiet", within=40, among="tagged")
def the_oldest_tags_stay(original: Any, claim: Claim, row: Any) -> bool:
    """Tags that a member has changed are not taken over."""
    return row.tags is None and original(claim, row)


@mutant(echoes.Echoes, "challenge", "storm", "not quiet", "not alive", within=50)
def challenges_never_repeat(original: Any, self: Any, peer: Any) -> int:
    """Each challenge has another number, so that no answer is ever right."""
    return 1 + self._runtime.rng.getrandbits(40)


@mutant(handshake.Handshake, "on_ack", "storm", "not quiet", "raised", within=50)
def acks_are_acked(original: Any, self: Any, ack: Ack, peer: Any) -> None:
    """Every ack is answered by an ack."""
    original(self, ack, peer)
    self._challenges._reply(peer, Ack(ack.number))


@mutant(outbox.Outbox, "datagram", "too large", within=50)
def datagrams_are_padded(original: Any, self: Any, *messages: Any) -> bytes:
    """Datagrams are padded, whatever size they may have."""
    if isinstance(messages[0], Confirm | Rows):
        return original(self, *messages) + bytes(1400)
    return original(self, *messages)


@mutant(Gates, "__call__", "not quiet", "counts never agreed", within=50)
def gates_have_no_meaning(original: Any, self: Any) -> tuple[int, int]:
    """The gates of two nodes that agree differ, and never repeat."""
    return next(_NUMBERS), original(self)[1]


@mutant(reconcile.VersionExchange, "_sweep", "not quiet", within=100)
def contents_are_compared_all_the_time(original: Any, self: Any) -> None:
    """The sweep runs again at once instead of after its interval."""
    original(self)
    self._runtime.timers.set("sweep", self._runtime.now + 0.05, self._sweep)


@mutant(echoes.Echoes, "ping", "idle bytes", within=50)
def pings_carry_more_than_gates(original: Any, self: Any, sent: Any, padding: bytes = b"") -> Any:
    """A ping between nodes that agree is padded."""
    return original(self, sent, bytes(64))


@mutant(echoes.Echoes, "forget", "kept", within=50)
def pings_are_kept(original: Any, self: Any, number: int) -> None:
    """Every ping is kept, and there is no limit to how many."""
    while len(self._sent) < 5000:
        self._sent[-len(self._sent)] = None
