"""Claims: what nodes say of members. They are part of several messages."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

ALIVE: Final = 0
SUSPECT: Final = 1
DEAD: Final = 2
LEFT: Final = 3
STATES: Final = ("alive", "suspect", "dead", "left")

LARGEST: Final = 2**53
"""The largest version, generation or incarnation."""

Id = Annotated[str, Meta(max_length=270)]
Version = Annotated[int, Meta(ge=0, le=LARGEST)]
MemberState = Annotated[int, Meta(ge=0, le=3)]


class Claim(Struct, array_like=True, gc=False, frozen=True):
    """A statement about a member.

    Attributes:
        id: the member's id.
        generation, incarnation: what of the member the statement is about. A claim with larger
            ones overrides it, the generation first.
        state: `ALIVE`, `SUSPECT`, `DEAD` or `LEFT`.
        accuser: the id of the node that suspects the member or declared it dead, so that
            confirmations by different nodes can be told apart; otherwise empty.
    """

    id: Id
    generation: Version
    incarnation: Version
    state: MemberState
    accuser: Id = ""
