"""Which of the members that nobody here knows are taken from whom."""

from __future__ import annotations

from collections.abc import Iterable

from ..bringers import MEMBERS
from ..runtime import Runtime
from ..wire import Claim
from .peer import Peer
from .table import MemberTable


def admitted(
    runtime: Runtime, table: MemberTable, peer: Peer, claims: Iterable[Claim]
) -> list[Claim]:
    """Returns the claims of a peer that are believed, without new members if it brings too many.

    What a member says of itself is taken in any case.
    """
    bringer = peer.sender.id
    return [
        claim
        for claim in peer.believed(claims)
        if claim.id in table.rows
        or claim.id == bringer
        or claim.forgotten
        or runtime.may_bring(MEMBERS, bringer)
    ]
