"""Claims: what nodes say of members. They are part of several messages."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from .message import Version
from .tags import Tags

ALIVE: Final = 0
SUSPECT: Final = 1
DEAD: Final = 2
LEFT: Final = 3
STATES: Final = ("alive", "suspect", "dead", "left")

FORGOTTEN: Final = 2**32 - 1
"""The age of a claim which says that its member, which is dead or left, is forgotten."""

SILENCE: Final = 0
REFUSED: Final = 1
EVIDENCE: Final = ("silence", "refused")
"""What a claim that a member is suspect or dead rests on, by number."""


def evidence_name(evidence: int) -> str:
    """Returns the word for what a claim rests on."""
    return EVIDENCE[evidence if evidence < len(EVIDENCE) else SILENCE]


Id = Annotated[str, Meta(max_length=270)]
MemberState = Annotated[int, Meta(ge=0, le=3)]
Age = Annotated[int, Meta(ge=0, lt=2**32)]


class Claim(Struct, array_like=True, gc=False, frozen=True):
    """A statement about a member.

    Attributes:
        id: the member's id.
        generation, incarnation: what of the member the statement is about. A claim with larger
            ones overrides it, the generation first.
        state: `ALIVE`, `SUSPECT`, `DEAD` or `LEFT`.
        accuser: the id of the node that suspects the member or declared it dead, so that
            confirmations by different nodes can be told apart; otherwise empty.
        age: for how many seconds the member has been dead or left, or `FORGOTTEN`. It is no time
            of day, so that no clock has to be right. 0 for the living.
        evidence: what the accuser has for it: `SILENCE`, or `REFUSED` if the member's machine
            refused pings of several nodes. Larger numbers, of later versions, mean `SILENCE`.
        tags: the member's tags in this generation; None if it has none, or if they are not told
            here. They are ordered by themselves: a claim that is out of date may have newer ones.
    """

    id: Id
    generation: Version
    incarnation: Version
    state: MemberState
    accuser: Id = ""
    age: Age = 0
    evidence: Annotated[int, Meta(ge=0, le=255)] = SILENCE
    tags: Tags | None = None

    @property
    def forgotten(self) -> bool:
        """Returns whether the claim says that a dead or left member is to be forgotten."""
        return self.age == FORGOTTEN and self.state >= DEAD
