"""Mutants that a test of the protocol finds: rules of cost, of timing, and of single answers."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from gossipd.protocol import runtime
from gossipd.protocol.counters import answers, pushes, relays, writes
from gossipd.protocol.counters.holdings import Holding, Holdings
from gossipd.protocol.counters.ledger import Ledger
from gossipd.protocol.counters.relays import Relays
from gossipd.protocol.handshake import Handshake
from gossipd.protocol.inbox import Inbox
from gossipd.protocol.membership import (
    awareness,
    challenges,
    contacts,
    detector,
    discovery,
    echoes,
    gossip,
    piggyback,
    suspicion,
    table,
    view,
)
from gossipd.protocol.reconcile import VersionExchange
from gossipd.protocol.reconcile.exchange import Exchange
from gossipd.protocol.wire import SUSPECT, Claim, Group, Span
from tests.lab.search.mutants import tested_mutant as mutant
from tests.protocol.reconcile.test_exchange import STATES

_MEMBERSHIP = "protocol/membership/test_"
_COUNTERS = "protocol/counters/test_"
_RECONCILE = "protocol/reconcile/test_"

# The member table and its view


@mutant(view.View, "_about_us", _MEMBERSHIP + "view.py::test_a_node_that_leaves_refutes_nothing")
def a_leaving_node_refutes(original: Any, self: Any, claim: Claim) -> bool:
    """A node that leaves contradicts who says that it left."""
    self.leaving = False
    return original(self, claim)


@mutant(
    view.View,
    "_may_raise",
    _MEMBERSHIP + "view.py::test_two_processes_of_one_id_do_not_outbid_each_other",
)
def generations_are_raised_without_limit(original: Any, self: Any) -> bool:
    """Two processes under one id outbid each other for ever."""
    return True


@mutant(
    view.View,
    "_acceptable",
    "protocol/test_inbox.py::test_generations_of_the_far_future_are_refused",
)
def any_generation_is_taken(original: Any, self: Any, claim: Claim) -> bool:
    """A claim of the far future wins over all that the member says of itself later."""
    return True


@mutant(view.View, "_confirm", _MEMBERSHIP + "view.py::test_a_confirmation_is_passed_on")
def confirmations_stay_here(original: Any, self: Any, *arguments: Any) -> None:
    """A confirmation shortens nothing and is told to nobody."""


@mutant(view.View, "paused", _MEMBERSHIP + "view.py::test_a_confirmation_takes_no_pause_back")
def pauses_shorten_suspicions(original: Any, self: Any, seconds: float) -> None:
    """A suspect has no more time to refute after a pause of the node that suspects it."""


@mutant(
    view.View,
    "move",
    "protocol/test_node_move.py::test_the_others_see_the_old_id_leave_and_the_new_one_join",
)
def who_moves_says_nothing_of_its_old_id(original: Any, self: Any, node_id: str) -> None:
    """The old id is left to be found dead."""
    own = self._table.own.id
    original(self, node_id)
    self._table.rows.pop(own, None)
    self._gossip.drop(own)


@mutant(table.MemberTable, "next_probe", _MEMBERSHIP + "table.py::test_probes_go_round")
def probes_are_drawn(original: Any, self: Any) -> Any:
    """Each probe goes to a member drawn by chance, instead of round-robin."""
    rows = self.sample(1)
    return rows[0] if rows else None


@mutant(table.MemberTable, "make_room", _MEMBERSHIP + "table.py::test_live_rows_make_no_room")
def live_rows_make_room(original: Any, self: Any, claim: Claim) -> bool:
    """A full table forgets live members."""
    if not original(self, claim) and self.live:
        self._drop(next(iter(self.live.values())))
    return True


@mutant(
    suspicion.Suspicion,
    "confirm",
    _MEMBERSHIP + "suspicion.py::test_confirmations_are_independent",
    ["a", "a"],
    3,
    0,
)
def one_accuser_confirms_itself(original: Any, self: Any, accuser: str, limit: int) -> bool:
    """The same accuser confirms again and again."""
    self.accusers.append(accuser)
    return True


# Detection


@mutant(
    detector.Detector,
    "_ask_others",
    _MEMBERSHIP + "detector.py::test_silence_asks_relays_and_the_target_again",
)
def nobody_else_is_asked(original: Any, self: Any) -> None:
    """A silent member is suspected without indirect probes."""


@mutant(
    detector.Detector, "_on_relay_ack", _MEMBERSHIP + "detector.py::test_a_relay_passes_the_ack_on"
)
def relays_keep_acks(original: Any, self: Any, ack: Any, sent: Any, peer: Any) -> None:
    """A relay passes no ack on."""


@mutant(
    detector.Detector,
    "_nack",
    _MEMBERSHIP + "detector.py::test_a_relay_nacks_before_the_patience_ends",
)
def relays_send_no_nacks(original: Any, self: Any, *arguments: Any, **keywords: Any) -> None:
    """A relay says nothing of a target that does not answer."""


@mutant(detector.Detector, "on_nack", _MEMBERSHIP + "detector.py::test_a_nack_counts_once")
def nacks_count_each_time(original: Any, self: Any, nack: Any, peer: Any) -> None:
    """A nack that comes twice counts twice."""
    probe = self._probe
    if probe is not None and probe.number == nack.number:
        probe.nacks.append(peer.source)


@mutant(
    awareness.Awareness, "change", _MEMBERSHIP + "detector.py::test_missing_nacks_cost_health", 0, 3
)
def local_health_never_changes(original: Any, self: Any, *arguments: Any) -> None:
    """A node always takes itself for healthy."""


@mutant(
    runtime.Runtime,
    "advance",
    "protocol/test_node.py::test_one_pause_is_accounted_once",
)
def pauses_are_not_noticed(original: Any, self: Any, now: float) -> None:
    """Deadlines are not moved by a pause of the process."""
    self.now = now


@mutant(
    echoes.Echoes,
    "paused",
    _MEMBERSHIP + "echoes.py::test_round_trips_that_span_a_pause_are_no_samples",
)
def pauses_are_measured(original: Any, self: Any, seconds: float) -> None:
    """A round trip that spans a pause counts as slow."""


# Strangers, contacts and discovery


@mutant(
    echoes.Echoes,
    "verified",
    _MEMBERSHIP + "echoes.py::test_an_echo_is_of_one_process_at_one_address",
)
def everybody_is_believed(original: Any, self: Any, source: Any, sender: Any) -> bool:
    """No sender has to show that it is at its address."""
    return True


@mutant(
    challenges.Challenges,
    "reply",
    _MEMBERSHIP + "challenges.py::test_what_was_sent_back_counts_against_the_budget",
)
def replies_cost_nothing(original: Any, self: Any, peer: Any, ack: Any) -> None:
    """A stranger may be sent more bytes than it sent."""
    self._outbox.send(peer.source, ack)


@mutant(
    challenges.Challenges,
    "challenge",
    _MEMBERSHIP + "challenges.py::test_an_outdated_process_is_sent_its_row",
)
def the_outdated_are_challenged(original: Any, self: Any, peer: Any, number: int = 0) -> None:
    """A process that started under an old clock is not told of its later generation."""
    challenge = self._echoes.challenge(peer.source, peer.sender)
    self._outbox.send(peer.source, challenges.Ack(number, challenge=challenge))


@mutant(
    Handshake, "on_ping", "protocol/test_handshake.py::test_a_ping_for_another_id_is_not_answered"
)
def any_ping_is_answered(original: Any, self: Any, ping: Any, peer: Any) -> None:
    """A node answers pings that are meant for another one."""
    original(self, type(ping)(ping.number, "", ping.members, ping.counters), peer)


@mutant(
    Handshake,
    "_vouched_for",
    "protocol/test_handshake.py::test_a_member_that_others_vouch_for_may_speak_at_once",
)
def nobody_is_vouched_for(original: Any, self: Any, peer: Any) -> None:
    """A restarted node is not heard before it has echoed a number, whatever others tell of it."""


@mutant(
    Inbox,
    "_admitted",
    "protocol/test_inbox.py::test_two_processes_under_one_id_are_reported_once_a_minute",
)
def the_own_id_is_anybody(original: Any, self: Any, *arguments: Any) -> bool:
    """A second process under the own id is heard like any peer."""
    return True


@mutant(
    contacts.Contacts,
    "reached_self",
    _MEMBERSHIP + "contacts.py::test_a_node_that_reaches_itself_drops_the_address",
)
def own_addresses_are_tried_on(original: Any, self: Any, number: int) -> None:
    """A node that reached itself tries that address again."""


@mutant(
    contacts.Contacts,
    "remember",
    _MEMBERSHIP + "contacts_retries.py::test_members_of_an_earlier_run_are_tried_at_start",
)
def earlier_members_are_not_tried(original: Any, self: Any, claim: Claim) -> None:
    """A process does not look for the members that the one before it knew."""


@mutant(
    contacts.Contacts,
    "_try_seed",
    _MEMBERSHIP + "contacts.py::test_a_seed_that_is_no_member_is_tried_on_and_on",
)
def seeds_are_tried_once(original: Any, self: Any, name: str) -> None:
    """A seed that does not answer at once is given up."""
    original(self, name)
    self._runtime.timers.cancel(("seed", name))


@mutant(
    discovery.Discovery, "_within_limit", _MEMBERSHIP + "discovery.py::test_answers_are_limited"
)
def beacons_are_answered_without_limit(original: Any, self: Any) -> bool:
    """However many beacons come, each is answered."""
    return True


@mutant(
    discovery.Discovery,
    "_known",
    _MEMBERSHIP + "discovery.py::test_the_beacon_of_a_known_member_costs_nothing",
)
def known_members_are_answered(original: Any, self: Any, sender: Any) -> bool:
    """The beacon of a member is answered like a stranger's."""
    return False


@mutant(
    discovery.Discovery, "stop", _MEMBERSHIP + "discovery.py::test_a_node_that_leaves_is_silent"
)
def beacons_go_on_while_leaving(original: Any, self: Any) -> None:
    """A node that leaves still looks for others."""


# Gossip and leaving


@mutant(
    gossip.Gossip, "tell", _MEMBERSHIP + "gossip.py::test_news_reaches_everybody_without_probes"
)
def claims_wait_for_a_ride(original: Any, self: Any, claim: Claim, *, first: bool = False) -> None:
    """Claims ride on other datagrams, and have no rounds of their own."""
    self._queue.put(claim, first=first)


@mutant(gossip.Gossip, "_claims_for", _MEMBERSHIP + "gossip.py::test_the_dead_are_always_told")
def nobody_hears_of_itself(original: Any, self: Any, row: Any, budget: int) -> Any:
    """A suspect or dead member is not told what is said of it."""
    return original(self, None, budget)


@mutant(
    piggyback.PiggybackQueue, "put", _MEMBERSHIP + "piggyback.py::test_own_refutation_comes_first"
)
def refutations_wait_their_turn(
    original: Any, self: Any, claim: Claim, *, first: bool = False
) -> None:
    """What a node says of itself is sent after all else."""
    original(self, claim)


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


@mutant(answers.Answers, "_target", _COUNTERS + "answers.py::test_the_dead_count_for_a_majority")
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


@mutant(table.MemberTable, "change", _MEMBERSHIP + "view.py::test_suspicion_leaves_the_gate_alone")
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
    STATES[1][1],
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
    writes.Writes,
    "_answer_followers",
    _COUNTERS + "writes.py::test_a_no_op_behind_a_failed_write_is_no_false_promise",
)
def followers_are_answered_whatever_came(original: Any, self: Any, sequence: int) -> None:
    """A sync that had nothing to do is answered as done, though what it relied on failed."""
    for command in self._followers.pop(sequence, ()):
        self._answers.done(command.level, command.ticket, self._ledger.value(command.name))
