"""Entries: what owners counted. They are part of several messages."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from .claims import Version

DEFAULT: Final = "default"
"""The counter that the documented routes serve. It alone has floors."""

NAME_BYTES: Final = 128
"""The longest name of a counter, in UTF-8."""

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Total = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Owner = Annotated[bytes, Meta(min_length=16, max_length=16)]
Name = Annotated[str, Meta(min_length=1, max_length=NAME_BYTES)]


class Entry(Struct, array_like=True, gc=False, frozen=True):
    """One slot of a counter, as its owner left it at one version.

    Attributes:
        version: the version of the owner at which it made this change.
        name: the counter's name.
        floor: the floor under which the owner counted; 0 for every counter but `DEFAULT`.
        count: all that the owner counted under that floor. It is negative only for other counters
            than `DEFAULT`; of that, 0 only declares the floor.
    """

    version: Version
    name: Name
    floor: Count
    count: Total

    @property
    def slot(self) -> str | int:
        """The slot's key among those of its owner: the name, or of `DEFAULT` the floor.

        All declarations of floors have -1 in place of the floor, because an owner's newer
        declaration replaces its older one.
        """
        if self.name != DEFAULT:
            return self.name
        return self.floor if self.count else -1


class Group(Struct, array_like=True, frozen=True):
    """Entries of one owner, with the range of versions that they complete.

    A node that has everything of the owner up to `since` has, with these entries, everything up to
    `upto`. Entries beyond `upto` may be among them.

    Attributes:
        owner: the owner that counted.
        since, upto: the range of versions, from after `since` up to and including `upto`.
        entries: the entries, in order of version.
    """

    owner: Owner
    since: Version
    upto: Version
    entries: Annotated[list[Entry], Meta(max_length=500)]
