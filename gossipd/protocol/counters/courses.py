"""How a node is told a log that does not fit into one datagram: in pieces, by one teller.

A node vouches for a version only once it has all that a node which vouches for it has. A piece of a
delta that was cut tells less: a slot that is not in it may have a newer entry beyond the cut. So
its entries count as entries beyond a gap, and the *course* takes note how far the teller has come.
The last piece then completes the log, provided that no piece is missing and that all came from one
process. What two processes tell cannot be joined: one of them may leave a slot out whose newer
entry it has, beyond a gap, and the other one has not.
"""

from __future__ import annotations

from typing import NamedTuple

from ..address import Address
from ..wire import Group

Teller = tuple[Address, int]
"""The address of a process, and the random number that tells it from others there."""


class Told(NamedTuple):
    """How a group came.

    Attributes:
        teller: who sent it; None if that is unknown.
        cut: the version up to which the teller itself has everything, if the group is not all that
            the teller has after `since`; else None.
    """

    teller: Teller | None = None
    cut: int | None = None


class Course:
    """How far one teller has come with an owner's log.

    Attributes:
        teller: who tells.
        told: the version up to which all entries that the teller had are here.
    """

    __slots__ = ("_complete", "_moved", "teller", "told")

    def __init__(self, teller: Teller, told: int, complete: int) -> None:
        self.teller = teller
        self.told = told
        self._complete = complete
        self._moved = True

    def ends(self, told: Told) -> bool:
        """Returns whether the teller is gone, since another process tells something from there."""
        teller = told.teller
        return teller is not None and teller[0] == self.teller[0] and teller != self.teller

    def follows(self, group: Group, told: Told, have: int) -> bool:
        """Returns whether a group goes on where the teller had come, or where this node is.

        The teller may have filled a gap of its own meanwhile, with entries that it had passed over.
        What it said before that comes too late.
        """
        if told.teller != self.teller:
            return False
        complete = group.upto if told.cut is None else told.cut
        if complete > self._complete:
            self.told = min(self.told, self._complete)
            self._complete = complete
        return complete == self._complete and group.since <= max(self.told, have)

    def goes_on(self, upto: int) -> bool:
        """Takes note of entries up to this version. Returns whether that is news."""
        news = upto > self.told
        if news:
            self.told = upto
            self._moved = True
        return news

    def gives_way(self) -> bool:
        """Returns whether another teller may take over.

        It may if this one has told nothing since another one was refused: then it is gone, or slow.
        """
        moved, self._moved = self._moved, False
        return not moved
