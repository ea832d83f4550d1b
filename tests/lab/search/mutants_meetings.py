"""Mutants that show only where two things meet, each among the histories that bring them together.

`lab.search.meetings` draws these histories.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gossipd.protocol.counters import pushes, relays, writes
from gossipd.protocol.counters.ahead import Ahead
from gossipd.protocol.counters.holdings import Holdings
from gossipd.protocol.membership import contacts, forgetting, leaving, view
from gossipd.protocol.reconcile import RowExchange, VersionExchange
from gossipd.protocol.wire import Claim, Confirm, Group, Have, Span
from tests.lab.search.mutants import mutant

# Pushes


@mutant(
    Holdings,
    "clear",
    "too few holders",
    "unanswered",
    "counts never agreed",
    within=40,
    first=100,
    among="failing disk",
)
def holdings_outlive_the_owner_id(original: Any, self: Holdings) -> None:
    """What peers held of a former owner id is taken for what they hold of the present one."""


@mutant(pushes.Pushes, "on_confirm", "too few holders", within=100, among="relays")
def any_confirm_is_of_the_last_push(original: Any, self: Any, confirm: Confirm, row: Any) -> bool:
    """A confirm counts for all that this node has counted by then."""
    if confirm.owner == self._owner:
        self._holdings.of(row).has(self._version)
    return original(self, confirm, row) or confirm.owner == self._owner


# Relays


@mutant(relays.Relays, "relay", "too few holders", within=60, first=30, among="relays")
def unknown_members_are_not_reported(original: Any, self: Any, spread: Any, source: Any) -> None:
    """A relay says nothing of members of its branch that it does not know."""
    known = [member for member in spread.branch if member in self._table.live]
    original(self, type(spread)(spread.number, spread.group, known), source)


@mutant(relays.Relays, "_confirmed", "too few holders", within=100, among="relays")
def a_relay_answers_for_its_branch(original: Any, self: Any, row: Any) -> None:
    """Once a relay has the group, so have all that it serves."""
    original(self, row)
    for branch in list(self._branches.values()):
        if branch.relay is row:
            for member in branch.members:
                original(self, member)


# Leaving


@mutant(leaving.Leaving, "_is_enough", "left too early", within=60, among="leave with counts")
def a_leave_needs_no_holder(original: Any, self: Any) -> bool:
    """A leave ends with enough acknowledgements, though nobody has what the node counted."""
    return len(self._acked) >= min(3, len(self._table.live))


@mutant(leaving.Leaving, "_on_ack", "left with counts", within=60, among="leave with counts")
def any_ack_is_a_holder(original: Any, self: Any, ack: Any, sent: Any, peer: Any) -> None:
    """A peer that acknowledges a leave is taken to have all that the node counted."""
    self._acked[sent.target] = True
    original(self, ack, sent, peer)


# Partitions


@mutant(view.View, "_doubt", "death after healing", "not alive", within=60, among="healed")
def merged_deaths_are_believed(
    original: Any, self: Any, row: Any, claim: Claim, merged_from: str
) -> bool:
    """A death in the table of a peer is taken over, though the member may be live here."""
    self._change(row, claim)
    return True


@mutant(view.View, "_doubt", "death after healing", within=150, among="healed")
def verdicts_need_no_warning(
    original: Any, self: Any, row: Any, claim: Claim, merged_from: str
) -> bool:
    """A death that is gossiped is taken over, though the member was no suspect here."""
    if merged_from:
        return original(self, row, claim, merged_from)
    self._change(row, claim)
    return True


@mutant(
    contacts.Contacts, "_try_dead", "not alive", "counts never agreed", within=60, among="healed"
)
def the_dead_are_never_tried(original: Any, self: Any) -> None:
    """Two sides that hold each other for dead never speak again."""


@mutant(view.View, "apply", "not alive", within=60, among="healed")
def the_dead_do_not_come_back(
    original: Any, self: Any, claim: Claim, merged_from: str = "", **more: Any
) -> bool:
    """A member that is dead here stays so until it starts again."""
    row = self._table.rows.get(claim.id)
    if row is not None and row.state == 2 and claim.generation == row.generation:
        return False
    return original(self, claim, merged_from, **more)


# Large tables


@mutant(
    RowExchange,
    "_listed",
    "tables never agreed",
    "not quiet",
    within=60,
    first=10,
    among="large tables",
)
def row_lists_are_cut(original: Any, self: Any, first: int, last: int) -> list[Claim]:
    """A list of rows is cut to what fits, and speaks for its whole range nevertheless."""
    found: list[Claim] = []
    for _, member in self._fingerprint.walk(first, last):
        if len(found) < 20:
            found.append(self._table.rows[member].claim(self._runtime.now))
    return found


@mutant(
    VersionExchange,
    "_listed",
    "counts never agreed",
    "not quiet",
    "storm",
    within=60,
    first=10,
    among="large tables",
)
def version_lists_are_cut(original: Any, self: Any, first: int, last: int) -> list[bytes]:
    """A list of owners is cut to what fits, and speaks for its whole range nevertheless."""
    found = [owner for _, owner in self._fingerprint.walk(first, last)]
    return found[:20]


@mutant(
    VersionExchange, "_lacking", "counts never agreed", "not quiet", within=60, among="large tables"
)
def unlisted_owners_are_kept_back(
    original: Any, self: Any, theirs: Sequence[Have], span: Span
) -> Iterator[Any]:
    """A peer is sent nothing of owners that it does not know at all."""
    return (each for each in original(self, theirs, span) if each[0] < 0)


@mutant(RowExchange, "_newer", "tables never agreed", "not quiet", within=60, among="large tables")
def unlisted_rows_are_kept_back(
    original: Any, self: Any, theirs: Sequence[Claim], span: Span
) -> Iterator[Any]:
    """A peer is sent no rows of members that it does not know at all."""
    return (each for each in original(self, theirs, span) if each[0] < 0)


# The queue of writes


@mutant(
    Ahead,
    "add",
    "lost",
    "no order",
    "answer too low",
    within=60,
    among="failing disk",
)
def writes_do_not_look_ahead(original: Any, self: Any, group: Group) -> None:
    """A command builds upon what is in effect, and not upon the writes staged before it."""


@mutant(
    writes.Writes,
    "persist_failed",
    "lost",
    "no order",
    "counts never agreed",
    within=200,
    among="failing disk",
)
def a_failed_write_keeps_the_owner_id(original: Any, self: Any, write: Any) -> None:
    """After a write that may be on disk or not, versions are given a second time."""
    new, self._new_id = self._new_id, lambda: None
    original(self, write)
    self._new_id = new


# Forgetting


@mutant(forgetting.Forgetting, "_look", "row gone", within=20, among="forgotten")
def members_are_forgotten_early(original: Any, self: Any) -> None:
    """A member is forgotten in half the time."""
    lasts = self._lasts
    self._lasts = lasts / 2
    original(self)
    self._lasts = lasts


@mutant(forgetting.Forgetting, "_try", "not alive", within=20, among="forgotten")
def the_forgotten_are_not_tried(original: Any, self: Any) -> None:
    """Two sides that have forgotten each other stay apart."""


@mutant(view.View, "_doubt", "row gone", within=60, among="forgotten")
def who_lives_is_forgotten(original: Any, self: Any, row: Any, claim: Claim, accuser: str) -> bool:
    """A claim that a member is forgotten is believed without asking the member."""
    if not claim.forgotten:
        return bool(original(self, row, claim, accuser))
    self._change(row, claim)
    return True
