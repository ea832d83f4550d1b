"""Mutants of the rule that a node is alive once the address of its id has answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gossipd.protocol.leaky_bucket import LeakyBucket
from gossipd.protocol.membership import contacts, peer, proof
from gossipd.protocol.wire import Claim
from tests.lab.search.mutants import mutant, tested_mutant

_TESTS = "protocol/membership/test_proof.py::"


@mutant(proof.Proof, "_is_reached", "never answered", within=60)
def the_source_is_enough(original: Any, self: Any, peer: Any) -> bool:
    """A sender that is at its source is taken to be at the address of its id."""
    return True


@tested_mutant(
    peer.Peer, "believed", _TESTS + "test_a_claim_of_its_life_from_elsewhere_is_passed_over"
)
def claims_of_the_own_life_count(original: Any, self: Any, claims: Iterable[Claim]) -> list[Claim]:
    """What a node says from elsewhere brings it back, if it says so in a claim."""
    return list(claims)


@tested_mutant(
    LeakyBucket, "take", _TESTS + "test_all_such_addresses_together_are_pinged_seldom", 250
)
def any_number_of_addresses_is_pinged(original: Any, self: Any, now: float) -> bool:
    """Each stranger has its ping."""
    return True


@tested_mutant(
    proof._Asked, "due", _TESTS + "test_the_address_is_pinged_seldom_and_with_fewer_bytes"
)
def every_datagram_causes_a_ping(original: Any, self: Any, now: float) -> bool:
    """The address is pinged as often as the stranger likes."""
    return True


@tested_mutant(
    proof.Proof, "_answered", _TESTS + "test_an_address_that_answers_is_a_member_at_once"
)
def an_address_waits_for_ever(original: Any, self: Any, sender: Any) -> None:
    """What has answered is still waited for."""


@tested_mutant(
    contacts.Contacts,
    "knows",
    _TESTS + "test_only_a_contact_or_a_member_says_that_our_address_is_silent",
)
def anybody_says_that_our_address_is_silent(original: Any, self: Any, source: Any) -> bool:
    """A stranger fills the log."""
    return True
