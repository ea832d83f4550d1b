"""By which rows the commands of clients are carried out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count

from ..wire import DEFAULT, SOURCE_BYTES, Entry, Row
from .ahead import Ahead
from .commands import Asked, Bounded, Change, Command, Reset, Stated
from .draft import Draft, check_own, check_total, is_within
from .floors import VALUE_LIMIT, KeyReused, TooManyCounters
from .named import check_name, check_text
from .sources import KEY, OWNER, Source

TTL_LIMIT = 366 * 86_400_000
"""The longest time to live, in milliseconds. It bounds what a clock that is wrong can do."""

_OWN_PART = 10
"""Which part of all counters that may be there each process may make, whatever others made."""


class Plan:
    """The rows that one owner is to write, all of them or none."""

    def __init__(self, ahead: Ahead, owner: bytes, version: int, clock: int, most: int) -> None:
        """Begins without a row.

        Args:
            ahead: what the counters will be before this write.
            owner: who writes.
            version: the owner's last version.
            clock: milliseconds since 1970.
            most: how many counters there may be beside `DEFAULT`. This process may make a tenth of
                that in any case, so that nobody who makes up counters keeps all others from it.
        """
        self._ahead = ahead
        self._owner = owner
        self._dropped = version if ahead.dropped(owner) else 0
        self._clock = clock
        self._most = most
        self._numbers = count(version + 1)
        # The values that counters have after the changes so far, by how much each changed, and
        # the counters with sources.
        self._values: dict[str, int] = {}
        self._sums: dict[str, int] = {}
        self._drafts: dict[str, Draft] = {}
        # The counters of the keys of this write, and the names that were found to be allowed.
        self._keyed: dict[bytes, str] = {}
        self._allowed: set[str] = set()

    def carry_out(self, commands: Sequence[Command]) -> list[Row]:
        """Returns the rows that carry commands out, in the order of versions.

        Each command is told by how much its changes changed their counters. Raises LimitExceeded if
        a value would leave ±(2**53 - 1), and not only because of what others counted, or there are
        as many counters as there may be, and ValueError for what is not allowed.
        """
        changes = [change for command in commands for change in command.changes]
        # Counters with a change that no sum can take: all changes of these go to a draft, in order.
        drafted = {change.name for change in changes if type(change) is not Change}
        for command in commands:
            done = []
            for change in command.changes:
                if type(change) is Change and change.name not in drafted and self._add(change):
                    done.append(change.amount)
                else:
                    done.append(self._change(change))
            command.told(done)
        rows: list[Row] = []
        for name, amount in self._sums.items():
            floor, known = self._ahead.slot(self._owner, name)
            check_total(known + amount)
            rows.append(Entry(next(self._numbers), name, floor, known + amount))
        for draft in self._drafts.values():
            rows += draft.rows.values()
        return sorted(rows, key=lambda row: row.version) if self._drafts else rows

    def restate(self, changed: Mapping[str, Iterable[Source]]) -> list[Row]:
        """Returns rows of the owner that say all that is known now of these sources by name."""
        for name, sources in changed.items():
            draft = self._draft(name)
            for source in sources:
                row = self._ahead.row(self._owner, name, source)
                if row is not None:
                    draft.restate(source, row)
        return [row for draft in self._drafts.values() for row in draft.rows.values()]

    def _lost(self, name: str) -> bool:
        """Returns whether an older row of the owner may be somewhere, though none is here."""
        if not self._dropped or name == DEFAULT:
            return False
        return self._ahead.row(self._owner, name, OWNER + self._owner) is None

    def _add(self, change: Change) -> bool:
        """Takes a change if its counter is a sum, and returns whether it is one.

        Raises ValueError or LimitExceeded.
        """
        name, amount = change
        before = self._values.get(name)
        if before is None:
            if self._ahead.has_sources(name) or self._lost(name):
                return False
            before = self._ahead.sum(name)
            if before is None:
                self._make(name)
                before = 0
        if name == DEFAULT and amount < 1:
            raise ValueError("amount: must be at least 1")
        value, added = before + amount, self._sums.get(name, 0) + amount
        if not is_within(before, value):
            check_own(self._ahead.sum_of(self._owner, name) + added)
        self._values[name] = value
        self._sums[name] = added
        return True

    def _make(self, name: str) -> None:
        """Takes note that a counter is made. Raises ValueError or LimitExceeded if none may be."""
        check_name(name)
        number = self._ahead.number_with([*self._values, *self._allowed])
        if number >= self._most and self._ahead.made >= self._most // _OWN_PART:
            raise TooManyCounters(f"there are {self._most} counters, and no more may be made")
        self._ahead.make()

    def _change(self, change: Asked) -> int:
        """Puts a change to a counter with sources. Returns by how much the counter changes."""
        name = change.name
        if name == DEFAULT:
            raise ValueError(f"{DEFAULT}: can only be counted up and raised")
        if isinstance(change, Stated):
            check_text("source", change.source, SOURCE_BYTES - 1)
            if not 0 <= change.total <= VALUE_LIMIT:
                raise ValueError(f"total: must be from 0 to {VALUE_LIMIT}")
        elif isinstance(change, Bounded):
            self._check_bounds(change)
        if name not in self._allowed and not isinstance(change, Reset):
            if self._ahead.present(name) is None:
                self._make(name)
            self._allowed.add(name)
        return self._draft(name).change(change, self._dropped)

    def _check_bounds(self, change: Bounded) -> None:
        if change.ttl is not None and not 1 <= change.ttl <= TTL_LIMIT:
            raise ValueError(f"ttl: must be up to {TTL_LIMIT // 1000} seconds")
        if change.key:
            check_text("key", change.key, SOURCE_BYTES - 1)
            key = KEY + change.key.encode()
            name = self._ahead.name_of_key(key) or self._keyed.setdefault(key, change.name)
            if name != change.name:
                raise KeyReused(f"the key was used for the counter {name}")

    def _draft(self, name: str) -> Draft:
        draft = self._drafts.get(name)
        if draft is None:
            sources = self._ahead.sources(name)
            draft = Draft(name, sources, self._owner, self._clock, lambda: next(self._numbers))
            self._drafts[name] = draft
        return draft
