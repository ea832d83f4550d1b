"""The values of all counters but `DEFAULT`, and the names of all of them.

Such a counter is a signed sum: each owner has one entry with the sum of all that it counted, and
the value is the sum over the owners. So a change of an entry is a change of the value by as much,
and no value is ever added up anew. A counter of which rows of the other form are known has
`Sources` instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import heappop, heappush
from unicodedata import category

from sortedcontainers import SortedList

from ..wire import DEFAULT, NAME_BYTES, Row
from .heirs import Heirs
from .seen import ENDLESS
from .sources import KEY, Source, Sources
from .sums import Sums

_FOLLOWED = 1000
"""How many names at most have their changes counted."""


def _nobody() -> None:
    """Takes no notice."""


class Names:
    """The named counters' values by name, and all names in order, `DEFAULT` among them.

    Names are ordered by code points, which is the order of their bytes in UTF-8.

    Attributes:
        total: the sum of all values.
        heirs: the lines of owners.
        keyed: the counter's name of each key of a client, with the letter of its kind.
        sources: the sources of each counter that has more than sums, present or absent.
        touched: the names among those that changed since somebody took note of it, each with the
            sources that did; None: all may be different by now.
    """

    __slots__ = (
        "_changed",
        "_changes",
        "_clock",
        "_due",
        "_inherited",
        "_noticed",
        "_number",
        "_shown",
        "_sorted",
        "_stale",
        "_sums",
        "heirs",
        "keyed",
        "sources",
        "total",
        "touched",
    )

    def __init__(self, clock: Callable[[], int], sums: Sums) -> None:
        """Takes what returns the time in milliseconds since 1970, and what owners counted."""
        self.heirs = Heirs()
        self.total = 0
        self.keyed: dict[bytes, str] = {}
        self.sources: dict[str, Sources] = {}
        self.touched: dict[str, set[Source] | None] = {}
        self._clock = clock
        self._sums = sums
        self._number = 0
        # What heirs inherited of plain counters, and the values of those with sources.
        self._inherited: dict[str, int] = {}
        self._shown: dict[str, int] = {}
        self._sorted = SortedList([DEFAULT])
        self._changes: dict[str, int] = {}
        self._changed: dict[str, None] | None = None
        self._due: list[tuple[int, str]] = []
        self._stale: dict[str, None] = {}
        self._noticed: Callable[[], None] = _nobody

    def __contains__(self, name: str) -> bool:
        if name in self.sources:
            return self.present(name, self._clock()) is not None
        return self.sum(name) is not None

    def __len__(self) -> int:
        return self._number

    def absent(self, names: set[str]) -> set[str]:
        """Returns those of these names of which there is no counter."""
        looked_at = self._sums.lacking(names) | (names & self.sources.keys())
        return {name for name in looked_at if name not in self}

    def sum(self, name: str) -> int | None:
        """Returns the value of a counter that has no sources; None: absent."""
        total = self._sums.total(name)
        inherited = self._inherited.get(name) if self._inherited else None
        return total if inherited is None else inherited + (total or 0)

    def is_plain(self, name: str) -> bool:
        """Returns whether there is a counter of this name that is no more than a sum."""
        return name not in self.sources and self.sum(name) is not None

    def value(self, name: str) -> int:
        """Returns the value of a counter, 0 for a name that is absent."""
        if name in self.sources:
            return self.present(name, self._clock()) or 0
        return self.sum(name) or 0

    def present(self, name: str, clock: int) -> int | None:
        """Returns the value of a counter at a time, in milliseconds since 1970; None: absent."""
        if name in self.sources:
            return self.sources[name].value(clock)
        return self.sum(name)

    def expires_in(self, name: str, clock: int) -> int | None:
        """Returns in how many milliseconds from a time a counter expires; None: it does not."""
        sources = self.sources.get(name)
        life = None if sources is None else sources.life(clock)
        return (
            None
            if sources is None or life is None or life[1] == ENDLESS
            else life[1] - sources.time(clock)
        )

    def make(self, name: str) -> None:
        """Lists the name of a plain counter, unless it is listed."""
        if name not in self._sorted:
            self._sorted.add(name)
            self._number += 1

    def counted(self, changes: Mapping[str, int]) -> None:
        """Takes note by how much the sums of each of these plain counters changed."""
        self.total += sum(changes.values())
        self._follow(changes)
        if self._changed is not None:
            for name in changes:
                self.note(name)

    def inherit(self, name: str, by: int) -> None:
        """Changes what heirs inherited of a plain counter, which is made if there is none."""
        self._inherited[name] = self._inherited.get(name, 0) + by
        self.make(name)
        self.counted({name: by})

    def unlist(self, names: Iterable[str]) -> None:
        """Takes those plain counters off the list of which no owner says anything any more."""
        for name in names:
            if name in self._sorted and name != DEFAULT and name not in self:
                self._sorted.remove(name)
                self._number -= 1

    def begin_sources(self, name: str) -> None:
        """Takes note that a counter is to have sources, before its rows change."""
        value = self.sum(name)
        if value is not None:
            self._shown[name] = value
        self._inherited.pop(name, None)

    def say(self, name: str, owner: bytes, row: Row, entries: Iterable[tuple[bytes, Row]]) -> None:
        """Takes a row of a counter that has sources, or is to have them from now on.

        `settle` must follow. To bring a counter up to date takes as long as it has sources, and
        many rows of one counter come together.

        Args:
            entries: the counter's entries by owner, which are read if it is to have sources.
        """
        sources = self.sources.get(name)
        if sources is None:
            sources = self.sources[name] = self.new_sources()
            for other, entry in entries:
                sources.take(other, entry)
            self.touched[name] = None
        source = sources.take(owner, row)
        if source.startswith(KEY):
            self.keyed[source] = name
        changed = self.touched.setdefault(name, set())
        if changed is not None:
            changed.add(source)
        self._follow([name])
        self._stale[name] = None

    def settle(self) -> None:
        """Brings up to date all counters of which something was said."""
        while self._stale:
            self.refresh(self._stale.popitem()[0])

    def new_sources(self) -> Sources:
        """Returns the sources of a counter of which nothing is known."""
        return Sources(self.heirs.closed, self.heirs.lists)

    def refresh(self, name: str) -> None:
        """Brings the value of a counter with sources up to date, in the list and the sum of all."""
        value = self.sources[name].value(self._clock())
        known = self._shown.get(name)
        if value is None:
            if known is not None:
                del self._shown[name]
                self._sorted.remove(name)
                self._number -= 1
        else:
            self._shown[name] = value
            if known is None:
                self._sorted.add(name)
                self._number += 1
        self.total += (value or 0) - (known or 0)
        self.touched.setdefault(name, set())
        self.note(name)
        self._noticed()

    def note(self, name: str) -> None:
        """Notes that a value may have changed, if anybody asks for that."""
        if self._changed is not None:
            self._changed.pop(name, None)
            self._changed[name] = None

    def take_changed(self) -> list[str]:
        """Hands over the names whose values may have changed since the last call, in that order.

        The first call hands over nothing, and begins to note changes.
        """
        taken, self._changed = self._changed, {}
        return list(taken or ())

    def watch(self, call: Callable[[], None]) -> None:
        """Has `call` called whenever a counter with sources changes."""
        self._noticed = call

    def take_touched(self, most: int) -> dict[str, set[Source]]:
        """Returns up to `most` sources of `touched` by name, and takes them out."""
        found: dict[str, set[Source]] = {}
        while self.touched and most > 0:
            name, changed = self.touched.popitem()
            if name not in self.sources:
                continue
            sources = set(self.sources[name]) if changed is None else changed
            found[name] = {sources.pop() for _ in range(min(most, len(sources)))}
            if sources:
                self.touched[name] = sources
            most -= 1 + len(found[name])
        return found

    def wake(self, name: str, when: int) -> None:
        """Lets `due` return a name once the clock has come to `when`."""
        if self.sources[name].wake_at(when):
            heappush(self._due, (when, name))

    def next_due(self) -> int | None:
        """Returns when `due` returns a name next, in milliseconds since 1970; None: never."""
        return self._due[0][0] if self._due else None

    def due(self) -> list[str]:
        """Returns the names for which the time has come that `wake` was told."""
        clock, found = self._clock(), []
        while self._due and self._due[0][0] <= clock:
            name = heappop(self._due)[1]
            if name in self.sources:
                self.sources[name].woken()
                self.touched[name] = None
                found.append(name)
        return found

    def forget(self, name: str) -> None:
        """Forgets a counter of whose sources none is left."""
        del self.sources[name]
        self.touched.pop(name, None)
        self._changes.pop(name, None)

    def busiest(self, most: int) -> list[str]:
        """Returns up to `most` names, at most 1,000, in the order of how often they changed here.

        A name is among them if its changes are more than a thousandth of all.
        """
        present = [name for name in self._changes if name in self._shown or self.is_plain(name)]
        return sorted(present, key=lambda name: (-self._changes[name], name))[:most]

    def _follow(self, names: Iterable[str]) -> None:
        """Counts a change of each, after Misra and Gries (1982): rare names make room for others.

        While there are more than have room, one is taken from all; each of those was added by a
        change, so that the cost of a change is the same on average.
        """
        changes = self._changes
        for name in names:
            changes[name] = changes.get(name, 0) + 1
        while len(changes) > _FOLLOWED:
            changes = {each: count - 1 for each, count in changes.items() if count > 1}
        self._changes = changes

    def page(self, prefix: str, after: str) -> Iterator[str]:
        """Yields the names that begin with `prefix` and come after `after`, in order.

        A counter that has just expired may be among them. No name may be added before the last one
        was taken.
        """
        least = max(prefix, after)
        for name in self._sorted.irange(least, inclusive=(least != after or not after, True)):
            if not name.startswith(prefix):
                return
            yield name


def check_name(name: str) -> None:
    """Raises ValueError unless `name` may be a counter's name."""
    check_text("name", name, NAME_BYTES)


def check_text(what: str, text: str, most: int) -> None:
    """Raises ValueError unless `text` has 1 to `most` bytes of UTF-8 without control characters."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError(f"{what}: must be UTF-8") from None
    if not 1 <= size <= most:
        raise ValueError(f"{what}: must have 1 to {most} bytes, and has {size}")
    if not text.isprintable() and any(category(each) == "Cc" for each in text):
        raise ValueError(f"{what}: must not have control characters")
