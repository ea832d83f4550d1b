"""Entries: what owners counted. They are part of several messages."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from .message import Version

DEFAULT: Final = "default"
"""The counter that the documented routes serve. It alone has floors."""

NAME_BYTES: Final = 128
"""The longest name of a counter, in UTF-8."""

SOURCE_BYTES: Final = 65
"""The longest source, in UTF-8: a letter and what a client may call itself."""

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Total = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Owner = Annotated[bytes, Meta(min_length=16, max_length=16)]
Name = Annotated[str, Meta(min_length=1, max_length=NAME_BYTES)]
Source = Annotated[bytes, Meta(max_length=SOURCE_BYTES)]
"""Who counted: a letter of its kind, and an owner's id or what a client calls itself, in UTF-8."""


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


class Said(Struct, array_like=True, gc=False, frozen=True):
    """What the writer of a log says about one source of a named counter.

    It takes the place of an `Entry` where there is more to say than one owner's sum. It carries all
    that its writer knows of the source, so that the newer row of a slot says no less than the
    older one.

    Attributes:
        version: the version of the log at which it was written.
        name: the counter's name.
        source: whom it is about; empty for the owner of the log itself.
        rank: how far the source has come. For an owner it is the version at which it last counted,
            for a client's total the total, for a key 1.
        total: all that the source counted.
        base_rank, base: up to which rank, and how much of the total, a reset took away.
        gone: whether a delete took it away.
        start: when the life began that this belongs to, in milliseconds since 1970; 0: always.
        until: when that life ends, as far as the writer knows; 0: never.
    """

    version: Version
    name: Name
    source: Source
    rank: Version
    total: Total
    base_rank: Version = 0
    base: Total = 0
    gone: bool = False
    start: Version = 0
    until: Version = 0

    @property
    def slot(self) -> str | tuple[str, bytes]:
        """The slot's key among those of its owner, which is the name where it is about itself."""
        return (self.name, self.source) if self.source else self.name


Row = Entry | Said
Slot = str | int | tuple[str, bytes]


class Group(Struct, array_like=True, frozen=True):
    """Entries of one owner, with the range of versions that they complete.

    A node that has everything of the owner up to `since` has, with these entries, everything up to
    `upto`. Entries beyond `upto` may be among them.

    Attributes:
        owner: the owner that counted.
        since, upto: the range of versions, from after `since` up to and including `upto`.
        entries: the entries, in order of version.
        said: the same of rows of the other form.
    """

    owner: Owner
    since: Version
    upto: Version
    entries: Annotated[list[Entry], Meta(max_length=500)]
    said: Annotated[list[Said], Meta(max_length=500)] = []

    @property
    def rows(self) -> list[Row]:
        """All rows of both forms."""
        return [*self.entries, *self.said]

    @property
    def newest(self) -> int:
        """The newest version that the group tells of."""
        return max([self.upto, *[row.version for row in self.rows]])


class Bequest(Struct, array_like=True, gc=False, frozen=True):
    """What an heir is about to take over of one owner: all up to a version, and its hash."""

    owner: Owner
    version: Version
    digest: Count
