"""Mutants of failure detection that a test of the protocol finds."""

from __future__ import annotations

from itertools import count
from typing import Any

from gossipd.protocol.membership import (
    awareness,
    detector,
    echoes,
    gossip,
    looks,
    relays,
    silences,
    suspicion,
    suspicions,
    timetable,
    view,
)
from gossipd.protocol.wire import DEAD, REFUSED, SUSPECT, Claim
from tests.lab.search.mutants import tested_mutant as mutant

_PHASES = count(1)
_MEMBERSHIP = "protocol/membership/test_"

# Probes


@mutant(
    detector.Detector,
    "_ask_others",
    _MEMBERSHIP + "detector.py::test_silence_asks_relays_and_the_target_again",
)
def nobody_else_is_asked(original: Any, self: Any, probe: Any) -> None:
    """A silent member is suspected without indirect probes."""


@mutant(relays.Relays, "_on_ack", _MEMBERSHIP + "relays.py::test_a_relay_passes_the_ack_on")
def relays_keep_acks(original: Any, self: Any, ack: Any, sent: Any, peer: Any) -> None:
    """A relay passes no ack on."""


@mutant(
    relays.Relays,
    "_nack",
    _MEMBERSHIP + "relays.py::test_a_relay_nacks_before_the_patience_ends",
)
def relays_send_no_nacks(original: Any, self: Any, *arguments: Any, **keywords: Any) -> None:
    """A relay says nothing of a target that does not answer."""


@mutant(looks.Look, "hear", _MEMBERSHIP + "looks.py::test_a_relay_is_heard_once_and_only_if_asked")
def nacks_count_each_time(original: Any, self: Any, nack: Any, relay: Any) -> bool:
    """A nack that comes twice counts twice."""
    self.tried += nack.tried
    self.refused_by += nack.refused
    return True


# Refusals


@mutant(
    echoes.Sent,
    "is_quoted",
    _MEMBERSHIP + "detector_refusals.py::test_only_what_repeats_a_ping_of_ours_is_a_refusal",
    "another ping",
)
def any_refusal_is_believed(original: Any, self: Any, quoted: bytes) -> bool:
    """Whoever knows an address can make a member's machine refuse pings."""
    return True


@mutant(
    looks.Look,
    "shows_gone",
    _MEMBERSHIP + "detector_refusals.py::test_one_relay_that_is_refused_as_well_ends_nothing",
)
def one_relay_is_enough(original: Any, self: Any, others: int) -> bool:
    """A firewall between two pairs of machines ends a member."""
    return bool(self.refused and self.refused_by)


@mutant(
    looks.Look,
    "shows_gone",
    _MEMBERSHIP + "detector_refusals.py::test_without_a_third_node_a_refusal_is_silence",
)
def a_refusal_needs_no_relay(original: Any, self: Any, others: int) -> bool:
    """Two nodes between which a firewall stands declare each other dead."""
    return bool(self.refused)


@mutant(
    detector.Detector,
    "_look_again",
    _MEMBERSHIP + "detector_refusals.py::test_a_second_look_that_does_not_agree_ends_nothing",
    "silence",
)
def one_look_is_enough(original: Any, self: Any, probe: Any) -> None:
    """A process that starts again at once is declared dead."""
    self._view.declare_dead(probe.row, *probe.claimed, REFUSED)


@mutant(
    view.View,
    "declare_dead",
    _MEMBERSHIP + "detector_refusals.py::test_who_refuted_meanwhile_is_not_dead",
)
def refuted_doubts_end_in_verdicts(
    original: Any, self: Any, row: Any, generation: int, incarnation: int, *evidence: int
) -> None:
    """A verdict falls on what the member has become since the first look."""
    claim = Claim(row.id, row.generation, row.incarnation, DEAD, self._table.own.id)
    self._change(row, claim)


@mutant(
    detector.Detector,
    "refusal",
    _MEMBERSHIP + "detector_refusals.py::test_a_refused_relay_is_replaced",
)
def relays_that_are_gone_are_waited_for(original: Any, self: Any, *arguments: Any) -> bool:
    """Where many have ended at once, nobody is left to confirm it."""
    return False


@mutant(
    suspicion.Suspicion,
    "warned",
    _MEMBERSHIP + "view_suspicions.py::test_a_verdict_by_refusals_needs_a_warning",
    0.2,
    SUSPECT,
)
def verdicts_by_refusals_need_no_warning(
    original: Any, self: Any, *arguments: Any, refused: bool = False
) -> bool:
    """A member of which nobody said that it is suspect is dead at once."""
    return refused or original(self, *arguments)


@mutant(
    awareness.Awareness, "change", _MEMBERSHIP + "detector.py::test_missing_nacks_cost_health", 0, 3
)
def local_health_never_changes(original: Any, self: Any, *arguments: Any) -> None:
    """A node always takes itself for healthy."""


# The timetable, and what confirms a suspicion


@mutant(
    timetable.Ring,
    "target",
    _MEMBERSHIP + "timetable.py::test_each_is_probed_once_a_round_and_nobody_probes_itself",
    16,
)
def nodes_probe_at_their_own_distance(
    original: Any, self: Any, node: str, number: int
) -> str | None:
    """Each node chooses whom it probes by itself, so that some are probed twice and some not."""
    return original(self, node, number + len(node) + ord(node[-6]))


@mutant(
    timetable.Ring,
    "target",
    _MEMBERSHIP + "timetable.py::test_each_probes_every_other_one",
    16,
)
def neighbours_are_fixed(original: Any, self: Any, node: str, number: int) -> str | None:
    """Each node probes the same member in all rounds."""
    return original(self, node, 1)


@mutant(
    detector,
    "phase",
    _MEMBERSHIP + "detector.py::test_each_member_is_probed_once_an_interval",
    4,
)
def moments_are_drawn(original: Any, member: str) -> float:
    """A member is probed at another moment of each round."""
    return next(_PHASES) * 0.37 % 1.0


@mutant(
    view.View, "missed", _MEMBERSHIP + "suspicions.py::test_a_relay_that_tried_in_vain_confirms"
)
def relays_confirm_nothing(original: Any, self: Any, row: Any) -> None:
    """Only chance brings a second accuser."""


@mutant(view.View, "missed", _MEMBERSHIP + "suspicions.py::test_a_relay_raises_no_suspicion")
def relays_accuse(original: Any, self: Any, row: Any) -> None:
    """One lost ping of a relay makes a member suspect."""
    self.suspect(row)


@mutant(
    suspicions.Suspicions,
    "recovered",
    _MEMBERSHIP + "suspicions.py::test_who_came_back_late_is_waited_for",
    4.0,
    5.0,
)
def nothing_is_learned(original: Any, self: Any, row: Any) -> None:
    """A member that stands still now and then is declared dead each time."""


@mutant(silences.Silences, "longest", _MEMBERSHIP + "silences.py::test_silences_are_forgotten")
def silences_are_remembered(original: Any, self: Any, member: str, now: float) -> float:
    """A cluster that was slow once finds no dead member soon any more."""
    return max(seconds for seconds, _ in self._seen.values())


@mutant(
    gossip.Gossip,
    "tell_all",
    _MEMBERSHIP + "view_suspicions.py::test_the_first_accuser_tells_its_verdict_to_all",
    True,
    8,
)
def verdicts_spread_by_gossip(original: Any, self: Any, claim: Any) -> None:
    """A verdict takes its time."""
    self.tell(claim)


@mutant(
    looks.Look,
    "silent",
    _MEMBERSHIP + "looks.py::test_the_silence_of_a_relay_that_is_gone_is_nobodys_fault",
    SUSPECT,
)
def dead_relays_are_an_own_fault(original: Any, self: Any) -> int:
    """A node takes itself for cut off where half of the others have ended."""
    return len(self.asked) - len(self.nacks)


# Who hears nobody


@mutant(
    suspicions.Suspicions,
    "_is_deaf",
    "sim/test_detection.py::test_who_hears_nobody_makes_nobody_dead",
    1,
)
def nobody_blames_itself(original: Any, self: Any) -> bool:
    """A node whose datagrams wait declares members dead."""
    return False


@mutant(
    suspicions.Suspicions,
    "hear",
    "sim/test_detection.py::test_who_hears_nobody_makes_nobody_dead",
    1,
)
def hearing_again_forgives_nothing(original: Any, self: Any) -> None:
    """A node that hears others again ends its suspicions of others at once."""
    self._heard = self._runtime.now


@mutant(
    suspicions.Suspicions,
    "_begin_anew",
    "sim/test_detection.py::test_who_is_really_alone_learns_it",
)
def the_lonely_wait_for_ever(original: Any, self: Any, row: Any) -> bool:
    """A node that is alone never declares anybody dead."""
    self._open[row.id].begin_anew(self._runtime.now)
    self._arm(row)
    return True
