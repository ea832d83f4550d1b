"""What the counters will be once all staged writes have taken effect.

A command may find earlier writes still in the queue. A slot is written as a total and not as a
difference, so a command that looked at the ledger alone would write the same total as the write
before it, and one of the two would be lost. It builds instead upon what the staged writes will
give: the entries that are *ahead* of the ledger. That is safe because writes take effect in order,
and because a failed write fails all writes that wait behind it.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..wire import DEFAULT, Entry, Group
from .commands import Change
from .floors import VALUE_LIMIT, LimitExceeded
from .ledger import Ledger
from .named import check_name


class Ahead:
    """The entries of staged writes, and what the counters will be with them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        # By counter the entries of each owner and floor.
        self._entries: dict[str, dict[tuple[bytes, int], Entry]] = {}

    def begin(self, groups: Iterable[Group] = ()) -> None:
        """Begins anew with the groups that are staged."""
        self._entries.clear()
        for group in groups:
            self.add(group)

    def add(self, group: Group) -> None:
        """Takes in a group that was staged after all others."""
        for entry in group.entries:
            entries = self._entries.setdefault(entry.name, {})
            key = (group.owner, entry.floor)
            known = entries.get(key)
            if known is None or _goes_beyond(entry, known):
                entries[key] = entry

    def value(self, name: str) -> int:
        """Returns what the counter's value will be."""
        ledger, entries = self._ledger, self._entries.get(name)
        if not entries:
            return ledger.value(name)
        if name == DEFAULT:
            return ledger.default.value_with(
                [(*key, entry.count) for key, entry in entries.items()]
            )
        more = [entry.count - ledger.total(owner, name) for (owner, _), entry in entries.items()]
        return ledger.value(name) + sum(more)

    def slot(self, owner: bytes, name: str) -> tuple[int, int]:
        """Returns the floor under which an owner counts next, and what it has counted under it."""
        entries = self._entries.get(name, {})
        if name != DEFAULT:
            entry = entries.get((owner, 0))
            return 0, self._ledger.total(owner, name) if entry is None else entry.count
        counter = self._ledger.default
        floor = max([counter.highest, *(under for _, under in entries)])
        entry = entries.get((owner, floor))
        return floor, max(counter.slot(owner, floor), 0 if entry is None else entry.count)

    def check(self, change: Change, values: dict[str, int], most: int) -> None:
        """Takes one of the changes of a write. Raises ValueError or LimitExceeded if it may not be.

        Args:
            values: the values that counters have after the changes before this one; the value after
                this one is added.
            most: how many counters there may be beside `DEFAULT`.
        """
        name, amount = change
        if name == DEFAULT and amount < 1:
            raise ValueError("amount: must be at least 1")
        value = values.get(name)
        if value is None:
            if not self._knows(name):
                check_name(name)
                if self._after(values) >= most:
                    raise LimitExceeded(f"there are {most} counters, and no more may be made")
            value = self.value(name)
        before, value = value, value + amount
        values[name] = value
        # Merges may bring a value beyond the limit, and from there it may come back.
        if abs(value) > max(VALUE_LIMIT, abs(before)):
            raise LimitExceeded(
                f"the counter cannot pass {VALUE_LIMIT if value > 0 else -VALUE_LIMIT}"
            )

    def _knows(self, name: str) -> bool:
        return name == DEFAULT or name in self._ledger.names or name in self._entries

    def _after(self, more: Iterable[str]) -> int:
        """Returns how many counters there will be with those of a write that is being made."""
        names = self._ledger.names
        return len(names) + sum(
            name != DEFAULT and name not in names for name in {*self._entries, *more}
        )


def _goes_beyond(entry: Entry, known: Entry) -> bool:
    """Returns whether an entry takes the place of another, as it will in the ledger.

    A count of `DEFAULT` only grows, and the declaration of its floor takes nothing from it.
    """
    if entry.name == DEFAULT:
        return entry.count > known.count
    return (entry.version, entry.count) > (known.version, known.count)
