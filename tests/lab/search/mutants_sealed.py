"""Mutants of the rules about sealed datagrams: what was recorded counts for nothing."""

from __future__ import annotations

from typing import Any

from gossipd.protocol import handshake
from gossipd.protocol.membership import echoes, peer, sessions
from tests.lab.search.mutants import tested_mutant

_REPLAYS = "protocol/test_node_replays.py::"
_ECHOES = "protocol/membership/test_echoes.py::"


@tested_mutant(echoes.Echoes, "is_doubtful", _REPLAYS + "test_a_recorded_complaint_is_no_complaint")
def nothing_is_doubtful(original: Any, self: Any, peer: Any) -> bool:
    """Whoever has a row may speak before it has echoed a number in its session."""
    return False


@tested_mutant(sessions.Sessions, "prove", _ECHOES + "test_an_echo_is_of_one_session")
def no_session_is_known(original: Any, self: Any, seal: Any) -> bool:
    """A session is never proven."""
    return False


@tested_mutant(sessions.Sessions, "take", _REPLAYS + "test_a_running_node_takes_nothing_twice")
def everything_is_new(original: Any, self: Any, seal: Any) -> bool:
    """A datagram of a proven session counts as often as it comes."""
    return True


@tested_mutant(
    sessions.Window, "__init__", _ECHOES + "test_what_was_sealed_before_the_echo_counts_for_nothing"
)
def what_came_before_the_proof_counts(original: Any, self: Any, number: int) -> None:
    """Only the datagram that proved the session is used up."""
    original(self, number)
    self._seen = 1


@tested_mutant(peer.Peer, "__init__", _ECHOES + "test_what_was_sealed_for_another_is_not_believed")
def all_is_meant_for_us(
    original: Any, self: Any, source: Any, sender: Any, budget: int, seal: Any = None
) -> None:
    """What was recorded on its way to another node counts."""
    original(self, source, sender, budget, seal)
    self.meant = True


@tested_mutant(
    handshake.Handshake, "is_rival", _REPLAYS + "test_recorded_traffic_changes_nothing", False, 0
)
def the_own_past_is_a_rival(original: Any, self: Any, acks: Any, peer: Any) -> bool:
    """Former traffic of this node is reported as a second process."""
    return True


@tested_mutant(
    sessions.Sessions,
    "prove",
    _ECHOES + "test_what_proved_a_forgotten_session_does_not_prove_it_again",
)
def old_proofs_stay_good(original: Any, self: Any, seal: Any) -> bool:
    """The answer to a challenge of long ago proves a forgotten session."""
    original(self, seal)
    return False
