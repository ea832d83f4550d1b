"""Keeps the counters with sources in order: takes over, prolongs, expires and drops.

    row about another's source --> its owner's next row says the same --> the row is dropped

A counter is looked after soon after it changed, and whenever its time has come.
"""

from __future__ import annotations

from ..part import Part
from ..runtime import Runtime
from .ledger import GRACE_MS, Ledger
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
        # By counter since when a source, or the row about it in the log of an owner, has been of no
        # use. By this node's own time, so that no wrong clock can hasten the end.
        self._useless: dict[str, dict[tuple[Source, bytes], float]] = {}
        ledger.names.watch(self._touched)

    def _touched(self) -> None:
        if "changed counters" not in self._runtime.timers:
            self._runtime.after("changed counters", _SOON, self._look_at_changed)

    def _look_at_changed(self) -> None:
        names = self._ledger.names
        found = [name for name in names.take_touched(_AT_ONCE) if name in names.sources]
        self._writes.restate(found)
        for name in found:
            self._drop(name)
        if names.touched:
            self._touched()
        self._wait()

    def _look_at_due(self) -> None:
        names = self._ledger.names
        for name in names.due():
            names.refresh(name)
        self._wait()

    def _wait(self) -> None:
        due = self._ledger.names.next_due()
        if due is not None:
            wait = (due - self._runtime.wall_ms()) / 1000
            wait = min(max(wait, 0.0), _LONGEST_WAIT)
            self._runtime.after("due counters", wait, self._look_at_due)

    def _drop(self, name: str) -> None:
        """Drops what is of no use any more, and has the counter looked after again in time."""
        ledger, names, now = self._ledger, self._ledger.names, self._runtime.now
        for source in ledger.over(name):
            ledger.forget(name, source)
        known = self._useless.pop(name, {})
        useless = {key: known.get(key, now) for key in self._find_useless(name)}
        left: dict[tuple[Source, bytes], float] = {}
        for (source, writer), since in useless.items():
            wait = since - now + (_REDUNDANT_SECONDS if writer else self._kept_for())
            if wait > 0:
                left[source, writer] = wait
            elif writer:
                ledger.drop_said(writer, name, source)
            else:
                ledger.forget(name, source)
        if not names.sources[name]:
            names.refresh(name)
            names.forget(name)
            return
        if left:
            self._useless[name] = {key: useless[key] for key in left}
        next_change = ledger.next_change(name)
        times = [] if next_change is None else [next_change]
        times += [self._runtime.wall_ms() + int(wait * 1000) + 1 for wait in left.values()]
        if times:
            names.wake(name, min(times))

    def _find_useless(self, name: str) -> list[tuple[Source, bytes]]:
        found = [(source, writer) for writer, source in self._ledger.redundant(name)]
        if self._runtime.config.forget_after:
            found += [(source, b"") for source in self._ledger.void(name)]
        return found

    def _kept_for(self) -> float:
        return max(self._runtime.config.forget_after, GRACE_MS / 1000)
