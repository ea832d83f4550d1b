"""Tells sealed datagrams that were just made from those that were recorded and are sent again.

That a datagram could be opened shows that its sender had a key, and not when. So each carries the
random number of its sender's *session*, and counts on within it. A session is *proven* by a
datagram of it that sends a number of this node back: that datagram was made now, for this node.
What the session had sealed before counts for nothing from then on, and each later number counts
once. Of a session that is not proven nothing is kept here, so that old datagrams can fill nothing.

A process seals datagrams for many others in one session. So each also says which process it is
*meant* for, as far as its sender knows; what was recorded on its way to somebody else counts no
more than what was recorded long ago.
"""

from __future__ import annotations

from typing import NamedTuple

WIDTH = 4096
"""How far a datagram may be behind the newest one of its session, counted in datagrams that the
sender made for anybody. One that comes later is lost."""

_ALL = (1 << WIDTH) - 1
"""The numbers of a window, all of which have come."""

_MOST = 1 << 16
"""Proven sessions remembered at most."""


class Seal(NamedTuple):
    """How a datagram was sealed; the driver that opened it vouches for it.

    Attributes:
        session: the random number that its sender drew for the stream of its datagrams.
        number: its number in the stream; the sender uses none twice, and later ones are larger.
        meant: whether the sender made it for this very process, as it told with it. It does so for
            each process that has proven its session there (`Node.session`).
    """

    session: bytes
    number: int
    meant: bool = True


class Window:
    """The numbers of one session that have come, from the one that has proven it."""

    __slots__ = ("_newest", "_seen")

    def __init__(self, number: int) -> None:
        self._newest = number
        # One bit for each number, the lowest for the newest. All before the proof are used up.
        self._seen = _ALL

    def take(self, number: int) -> bool:
        """Returns whether this number comes for the first time, and notes it."""
        ahead = number - self._newest
        if ahead > 0:
            self._seen = (self._seen << ahead | 1) & _ALL if ahead < WIDTH else 1
            self._newest = number
            return True
        if -ahead >= WIDTH:
            return False
        bit = 1 << -ahead
        if self._seen & bit:
            return False
        self._seen |= bit
        return True


class Sessions:
    """The proven sessions of other processes.

    Attributes:
        windows: the window of each, by session. It is the same dict as long as this object lives.
    """

    def __init__(self) -> None:
        self.windows: dict[bytes, Window] = {}

    def take(self, seal: Seal) -> bool:
        """Returns False for a datagram of a proven session that has come before, or is too old."""
        window = self.windows.get(seal.session)
        return window is None or window.take(seal.number)

    def prove(self, seal: Seal) -> bool:
        """Notes that a session is proven by that datagram.

        Returns whether another one was forgotten for it. What proved that one must not do so again.
        """
        if seal.session in self.windows:
            return False
        full = len(self.windows) >= _MOST
        if full:
            del self.windows[next(iter(self.windows))]
        self.windows[seal.session] = Window(seal.number)
        return full
