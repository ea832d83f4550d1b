"""Mutants of failure detection that a test of the protocol finds."""

from __future__ import annotations

from typing import Any

from gossipd.protocol.membership import awareness, detector, echoes, looks, relays, suspicion, view
from gossipd.protocol.wire import DEAD, REFUSED, SUSPECT, Claim
from tests.lab.search.mutants import tested_mutant as mutant

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


@mutant(looks.Look, "hear", _MEMBERSHIP + "detector.py::test_a_nack_counts_once")
def nacks_count_each_time(original: Any, self: Any, nack: Any, relay: Any) -> bool:
    """A nack that comes twice counts twice."""
    self.nacks.append(relay)
    return True


# Refusals


@mutant(
    echoes.Sent,
    "is_quoted",
    _MEMBERSHIP + "detector.py::test_only_what_repeats_a_ping_of_ours_is_a_refusal",
    "another ping",
)
def any_refusal_is_believed(original: Any, self: Any, quoted: bytes) -> bool:
    """Whoever knows an address can make a member's machine refuse pings."""
    return True


@mutant(
    looks.Look,
    "shows_gone",
    _MEMBERSHIP + "detector.py::test_one_relay_that_is_refused_as_well_ends_nothing",
)
def one_relay_is_enough(original: Any, self: Any, others: int) -> bool:
    """A firewall between two pairs of machines ends a member."""
    return bool(self.refused and self.refused_by)


@mutant(
    looks.Look,
    "shows_gone",
    _MEMBERSHIP + "detector.py::test_without_a_third_node_a_refusal_is_silence",
)
def a_refusal_needs_no_relay(original: Any, self: Any, others: int) -> bool:
    """Two nodes between which a firewall stands declare each other dead."""
    return bool(self.refused)


@mutant(
    detector.Detector,
    "_look_again",
    _MEMBERSHIP + "detector.py::test_a_second_look_that_does_not_agree_ends_nothing",
    "silence",
)
def one_look_is_enough(original: Any, self: Any, probe: Any) -> None:
    """A process that starts again at once is declared dead."""
    self._view.declare_dead(probe.row, *probe.claimed, REFUSED)


@mutant(
    view.View,
    "declare_dead",
    _MEMBERSHIP + "detector.py::test_who_refuted_meanwhile_is_not_dead",
)
def refuted_doubts_end_in_verdicts(
    original: Any, self: Any, row: Any, generation: int, incarnation: int, *evidence: int
) -> None:
    """A verdict falls on what the member has become since the first look."""
    claim = Claim(row.id, row.generation, row.incarnation, DEAD, self._table.own.id)
    self._change(row, claim)


@mutant(detector.Detector, "refusal", _MEMBERSHIP + "detector.py::test_a_refused_relay_is_replaced")
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
