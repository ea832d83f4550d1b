"""The counters as clients may read them."""

from __future__ import annotations

from itertools import islice

from .floors import shown
from .ledger import Ledger


class Values:
    """The present names and values of a node's counters."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __len__(self) -> int:
        """Returns how many counters there are beside `default`."""
        return len(self._ledger.names)

    def value(self, name: str) -> int:
        """Returns the value of a counter, within ±(2**53 - 1); 0 for a name never counted."""
        return shown(self._ledger.value(name))

    def knows(self, name: str) -> bool:
        """Returns whether anybody has counted under a name, as far as is known here."""
        return self._ledger.knows(name)

    def page(self, prefix: str = "", after: str = "", most: int = 100) -> list[tuple[str, int]]:
        """Returns names and values of up to `most` counters, in order of name.

        Args:
            prefix: with what the names begin.
            after: the name after which the page begins: the last one of the page before.
        """
        names = self._ledger.names.page(prefix, after)
        return [(name, self.value(name)) for name in islice(names, most)]

    def busiest(self, most: int) -> tuple[list[tuple[str, int]], int]:
        """Returns the counters that changed most often, and the sum of all others' values.

        They are up to `most` names with their values, without `default`, which is in no sum.
        """
        names = self._ledger.names
        found = [(name, names.value(name)) for name in names.busiest(most)]
        return found, names.total - sum(value for _, value in found)

    def take_changed(self) -> list[str]:
        """Hands over the names whose values may have changed since the last call, in that order.

        The first call hands over nothing, and begins to note changes. So only one may call it.
        """
        return self._ledger.take_changed()
