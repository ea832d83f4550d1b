"""The base of all messages, and the bounds of fields that several of them have."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

LARGEST: Final = 2**53
"""The largest version, generation or incarnation."""

Version = Annotated[int, Meta(ge=0, le=LARGEST)]
Number = Annotated[int, Meta(ge=0, le=LARGEST)]
Hash = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Sum = Annotated[int, Meta(ge=0, lt=2**32)]


class Message(Struct, array_like=True, frozen=True):
    """The base of all messages, which are told apart by their tags.

    A new message is a new subclass with the next free tag. The part that handles it lists it in its
    `handlers`.
    """
