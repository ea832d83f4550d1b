"""Mutants that a test of the protocol finds: limits, waits, and what is drawn by chance.

Each breaks a rule of docs/protocol.md; they come in its order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from unittest.mock import patch

import attrs

from gossipd.protocol import runtime
from gossipd.protocol.counters import answers, holdings, pushes
from gossipd.protocol.handshake import Handshake
from gossipd.protocol.leaky_bucket import LeakyBucket
from gossipd.protocol.membership import (
    awareness,
    clocks,
    contacts,
    detector,
    discovery,
    echoes,
    leaving,
    own_word,
    piggyback,
    seeds,
    suspicion,
    table,
    view,
)
from gossipd.protocol.membership.peer import Peer
from gossipd.protocol.wire import ALIVE, LARGEST, LEFT, Beacon, Claim, Sender, codec
from tests.lab.search.mutants import tested_mutant as mutant
from tests.protocol.conversation import WALL_MS, datagram

_MEMBERSHIP = "protocol/membership/test_"
_COUNTERS = "protocol/counters/test_"
_NUMBERS = count(1)
_LOOPBACK = datagram(Sender("127.0.0.1:8088", WALL_MS, 0, 5), Beacon(padding=bytes(128)))


class _Fits(int):
    """A check sum that never differs from another."""

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = int.__hash__


@contextmanager
def _set(part: Any, **settings: Any) -> Iterator[None]:
    """Lets a part run under other settings."""
    with patch.object(part._runtime, "config", attrs.evolve(part._runtime.config, **settings)):
        yield


# 1. Nodes, ids, generations


@mutant(
    own_word.OwnWord,
    "_may_raise",
    _MEMBERSHIP
    + "own_word.py::test_what_another_process_of_our_id_said_last_does_not_exclude_us_for_good",
)
def raises_never_come_back(original: Any, self: Any) -> bool:
    """A node whose id was taken by another process three times never comes back."""
    self._raised_at = self._runtime.now
    return original(self)


@mutant(
    view, "usable_id", _MEMBERSHIP + "view.py::test_an_id_that_is_no_address_is_rejected", "x" * 270
)
def any_text_is_an_id(original: Any, text: str) -> bool:
    """Ids that no node can have are taken."""
    return True


@mutant(
    own_word,
    "above",
    _MEMBERSHIP + "own_word.py::test_a_member_goes_above_whatever_is_said_of_it",
    LARGEST,
    LARGEST - 1,
    ALIVE,
)
def numbers_grow_beyond_messages(
    original: Any, claim: Claim, *, generation: bool = False
) -> tuple[int, int]:
    """A node goes above a claim by a number that no message can bring."""
    return (claim.generation + 1, 0) if generation else (claim.generation, claim.incarnation + 1)


@mutant(
    clocks.Clocks,
    "on_clock",
    _MEMBERSHIP + "clocks.py::test_clocks_that_nearly_agree_are_not_mentioned",
)
def small_differences_of_clocks_are_said(original: Any, self: Any, clock: Any, peer: Any) -> None:
    """Clocks that differ by less than a minute are logged."""
    with patch.object(clocks, "_DIFFERS_MS", 1000):
        original(self, clock, peer)


# 2. Datagrams


@mutant(codec, "crc32", "protocol/wire/test_codec.py::test_every_change_of_a_byte_is_refused")
def nothing_is_checked(original: Any, *arguments: Any) -> int:
    """A damaged datagram is read like any other."""
    return _Fits()


@mutant(echoes.Echoes, "ping", _MEMBERSHIP + "echoes.py::test_numbers_are_not_in_sequence")
def pings_are_counted(original: Any, self: Any, sent: Any, padding: bytes = b"") -> Any:
    """The number of the next ping can be guessed."""
    with patch.object(self._runtime.rng, "getrandbits", lambda bits: next(_NUMBERS)):
        return original(self, sent, padding)


# 3. Failure detection


@mutant(table.MemberTable, "next_probe", _MEMBERSHIP + "table.py::test_rounds_are_shuffled")
def rounds_are_all_alike(original: Any, self: Any) -> Any:
    """Members are probed in the same order in each round."""
    with patch.object(self._rng, "shuffle", lambda rows: None):
        return original(self)


@mutant(
    detector.Detector,
    "_ask_others",
    _MEMBERSHIP + "detector.py::test_silence_asks_relays_and_the_target_again",
)
def nobody_is_pinged_twice(original: Any, self: Any, probe: Any) -> None:
    """A silent member is not pinged directly once more."""
    self._config = attrs.evolve(self._config, second_ping=False)
    original(self, probe)


@mutant(
    echoes.Sent,
    "no_sample",
    _MEMBERSHIP + "echoes.py::test_round_trips_that_span_a_pause_are_no_samples",
)
def all_round_trips_are_samples(original: Any, self: Any) -> None:
    """Round trips are measured that show more than the network."""


@mutant(
    echoes.RoundTrip,
    "add",
    _MEMBERSHIP + "echoes.py::test_round_trips_are_smoothed",
    [0.1, 0.2],
    0.1125 + 4 * 0.0625,
)
def the_first_round_trip_is_kept(original: Any, self: Any, sample: float) -> None:
    """Time-outs do not follow what is measured later."""


@mutant(
    awareness.Awareness,
    "scale",
    _MEMBERSHIP + "awareness.py::test_timeouts_grow_with_the_score",
    3,
    2.0,
)
def local_health_lengthens_nothing(original: Any, self: Any, seconds: float) -> float:
    """A node that knows of its own bad health is as impatient as ever."""
    return seconds


@mutant(
    runtime.Runtime,
    "_forgive",
    "protocol/test_node.py::test_pauses_are_forgiven_up_to_a_credit_that_grows_back",
)
def lateness_is_always_forgiven(original: Any, self: Any, late: float) -> bool:
    """A process that is always late never finds anybody dead."""
    return True


@mutant(
    suspicion,
    "suspicion_timeout",
    _MEMBERSHIP + "view_suspicions.py::test_only_independent_confirmations_shorten_a_suspicion",
    [3],
    [],
    18.0,
)
def accusers_need_no_confirmation(original: Any, config: Any, members: int, _: int) -> float:
    """A suspicion lasts as short as it can, though nobody has confirmed it."""
    return suspicion.shortest_suspicion(config, members)


@mutant(
    suspicion,
    "shortest_suspicion",
    _MEMBERSHIP + "suspicion.py::test_timeout_follows_the_formula",
    100,
    3,
    6.0,
)
def suspicions_do_not_grow(original: Any, config: Any, members: int) -> float:
    """A suspicion lasts no longer in a large cluster."""
    return original(config, 1)


# 4. Gossip of claims


@mutant(
    piggyback.PiggybackQueue,
    "_sent",
    _MEMBERSHIP + "piggyback.py::test_fewest_sends_come_first",
)
def what_was_sent_goes_first_again(original: Any, self: Any, *arguments: Any) -> None:
    """Claims keep their place in the queue when they are sent."""


@mutant(
    piggyback.PiggybackQueue, "put", _MEMBERSHIP + "piggyback.py::test_newer_claim_replaces_older"
)
def older_claims_stay_queued(
    original: Any, self: Any, claim: Claim, *, first: bool = False
) -> None:
    """A newer claim about a member waits until the older one was sent often enough."""
    if claim.id not in self._level_of:
        original(self, claim, first=first)


# 5. Anti-entropy


@mutant(
    table.MemberTable,
    "set_removed",
    _MEMBERSHIP + "table.py::test_removed_rows_stay_in_the_hash",
)
def removed_rows_leave_the_hash(original: Any, self: Any, row: Any, removed: bool) -> None:
    """What one node is told to ignore makes its table differ from others."""
    original(self, row, removed)
    if removed:
        self.fingerprint.drop(row.id)


@mutant(seeds.SeedWatch, "_look", _MEMBERSHIP + "seeds.py::test_a_silent_seed_is_reported", 5.1, 1)
def silent_seeds_are_not_reported(original: Any, self: Any) -> None:
    """A seed that leads to nobody is nowhere to be seen."""


@mutant(LeakyBucket, "take", "protocol/test_foreign.py::test_answers_are_limited")
def strangers_are_answered_without_limit(original: Any, self: Any, now: float) -> bool:
    """However many datagrams of other clusters come, each is answered."""
    return True


# 6. The counter


@mutant(
    pushes.Pushes,
    "push",
    _COUNTERS + "pushes.py::test_one_push_is_under_way_for_each_peer",
)
def pushes_do_not_wait(original: Any, self: Any) -> None:
    """Each write is pushed at once, though the last push was not confirmed yet."""
    for row in self._table.live.values():
        self._holdings.of(row).ended()
    original(self)


@mutant(holdings.Holding, "tried", _COUNTERS + "pushes.py::test_retries_become_seldom")
def retries_stay_frequent(original: Any, self: Any, most: int) -> None:
    """A peer that does not answer is sent the same push for ever at the same pace."""


@mutant(answers.Answers, "level", _COUNTERS + "answers.py::test_the_default_follows_the_size", 2, 2)
def the_default_is_always_all(original: Any, self: Any, ack: str | None) -> str:
    """Without a choice, all are waited for, however many they are."""
    return ack or "all"


# 7. Discovery


@mutant(
    discovery.Discovery,
    "_send_beacon",
    _MEMBERSHIP + "discovery.py::test_beacons_come_quickly_and_then_seldom",
)
def beacons_stay_frequent(original: Any, self: Any) -> None:
    """Beacons come at the first pace for ever."""
    original(self)
    self._wait = self._runtime.config.beacon_interval_min


@mutant(
    discovery.Discovery, "_answer", _MEMBERSHIP + "discovery.py::test_many_nodes_give_few_answers"
)
def everybody_answers_a_beacon(original: Any, self: Any, peer: Any) -> None:
    """All nodes that hear a beacon answer it."""
    with _set(self, beacon_answers=1 << 20):
        original(self, peer)


@mutant(
    discovery.Discovery,
    "_answer",
    _MEMBERSHIP + "discovery.py::test_a_beacon_without_padding_gets_no_answer",
)
def short_beacons_are_answered(original: Any, self: Any, peer: Any) -> None:
    """The answer to a beacon may be larger than the beacon."""
    original(self, Peer(peer.source, peer.sender, 1 << 20))


@mutant(
    discovery.Discovery,
    "_reachable",
    _MEMBERSHIP + "discovery.py::test_beacons_that_are_nobodys_are_ignored",
    _LOOPBACK,
)
def every_id_is_a_machine(original: Any, self: Any, member: str) -> bool:
    """A beacon is answered to an id that means another machine to each machine."""
    return True


# 8. Registering, removing, leaving


@mutant(
    contacts.Contacts,
    "register",
    _MEMBERSHIP + "contacts.py::test_silent_registrations_are_limited",
)
def any_number_may_be_silent(original: Any, self: Any, text: str) -> None:
    """Registered names that do not answer are kept in any number."""
    with _set(self, register_limit=1 << 20):
        original(self, text)


@mutant(
    contacts.Contacts,
    "_try_registered",
    _MEMBERSHIP + "contacts.py::test_a_silent_registered_peer_is_dropped",
    5.1,
    False,
)
def registered_names_stay(original: Any, self: Any, name: str) -> None:
    """A registered name is listed for ever, though nobody answers."""
    self.registered[name].deadline = math.inf
    original(self, name)


@mutant(
    leaving.Leaving,
    "_next_told",
    _MEMBERSHIP + "leaving.py::test_others_are_told_in_place_of_peers_that_leave",
)
def the_same_peers_are_told_again(original: Any, self: Any) -> Any:
    """A node that leaves tells the peers it drew first, though they leave as well."""
    rows = original(self)
    asked = [self._table.rows[member] for member in self._asked]
    return asked or rows


@mutant(
    Handshake,
    "on_ping",
    _MEMBERSHIP + "leaving.py::test_a_peer_that_leaves_answers_by_its_own_claim",
)
def who_leaves_acks_who_left(original: Any, self: Any, ping: Any, peer: Any) -> None:
    """A node that leaves counts for others as one that stays and knows of their leave."""
    if peer.met is not None and peer.met.state == LEFT:
        self._gossip.send(peer.source, peer.met, self._echoes.ack(ping))
    else:
        original(self, ping, peer)
