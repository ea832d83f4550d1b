"""Keeps the counters with sources in order: takes over, prolongs, expires and drops.

    row about another's source --> its owner's next row says the same --> the row is dropped

A counter is looked after soon after it changed, and whenever its time has come.
"""

from __future__ import annotations

from ..part import Part
from ..runtime import Runtime
from .ledger import Ledger
from .sources import Source
from .writes import Writes

_SOON = 0.5
"""Seconds after a change; what changes within them is looked after together."""

_AT_ONCE = 100
"""How many counters are looked after at a time."""

_REDUNDANT_SECONDS = 60.0
"""For how long a redundant row is kept.

A node that takes the log of another without this row vouches for it, and does not hold what it
says before it has the other row. So the row must not go while its writer counts who holds it.
"""

_LONGEST_WAIT = 60.0
"""Seconds after which the clock is looked at again, since it may be stepped."""


class Upkeep(Part):
    """Looks after the counters with sources."""

    def __init__(self, runtime: Runtime, ledger: Ledger, writes: Writes) -> None:
        self._runtime = runtime
        self._ledger = ledger
        self._writes = writes
        # When rows were found to be redundant, by their log, counter and source.
        self._redundant: dict[tuple[bytes, str, Source], float] = {}
        ledger.names.watch(self._touched)

    def _touched(self) -> None:
        if "upkeep" not in self._runtime.timers:
            self._runtime.after("upkeep", _SOON, self._look)

    def _look(self) -> None:
        names = self._ledger.names
        for name in names.due():
            names.refresh(name)
        found = names.take_touched(_AT_ONCE)
        for name in found:
            self._expire(name)
        found = [name for name in found if name in names.sources]
        self._writes.restate(found)
        for name in found:
            self._drop_redundant(name)
            self._wake(name)
        wait = _SOON
        if not names.touched:
            next_due = names.next_due()
            if next_due is None:
                return
            wait = max(0.0, (next_due - self._runtime.wall_ms()) / 1000)
        self._runtime.after("upkeep", min(wait, _LONGEST_WAIT), self._look)

    def _expire(self, name: str) -> None:
        """Drops all rows about sources whose time has come."""
        over = self._ledger.over(name)
        for source in over:
            self._ledger.forget(name, source)
        names = self._ledger.names
        if over:
            names.refresh(name)
        if not len(names.sources[name]):
            names.forget(name)

    def _drop_redundant(self, name: str) -> None:
        """Drops rows that say nothing which another row does not say, after a while."""
        now = self._runtime.now
        for writer, source in self._ledger.redundant(name):
            key = (writer, name, source)
            since = self._redundant.setdefault(key, now)
            if now - since >= _REDUNDANT_SECONDS:
                del self._redundant[key]
                self._ledger.drop_said(writer, name, source)

    def _wake(self, name: str) -> None:
        """Has the counter looked after again when it changes by itself."""
        next_change = self._ledger.next_change(name)
        if self._ledger.redundant(name):
            again = self._runtime.wall_ms() + int(_REDUNDANT_SECONDS * 1000) + 1
            next_change = min(again, next_change or again)
        if next_change is not None:
            self._ledger.names.wake(name, next_change)
