"""Keeps the counters with sources in order: takes over, prolongs, expires and drops.

    row about another's source --> its owner's next row says the same --> the row is dropped

A counter is looked after soon after it changed, and whenever its time has come.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..part import Part
from ..runtime import Runtime
from .ledger import Ledger
from .seen import seen_in
from .sources import Source, owner_of
from .writes import Writes

_SOON = 0.5
"""Seconds after a change; what changes within them is looked after together."""

_AT_ONCE = 100
"""How many sources are looked after at a time."""

_NEXT = 0.05
"""Seconds until the next ones are."""

GRACE_MS = 600_000
"""For how long what has expired is kept, so that who prolongs it late does not lose it."""

_SETTLING = 60.0
"""For how long what is found to be of no use is kept.

A node that takes the log of another without a redundant row vouches for it, and does not hold
what it says before it has the other row. So the row must not go while its writer counts who holds
it. And a node that has just joined may lack the row that prolongs a counter.
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
        found = names.take_touched(_AT_ONCE)
        self._writes.restate(found)
        for name, sources in found.items():
            self._drop(name, sources)
        if names.touched:
            self._runtime.after("changed counters", _NEXT, self._look_at_changed)
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

    def _drop(self, name: str, looked: set[Source]) -> None:
        """Drops which of these sources are of no use any more, or looks at them again in time."""
        ledger, names, now = self._ledger, self._ledger.names, self._runtime.now
        sources = names.sources[name]
        known = self._useless.pop(name, {})
        since = {key: began for key, began in known.items() if key[0] not in looked}
        waits: list[float] = []
        for (source, writer), kept_for in self._find_useless(name, looked).items():
            began = known.get((source, writer), now)
            if now < began + kept_for:
                since[source, writer] = began
                waits.append(began + kept_for - now)
            elif writer:
                ledger.drop_said(writer, name, source)
            else:
                ledger.forget(name, source)
        if not sources:
            names.forget(name)
            return
        if since:
            self._useless[name] = since
        times = [self._runtime.wall_ms() + int(wait * 1000) + 1 for wait in waits]
        next_change = ledger.next_change(name, GRACE_MS)
        times += [] if next_change is None else [next_change]
        if times:
            names.wake(name, min(times))

    def _find_useless(self, name: str, looked: set[Source]) -> dict[tuple[Source, bytes], float]:
        """Returns for how many seconds each source or row is kept that is of no use."""
        found = dict.fromkeys(redundant(self._ledger, name, looked), _SETTLING)
        if self._runtime.config.forget_after:
            found |= dict.fromkeys(void(self._ledger, name, looked), self._kept_for())
        return found | dict.fromkeys(over(self._ledger, name, looked), _SETTLING)

    def _kept_for(self) -> float:
        return max(self._runtime.config.forget_after, GRACE_MS / 1000)


def redundant(ledger: Ledger, name: str, looked: Iterable[Source]) -> list[tuple[Source, bytes]]:
    """Returns source and log of the rows of a counter that say nothing another does not say.

    A row about an owner is one once the owner's own row has the same taken away. Of rows about
    a client one is left that has come as far as any, and of equal ones that of the least owner.
    """
    found: list[tuple[Source, bytes]] = []
    all_writers = ledger.names.sources[name].writers
    for source in looked:
        writers = all_writers.get(source, ())
        rows = {by: row for by in writers if (row := ledger.row(by, (name, source)))}
        owner = owner_of(source)
        if owner is not None:
            own = ledger.row(owner, name)
            if own is not None:
                cut = seen_in(own).cut
                found += [(source, by) for by, row in rows.items() if seen_in(row).cut <= cut]
            continue
        for by, row in rows.items():
            said = seen_in(row)
            for other, covering in rows.items():
                more = seen_in(covering)
                if other != by and more == said.merged(more) and (more != said or other < by):
                    found.append((source, by))
                    break
    return found


def void(ledger: Ledger, name: str, looked: Iterable[Source]) -> list[tuple[Source, bytes]]:
    """Returns the sources of a counter of which a delete has left nothing, as each row says.

    Where the row of an owner does not say so itself, as of one that no longer runs, it could come
    back without the row about it, and so nothing is dropped.
    """
    found: list[tuple[Source, bytes]] = []
    sources = ledger.names.sources[name]
    for source in looked:
        seen, owner = sources.seen(source), owner_of(source)
        rows = [ledger.row(by, (name, source)) for by in sources.writers.get(source, ())]
        rows += [] if owner is None else [ledger.row(owner, name)]
        if (
            seen is not None
            and seen.void
            and not sources.folded(source)
            and all(row is not None and seen_in(row).void for row in rows)
        ):
            found.append((source, b""))
    return found


def over(ledger: Ledger, name: str, looked: Iterable[Source]) -> list[tuple[Source, bytes]]:
    """Returns the sources of a counter whose life ended so long ago that they are dropped.

    The life counts and not the row: what an owner that no longer runs has counted stays for as long
    as others prolong the counter.
    """
    sources, before = ledger.names.sources[name], ledger.clock() - GRACE_MS
    return [
        (source, b"")
        for source in looked
        if (seen := sources.seen(source)) is not None
        and seen.until
        and not seen.void
        and sources.end(seen) < before
        and not sources.folded(source)
    ]
