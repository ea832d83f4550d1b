"""Counters whose values a test sets, with their watches."""

from __future__ import annotations

from gossipd.daemon.watch import Watches
from gossipd.protocol import Entry, Group, Ledger, Values


class Node:
    """Counters and their watches."""

    def __init__(self) -> None:
        self.ledger = Ledger(b"key")
        self.values = Values(self.ledger, lambda: 0)
        self.version = 0
        self.worked = 0.0
        self._worked = 0.0
        self.watches = Watches(lambda: self.values, self.clock)

    def clock(self) -> float:
        """Each look at the clock is so much work."""
        self._worked += self.worked
        return self._worked

    def set(self, name: str, count: int) -> None:
        """Makes one owner's count of a counter this."""
        self.version += 1
        entry = Entry(self.version, name, 0, count)
        self.ledger.apply(Group(b"o" * 16, self.version - 1, self.version, [entry]))
