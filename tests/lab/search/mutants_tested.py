"""Mutants that a test of the protocol finds: rules of cost, of timing, and of single answers."""

from __future__ import annotations

from typing import Any

from gossipd.protocol import runtime
from gossipd.protocol.handshake import Handshake
from gossipd.protocol.inbox import Inbox
from gossipd.protocol.keeping import Keeping
from gossipd.protocol.leaky_bucket import LeakyBucket
from gossipd.protocol.membership import (
    challenges,
    contacts,
    discovery,
    echoes,
    gossip,
    own_word,
    piggyback,
    proof,
    suspicion,
    table,
    view,
)
from gossipd.protocol.wire import Claim
from tests.lab.search.mutants import tested_mutant as mutant

_MEMBERSHIP = "protocol/membership/test_"
_COUNTERS = "protocol/counters/test_"
_RECONCILE = "protocol/reconcile/test_"

# The member table and its view


@mutant(
    own_word.OwnWord, "refute", _MEMBERSHIP + "own_word.py::test_a_node_that_leaves_refutes_nothing"
)
def a_leaving_node_refutes(original: Any, self: Any, claim: Claim) -> bool:
    """A node that leaves contradicts who says that it left."""
    self.leaving = False
    return original(self, claim)


@mutant(
    own_word.OwnWord,
    "_may_raise",
    _MEMBERSHIP + "own_word.py::test_two_processes_of_one_id_do_not_outbid_each_other",
)
def generations_are_raised_without_limit(original: Any, self: Any) -> bool:
    """Two processes under one id outbid each other for ever."""
    return True


@mutant(view.View, "_confirm", _MEMBERSHIP + "view_suspicions.py::test_a_confirmation_is_passed_on")
def confirmations_stay_here(original: Any, self: Any, *arguments: Any) -> None:
    """A confirmation shortens nothing and is told to nobody."""


@mutant(
    view.View, "paused", _MEMBERSHIP + "view_suspicions.py::test_a_confirmation_takes_no_pause_back"
)
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


@mutant(
    suspicion.Suspicion,
    "warned",
    _MEMBERSHIP + "view_suspicions.py::test_the_dead_of_a_merged_table_warn_nobody_for_long",
)
def any_suspicion_is_a_warning(original: Any, self: Any, *arguments: Any) -> bool:
    """A verdict is believed as soon as the member is suspect, though it had no time to refute."""
    return True


@mutant(
    suspicion.Suspicion,
    "convict",
    _MEMBERSHIP + "view_suspicions.py::test_an_unexpected_verdict_is_a_suspicion",
    1,
)
def unexpected_verdicts_are_one_accuser(original: Any, self: Any) -> None:
    """A node that missed the suspicion waits for as long as if nobody had come to a verdict."""


@mutant(
    Keeping,
    "_restore_row",
    "protocol/test_keeping.py::test_a_store_of_more_members_than_the_limit_is_read_to_it",
    1,
)
def restored_tables_have_no_limit(
    original: Any, self: Any, claim: Claim, since: int | None, removed: bool
) -> None:
    """A node that starts with more rows than its limit keeps them all, unlike the others."""
    self._table.set_removed(self._table.add(claim, 0.0), removed)


# Pauses


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
def everybody_is_believed(original: Any, self: Any, peer: Any) -> bool:
    """No sender has to show that it is at its address."""
    return True


@mutant(
    challenges.Challenges,
    "_reply",
    _MEMBERSHIP + "challenges.py::test_what_was_sent_back_counts_against_the_budget",
)
def replies_cost_nothing(original: Any, self: Any, peer: Any, *messages: Any) -> None:
    """A stranger may be sent more bytes than it sent."""
    self._outbox.send(peer.source, *messages)


@mutant(
    challenges.Challenges,
    "challenge",
    _MEMBERSHIP + "challenges.py::test_an_outdated_process_is_sent_its_row",
)
def the_outdated_are_challenged(original: Any, self: Any, peer: Any, number: int = 0) -> None:
    """A process that started under an old clock is not told of its later generation."""
    challenge = self._echoes.challenge(peer)
    self._outbox.send(peer.source, challenges.Ack(number, challenge=challenge))


@mutant(
    challenges.Challenges,
    "echoed",
    "sim/test_clocks.py::test_each_side_says_it_after_restarts_at_any_moment",
    0,
)
def clocks_are_not_told(original: Any, self: Any, peer: Any) -> None:
    """A node tells nobody its clock."""


@mutant(
    Handshake, "on_ping", "protocol/test_handshake.py::test_a_ping_for_another_id_is_not_answered"
)
def any_ping_is_answered(original: Any, self: Any, ping: Any, peer: Any) -> None:
    """A node answers pings that are meant for another one."""
    original(self, type(ping)(ping.number, "", ping.members, ping.counters), peer)


@mutant(
    proof.Proof,
    "vouched_for",
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


@mutant(LeakyBucket, "take", _MEMBERSHIP + "discovery.py::test_answers_are_limited")
def beacons_are_answered_without_limit(original: Any, self: Any, now: float) -> bool:
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
