"""Mutants that a test of the protocol finds: of counting and of anti-entropy."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from msgspec import structs

from gossipd.protocol import State
from gossipd.protocol.counters import answers, pushes, relays, writes
from gossipd.protocol.counters.courses import Course, Told
from gossipd.protocol.counters.holdings import Holding, Holdings
from gossipd.protocol.counters.ledger import Ledger
from gossipd.protocol.counters.owner_log import OwnerLog, last_version
from gossipd.protocol.counters.relays import Relays
from gossipd.protocol.membership import (
    table,
)
from gossipd.protocol.reconcile import VersionExchange
from gossipd.protocol.reconcile.exchange import Exchange
from gossipd.protocol.wire import SUSPECT, Claim, Entry, Group, Span
from tests.lab.search.mutants import tested_mutant as mutant

_OWNERS = tuple(
    Group(number.to_bytes(1) * 16, 0, 1, [Entry(1, "default", 0, 1)]) for number in range(256)
)

_MEMBERSHIP = "protocol/membership/test_"
_COUNTERS = "protocol/counters/test_"
_RECONCILE = "protocol/reconcile/test_"

# Counting


@mutant(
    writes.Writes,
    "afterwards",
    _RECONCILE + "reconciler.py::test_a_delta_is_gone_on_from_once_and_when_it_is_on_disk",
)
def exchanges_do_not_wait_for_the_disk(original: Any, self: Any, call: Any) -> None:
    """An exchange goes on before what it brought has taken effect."""
    call()


@mutant(Ledger, "learned_floor", _COUNTERS + "writes.py::test_a_learned_floor_is_written_first")
def a_learned_floor_is_no_write(original: Any, self: Any, group: Any) -> bool:
    """A floor of another node is confirmed before it is on disk."""
    return False


@mutant(
    answers.Answers,
    "_target",
    _COUNTERS + "answers.py::test_the_dead_count_for_a_majority_for_ten_minutes",
    120,
    3,
)
def the_dead_do_not_count(original: Any, self: Any, level: str, live: int) -> int:
    """A majority is one of the live members, so that both sides of a partition have one."""
    return (live + 1) // 2 + 1 if level == "majority" else original(self, level, live)


@mutant(Holding, "missed", _COUNTERS + "answers.py::test_a_silent_peer_is_waited_for_once", "all")
def silent_peers_are_waited_for(original: Any, self: Any) -> None:
    """Each write waits the whole time-out for a peer that does not answer."""


@mutant(
    Holding,
    "confirmed",
    _COUNTERS + "holdings.py::test_a_peer_is_not_believed_beyond_our_own_version",
)
def peers_are_believed_beyond_the_own_version(
    original: Any, self: Any, version: int, newest: int
) -> Any:
    """A peer may have more of this owner than this owner counted."""
    return original(self, version, max(version, newest))


@mutant(Holdings, "of", _COUNTERS + "holdings.py::test_nothing_is_assumed_of_a_new_generation")
def confirms_outlive_their_process(original: Any, self: Any, row: Any) -> Any:
    """What a peer confirmed is kept across its generations."""
    known = self._peers.get(row.id)
    return original(self, row) if known is None else known


@mutant(pushes.Pushes, "_sweep", _COUNTERS + "pushes.py::test_a_lost_push_is_sent_again")
def lost_pushes_are_lost(original: Any, self: Any) -> None:
    """A push that is not confirmed is not sent again."""


@mutant(pushes.Pushes, "catch_up", _COUNTERS + "pushes.py::test_a_new_member_is_pushed")
def new_members_wait_for_a_ping(original: Any, self: Any, row: Any) -> None:
    """A member that appears is not pushed what it lacks."""


@mutant(
    Relays,
    "_expire",
    _COUNTERS + "relays.py::test_a_node_that_nobody_hears_waits_longer_each_time",
)
def silent_rounds_follow_at_once(original: Any, self: Any) -> None:
    """A round that nobody answered is repeated without a pause."""
    self._end()


@mutant(Relays, "_heard", _COUNTERS + "relays.py::test_after_an_answer_the_pauses_begin_anew")
def pauses_only_become_longer(original: Any, self: Any) -> None:
    """An answer does not take back how long the pauses have become."""
    pause = self._pause
    original(self)
    self._pause = pause


@mutant(Relays, "begin", _COUNTERS + "relays.py::test_a_spread_fits_a_datagram")
def branches_have_no_bound(original: Any, self: Any, rows: Any, group: Any, over: Any) -> None:
    """All members are one branch, whether or not their ids fit a datagram."""
    with patch.multiple(relays, _BRANCH=10**6, group_bytes=lambda group: -(10**6)):
        original(self, rows, group, over)


# Anti-entropy


@mutant(Exchange, "go_on", _RECONCILE + "exchange.py::test_a_lossy_joiner_gets_everything")
def exchanges_end_after_one_answer(original: Any, self: Any, *arguments: Any) -> None:
    """What did not fit one answer waits for the next ping."""


@mutant(table.MemberTable, "_rehash", _RECONCILE + "exchange.py::test_the_alive_come_first")
def the_dead_come_first(original: Any, self: Any, row: Any) -> None:
    """A joiner learns of the dead before the alive."""
    original(self, row)
    position, digest = self.fingerprint._rows[row.id]
    self.fingerprint.put(row.id, (1 << 60) - 1 - position, digest)


@mutant(
    table.MemberTable,
    "change",
    _MEMBERSHIP + "view_suspicions.py::test_suspicion_leaves_the_gate_alone",
)
def suspects_are_a_difference(original: Any, self: Any, row: Any, claim: Claim, now: float) -> None:
    """A suspicion changes the hash of the table, and so begins exchanges."""
    original(self, row, claim, now)
    if row.state == SUSPECT:
        position, digest = self.fingerprint._rows[row.id]
        self.fingerprint.put(row.id, position, digest ^ 1)


@mutant(
    Exchange,
    "rest",
    _RECONCILE + "exchange.py::test_a_joiner_gets_everything_in_little_more_than_it_takes",
    State(groups=_OWNERS),
)
def each_answer_begins_anew(original: Any, self: Any, span: Span, position: Any) -> None:
    """The rest of a range is not asked for: everything is compared again."""


@mutant(
    VersionExchange,
    "on_content",
    _RECONCILE + "reconciler.py::test_the_sweep_finds_what_equal_versions_hide",
)
def contents_are_not_compared(original: Any, self: Any, content: Any, peer: Any) -> None:
    """Equal versions with different entries stay so."""


# What the search does not find


@mutant(
    Relays, "on_done", _COUNTERS + "relays.py::test_a_relay_that_waits_for_its_disk_is_no_holder"
)
def a_report_is_of_the_relay_too(original: Any, self: Any, done: Any, peer: Any) -> None:
    """A relay that reports on its branch is taken for a holder, though it confirmed nothing."""
    branch = self._branches.get(done.number)
    if branch is not None and branch.relay.address == peer.source:
        self._confirmed(branch.relay)
    original(self, done, peer)


@mutant(
    table.MemberTable, "make_room", _MEMBERSHIP + "table.py::test_the_oldest_gone_row_makes_room"
)
def newcomers_always_find_room(original: Any, self: Any, claim: Claim) -> bool:
    """A full table forgets the row that comes first, however old the new one is."""
    first = next(iter(self.gone.values()), None)
    if first is not None:
        self._drop(first)
    return first is not None


@mutant(writes.Writes, "_confirm", _COUNTERS + "pushes.py::test_a_confirm_says_what_is_vouched_for")
def confirms_vouch_for_gaps(original: Any, self: Any, number: int, owner: bytes, to: Any) -> None:
    """A confirm says the newest version that is here, whatever is missing before it."""
    self._outbox.send(to, writes.Confirm(number, owner, self._ledger.newest(owner)))


@mutant(Ledger, "apply", _COUNTERS + "ledger.py::test_a_gap_is_not_vouched_for")
def gaps_are_vouched_for(original: Any, self: Ledger, group: Group) -> bool:
    """A group that begins beyond a gap raises the version that this node vouches for."""
    return original(self, Group(group.owner, 0, group.upto, group.entries))


@mutant(Ledger, "apply", _COUNTERS + "ledger.py::test_a_gap_is_not_vouched_for")
def what_lies_beyond_a_gap_is_dropped(original: Any, self: Ledger, group: Group) -> bool:
    """Entries beyond a gap do not count until the gap is filled."""
    return group.since <= self.have(group.owner) and original(self, group)


@mutant(
    OwnerLog,
    "group",
    _COUNTERS + "ledger.py::test_a_cut_delta_does_not_vouch_for_what_it_left_out",
)
def a_cut_vouches_for_what_is_before_it(
    original: Any, self: OwnerLog, owner: bytes, since: int, budget: int
) -> tuple[Group | None, bool]:
    """A group that was cut vouches up to its last entry, whatever is left out before that."""
    group, whole = original(self, owner, since, budget)
    if group is not None and not whole:
        upto = max(since, min(self.have, last_version(group)))
        group = structs.replace(group, upto=upto)
    return group, whole


@mutant(Course, "follows", _COUNTERS + "courses.py::test_two_tellers_are_not_joined")
def pieces_of_two_tellers_are_joined(
    original: Any, self: Course, group: Group, told: Told, have: int
) -> bool:
    """The last piece of one node completes what another one has told."""
    return original(self, group, Told(self.teller, told.cut), have)


@mutant(OwnerLog, "hear", _COUNTERS + "courses.py::test_what_lies_beyond_a_gap_is_compared")
def what_lies_beyond_a_gap_is_not_compared(
    original: Any, self: OwnerLog, group: Group, told: Told
) -> bool:
    """Two nodes agree whose newest entry is the same, whatever else one lacks beyond a gap."""
    news = original(self, group, told)
    self.loose = 0
    return news


@mutant(
    writes.Writes,
    "_answer_followers",
    _COUNTERS + "writes.py::test_a_no_op_behind_a_failed_write_is_no_false_promise",
)
def followers_are_answered_whatever_came(original: Any, self: Any, sequence: int) -> None:
    """A sync that had nothing to do is answered as done, though what it relied on failed."""
    for command in self._followers.pop(sequence, ()):
        self._answers.done(command.level, command.ticket, self._ledger.value(command.name))


@mutant(
    writes.Writes,
    "increment",
    _COUNTERS + "writes.py::test_the_value_limit_refuses_an_increment",
)
def values_have_no_limit(original: Any, self: Any, name: str, asked: Any) -> None:
    """An increment counts beyond what JSON reads exactly."""
    with patch.object(writes, "VALUE_LIMIT", 1 << 60):
        original(self, name, asked)


@mutant(
    writes.Writes,
    "sync",
    _COUNTERS + "writes.py::test_the_floor_limit_refuses_a_sync_and_no_increment",
)
def floors_have_no_limit(original: Any, self: Any, *arguments: Any) -> None:
    """A counter is raised as often as anybody likes, whatever memory that takes."""
    with patch.object(writes, "FLOOR_LIMIT", 1 << 60):
        original(self, *arguments)


@mutant(
    writes.Writes,
    "merge",
    _COUNTERS + "writes.py::test_what_waits_for_a_stalled_disk_is_bounded",
)
def all_that_is_told_waits_for_the_disk(original: Any, self: Any, *arguments: Any) -> Any:
    """Peers fill the memory of a node whose disk has stalled."""
    with patch.object(writes, "MOST_TOLD", 1 << 60):
        return original(self, *arguments)
