"""Watches: the values of counters as they change, for whoever follows them.

Changes within 50 ms become one. The node is asked every 50 ms which names have changed, as long as
somebody watches; between two changes nothing is kept for a watch but how far it has read. What has
changed lately is kept once, for all: the newest change of each name, in order.

Many watches cost the loop a tenth of its time at most: after the watches were told of changes, the
next changes wait for nine times as long as that took.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from secrets import token_hex
from time import perf_counter
from typing import NamedTuple

import trio

from gossipd.protocol import Values

from .readers import Reader, wake_all

WINDOW_SECONDS = 0.05
"""Changes within this time become one."""

_REST = 9
"""So many times as long as watches were told of changes, they are told of nothing."""

KEPT = 10_000
"""Of so many names the newest change is kept. A watch that is further behind begins anew."""

_SOON_SECONDS = 5.0
"""A counter that expires within this time is looked at until it has."""

MOST = 100
"""The most changes that are taken at a time."""


class Change(NamedTuple):
    """The value of a counter.

    Attributes:
        name: the name of the counter.
        value: its value.
        known: whether anybody has counted under that name, as far as is known here.
    """

    name: str
    value: int
    known: bool


class Recent:
    """The newest change of each name that changed lately, under numbers that rise.

    Attributes:
        run: what tells the numbers of this process from those of another.
        number: the number of the last change.
        complete_after: changes with a number up to this one may be missing.
    """

    def __init__(self, values: Callable[[], Values], kept: int = KEPT) -> None:
        self.run = token_hex(4)
        self.number = 0
        self.complete_after = 0
        self._values = values
        self._kept = kept
        # What is about to expire. The node tells when it does, but its clock is not quite the one
        # by which values are shown.
        self._expiring: dict[str, None] = {}
        # By name, in the order of the numbers.
        self._changes: dict[str, tuple[int, Change]] = {}

    @property
    def values(self) -> Values:
        """Returns the counters."""
        return self._values()

    def now(self, name: str) -> Change:
        """Returns a counter as it is."""
        values = self.values
        return Change(name, values.value(name), values.knows(name))

    def look(self) -> list[str]:
        """Takes note of what changed since the last look. Returns the names."""
        changed = []
        names = [*self._expiring, *self.values.take_changed()]
        self._expiring = {}
        for name in dict.fromkeys(names):
            new = self.now(name)
            left = self.values.expires_in(name)
            if left is not None and left < _SOON_SECONDS:
                self._expiring[name] = None
            if self._changes.get(name, (0, None))[1] == new:
                continue
            self._changes.pop(name, None)
            self.number += 1
            self._changes[name] = self.number, new
            changed.append(name)
        while len(self._changes) > self._kept:
            oldest = next(iter(self._changes))
            self.complete_after = self._changes.pop(oldest)[0]
        return changed

    def of(self, name: str, after: int) -> Change | None:
        """Returns the newest change of a counter if its number is above `after`."""
        number, change = self._changes.get(name, (0, None))
        return change if number > after else None

    def since(self, after: int, prefix: str, most: int) -> tuple[list[Change], int]:
        """Returns up to `most` changes of names with a prefix whose numbers are above `after`.

        Returns as well the number up to which these are all.
        """
        newer = []
        for number, change in reversed(self._changes.values()):
            if number <= after:
                break
            if change.name.startswith(prefix):
                newer.append((number, change))
        taken = newer[: -most - 1 : -1]
        upto = self.number if len(taken) == len(newer) else taken[-1][0]
        return [change for _, change in taken], upto

    def position(self, text: str) -> int | None:
        """Returns the number that a position tells, None if changes since then may be missing."""
        run, _, number = text.partition("-")
        if run != self.run or not number.isdecimal() or len(number) > 18:
            return None
        return int(number) if self.complete_after <= int(number) <= self.number else None


class Watch(Reader):
    """The values of one counter, or of all whose names begin with a prefix."""

    def __init__(
        self,
        recent: Recent,
        leave: Callable[[Watch], None],
        *,
        name: str | None = None,
        prefix: str = "",
        since: str = "",
    ) -> None:
        """Begins after the position `since`; or, without one of this process, with all values.

        `leave` is called when the watch is closed.
        """
        super().__init__()
        self.name = name
        self.prefix = prefix
        self._recent = recent
        self._leave = leave
        self._after = recent.position(since)
        # The name of which the value was taken last, until all values were taken once.
        self._listed: str | None = None
        # Whether everything was taken that this watch was told of.
        self._caught_up = False

    @property
    def position(self) -> str:
        """Returns after what another watch would go on from here, empty if it would begin anew."""
        if self._after is None or self._listed is not None:
            return ""
        return f"{self._recent.run}-{self._after}"

    def tell(self, missed_nothing_until: int) -> None:
        """Notes that it is about to be woken, by changes with numbers above the given one."""
        if self._caught_up and self._after is not None:
            self._after = max(self._after, missed_nothing_until)
        self._caught_up = False

    def take(self, most: int = MOST) -> list[Change]:
        """Returns up to `most` values that are new to this watch, each the newest of its counter.

        Returns none if there are none now.
        """
        recent = self._recent
        if self.name is not None:
            behind = self._after is None or self._after < recent.complete_after
            change = recent.now(self.name) if behind else recent.of(self.name, self._after or 0)
            self._after, self._caught_up = recent.number, True
            return [] if change is None else [change]
        if self._listed is not None:
            return self._all(self._listed, most)
        if self._after is None or self._after < recent.complete_after:
            self._after = recent.number
            return self._all("", most)
        return self._newer(self._after, most)

    def skip(self) -> None:
        """Leaves out everything that is new to this watch now."""
        self._after, self._listed, self._caught_up = self._recent.number, None, True

    def close(self) -> None:
        """Ends the watch."""
        if not self.closed:
            super().close()
            self._leave(self)

    def _newer(self, after: int, most: int) -> list[Change]:
        changes, self._after = self._recent.since(after, self.prefix, most)
        self._caught_up = self._after == self._recent.number
        return changes

    def _all(self, listed: str, most: int) -> list[Change]:
        """Returns the next of all values, in order of name."""
        found = self._recent.values.page(self.prefix, listed, most)
        self._listed = found[-1][0] if len(found) == most else None
        return [self._recent.now(name) for name, _ in found]


class Watches:
    """All watches of one node."""

    def __init__(
        self, values: Callable[[], Values], clock: Callable[[], float] = perf_counter
    ) -> None:
        """Takes what returns the counters, and a clock that tells how long work takes."""
        self._recent = Recent(values)
        self._clock = clock
        # As sets that keep their order.
        self._by_name: dict[str, dict[Watch, None]] = {}
        self._by_prefix: dict[str, dict[Watch, None]] = {}
        self._wanted = trio.Event()
        # Which names changed since watches were last told, and the number of the last change then.
        self._changed: dict[str, None] = {}
        self._told = 0

    def watch(self, *, name: str | None = None, prefix: str = "", since: str = "") -> Watch:
        """Returns a watch of the counter `name`, or of all whose names begin with `prefix`.

        It begins with the present values; or with what changed after `since`, if that is the
        position of an earlier watch of this process. It must be closed at last.
        """
        self._look()
        watch = Watch(self._recent, self._leave, name=name, prefix=prefix, since=since)
        watches, key = self._place(watch)
        watches.setdefault(key, {})[watch] = None
        self._wanted.set()
        return watch

    async def run(self) -> None:
        """Tells watches of changes, until it is cancelled."""
        while True:
            await self._wanted.wait()
            worked = await wake_all(self._due(), self._clock)
            await trio.sleep(max(WINDOW_SECONDS, _REST * worked))

    def _place(self, watch: Watch) -> tuple[dict[str, dict[Watch, None]], str]:
        if watch.name is None:
            return self._by_prefix, watch.prefix
        return self._by_name, watch.name

    def _leave(self, watch: Watch) -> None:
        watches, key = self._place(watch)
        del watches[key][watch]
        if not watches[key]:
            del watches[key]
        if not self._by_name and not self._by_prefix:
            self._wanted = trio.Event()

    def _look(self) -> None:
        self._changed.update(dict.fromkeys(self._recent.look()))

    def _due(self) -> list[Watch]:
        """Returns the watches of what changed since they were last told, each once."""
        self._look()
        changed, self._changed = self._changed, {}
        due: list[Watch] = []
        for name in changed:
            due.extend(self._by_name.get(name, ()))
        names = sorted(changed)
        for prefix, watches in self._by_prefix.items():
            # Names with the prefix, if there are any, begin where it would stand itself.
            place = bisect_left(names, prefix)
            if place < len(names) and names[place].startswith(prefix):
                due.extend(watches)
        for watch in due:
            watch.tell(self._told)
        self._told = self._recent.number
        return due
