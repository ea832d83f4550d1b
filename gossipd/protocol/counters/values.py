"""The counters as clients may read them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from ..wire import DEFAULT
from .floors import shown
from .ledger import Ledger


class Values:
    """The present names and values of a node's counters."""

    def __init__(self, ledger: Ledger, clock: Callable[[], int]) -> None:
        """Takes what returns the time in milliseconds since 1970, by which counters expire."""
        self._ledger = ledger
        self._clock = clock

    def __len__(self) -> int:
        """Returns how many counters there are beside `default`."""
        return len(self._ledger.names)

    def value(self, name: str) -> int:
        """Returns the value of a counter, within ±(2**53 - 1); 0 for a name that is absent."""
        return shown(self._present(name) or 0)

    def knows(self, name: str) -> bool:
        """Returns whether there is a counter of this name, as far as is known here."""
        if name == DEFAULT:
            return self._ledger.default.touched
        return self._present(name) is not None

    def expires_in(self, name: str) -> float | None:
        """Returns in how many seconds a counter expires; None if it does not."""
        wait = self._ledger.names.expires_in(name, self._clock())
        return None if wait is None else wait / 1000

    def page(self, prefix: str = "", after: str = "", most: int = 100) -> list[tuple[str, int]]:
        """Returns names and values of up to `most` counters, in order of name.

        Args:
            prefix: with what the names begin.
            after: the name after which the page begins: the last one of the page before.
        """
        names = self._ledger.names.page(prefix, after)
        found = ((name, self._present(name)) for name in names)
        present = ((name, shown(value)) for name, value in found if value is not None)
        return list(islice(present, most))

    def _present(self, name: str) -> int | None:
        if name == DEFAULT:
            return self._ledger.default.value
        return self._ledger.names.present(name, self._clock())

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
        return self._ledger.names.take_changed()
