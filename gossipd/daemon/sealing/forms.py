"""In which form the datagrams to an address go while a cluster moves to keys: sealed, or open.

A node that takes both forms sends to each address the form that came from there last. An address
that nothing has come from gets both, sealed first. One that speaks open gets a sealed datagram
beside the open one now and then, so that two nodes which take both forms do not stay open for ever.
What comes open from an address that has just sealed is not taken: those two forms of one datagram
would otherwise be two.
"""

from __future__ import annotations

from math import inf

import attrs

from gossipd.protocol import Address

_TRY_SECONDS = 10.0
"""Between two sealed datagrams to an address that speaks open."""

_SEALS_SECONDS = 5.0
"""How long what comes open is not taken from an address that has sealed."""

_MOST = 1 << 14
"""Addresses remembered at most."""


@attrs.define
class _Seen:
    """What came from an address: when a sealed datagram last did, and whether one came last.

    `tried` is when a sealed datagram was last sent beside an open one.
    """

    sealed_at: float = -inf
    seals: bool = False
    tried: float = -inf


class Forms:
    """The forms of all addresses. Times are seconds that never fall."""

    def __init__(self) -> None:
        self._seen: dict[Address, _Seen] = {}

    def sealed(self, source: Address, now: float) -> None:
        """Notes that a sealed datagram came from there, which could be opened."""
        seen = self._of(source)
        seen.seals, seen.sealed_at = True, now

    def takes_open(self, source: Address, now: float) -> bool:
        """Returns whether an open datagram from there is to be taken, and notes it if so."""
        seen = self._of(source)
        if now - seen.sealed_at < _SEALS_SECONDS:
            return False
        seen.seals = False
        return True

    def to(self, address: Address, now: float) -> tuple[bool, bool]:
        """Returns whether a datagram there goes sealed, and whether it goes open."""
        seen = self._seen.get(address)
        if seen is None:
            return True, True
        if seen.seals:
            return True, False
        tries = now - seen.tried >= _TRY_SECONDS
        if tries:
            seen.tried = now
        return tries, True

    def _of(self, address: Address) -> _Seen:
        seen = self._seen.get(address)
        if seen is None:
            if len(self._seen) >= _MOST:
                del self._seen[next(iter(self._seen))]
            seen = self._seen[address] = _Seen()
        return seen
