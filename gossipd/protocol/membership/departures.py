"""Asks live members of which others say that they left: leaving is a member's own word.

    M --claim: X left--> A           A has X as alive
    A --claim, ping----> X           X says no by a larger incarnation, if it is there and stays
    A <--ack------------ X           with its own claim that it left, if it is about to end

The claim is believed once X says so itself, or answers nothing: who left and has ended answers no
more. It is passed on meanwhile, so that it spreads as fast as other claims.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..wire import Claim
from .gossip import Gossip
from .own_looks import OwnLooks
from .precedence import beats
from .table import Member


class Departures:
    """Holds the word of others that members left until these were asked."""

    def __init__(
        self, gossip: Gossip, looks: OwnLooks, believe: Callable[[Member, Claim], None]
    ) -> None:
        """Makes it; `believe` is called with each claim that nothing speaks against."""
        self._gossip = gossip
        self._looks = looks
        self._believe = believe
        self._held: dict[str, Claim] = {}

    def hold(self, row: Member, claim: Claim, merged_from: str) -> None:
        """Asks a live member, unless it is being asked, and keeps the claim for so long.

        Where there are too many looks the claim is dropped. Tables are compared until they agree,
        so it comes again.
        """
        held = self._held.get(claim.id)
        if held is not None:
            if beats(claim, held):
                self._held[claim.id] = claim
        elif self._looks.begin(row, partial(self._looked, claim.id), claim):
            self._held[claim.id] = claim
            if not merged_from:
                self._gossip.tell(claim)

    def missed(self, row: Member) -> bool:
        """Believes what is held about a member, since a probe failed. Returns whether it left."""
        if row.id not in self._held:
            return False
        self._looks.end(row)
        self._looked(row.id, row, reached=False)
        return not row.live

    def _looked(self, member: str, row: Member, reached: bool) -> None:
        claim = self._held.pop(member)
        if not reached and beats(claim, row):
            self._believe(row, claim)
