"""The values of all counters but `DEFAULT`, and the names of all of them.

Such a counter is a signed sum: each owner has one entry with the sum of all that it counted, and
the value is the sum over the owners. So a change of an entry is a change of the value by as much,
and no value is ever added up anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import category

from sortedcontainers import SortedList

from ..wire import DEFAULT, NAME_BYTES

_FOLLOWED = 1000
"""How many names at most have their changes counted."""


class Names:
    """The named counters' values by name, and all names in order, `DEFAULT` among them.

    Names are ordered by code points, which is the order of their bytes in UTF-8.

    Attributes:
        total: the sum of all values.
    """

    __slots__ = ("_changes", "_sorted", "_values", "total")

    def __init__(self) -> None:
        self.total = 0
        self._values: dict[str, int] = {}
        self._sorted = SortedList([DEFAULT])
        self._changes: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __len__(self) -> int:
        return len(self._values)

    def value(self, name: str) -> int:
        """Returns the value of a counter, 0 for a name that was never counted."""
        return self._values.get(name, 0)

    def add(self, name: str, count: int, instead_of: int = 0) -> None:
        """Takes an owner's sum into a counter's value, in place of the sum that it had.

        The counter is made if there is none of that name.
        """
        known = self._values.get(name)
        if known is None:
            self._sorted.add(name)
            known = 0
        value = known + count - instead_of
        # Where one owner counts alone, its sum and the value are one object in memory.
        self._values[name] = count if value == count else value
        self.total += count - instead_of
        self._follow(name)

    def busiest(self, most: int) -> list[str]:
        """Returns up to `most` names, at most 1,000, in the order of how often they changed here.

        A name is among them if its changes are more than a thousandth of all.
        """
        return sorted(self._changes, key=lambda name: (-self._changes[name], name))[:most]

    def _follow(self, name: str) -> None:
        """Counts a change, after Misra and Gries (1982): rare names make room for others.

        A change of a name for which there is no room takes one from all; each of those was added
        by a change, so that the cost of a change is the same on average.
        """
        changes = self._changes
        if name in changes or len(changes) < _FOLLOWED:
            changes[name] = changes.get(name, 0) + 1
        else:
            self._changes = {each: count - 1 for each, count in changes.items() if count > 1}

    def page(self, prefix: str, after: str) -> Iterator[str]:
        """Yields the names that begin with `prefix` and come after `after`, in order.

        No name may be added before the last one was taken.
        """
        least = max(prefix, after)
        for name in self._sorted.irange(least, inclusive=(least != after or not after, True)):
            if not name.startswith(prefix):
                return
            yield name


def check_name(name: str) -> None:
    """Raises ValueError unless `name` may be a counter's name."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise ValueError("name: must be UTF-8") from None
    if not 1 <= size <= NAME_BYTES:
        raise ValueError(f"name: must have 1 to {NAME_BYTES} bytes, and has {size}")
    if not name.isprintable() and any(category(each) == "Cc" for each in name):
        raise ValueError("name: must not have control characters")
