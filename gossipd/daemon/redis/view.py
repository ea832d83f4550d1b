"""The counters as one client sees them."""

from __future__ import annotations

from gossipd.protocol import DEFAULT, Values


class View:
    """The values of this node, or those within a transaction."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._changed: dict[str, int | None] = {}
        self._made: set[str] = set()

    def __len__(self) -> int:
        """Returns how many counters there are."""
        known = len(self._values) + self._values.knows(DEFAULT)
        # What is shown otherwise than it is, in a transaction.
        shown = self._changed.items()
        return known + sum((value is not None) - self._values.knows(name) for name, value in shown)

    def apart(self) -> View:
        """Returns a view of its own of the same counters."""
        return View(self._values)

    def begin(self, name: str, value: int | None) -> None:
        """Shows this value, or none, until `note`, unless another one was shown before."""
        self._changed.setdefault(name, value)

    def note(self, name: str, value: int | None) -> None:
        """Shows this value, or none, from now on."""
        if value is not None and self.value(name) is None:
            self._made.add(name)
        self._changed[name] = value

    def is_new(self, name: str) -> bool:
        """Returns whether the counter was made by a value that was noted."""
        return name in self._made

    def expires_in(self, name: str) -> float | None:
        """Returns in how many milliseconds a counter expires; None if it does not."""
        seconds = self._values.expires_in(name)
        return None if seconds is None else seconds * 1000

    def value(self, name: str) -> int | None:
        """Returns the value of a counter, or None if there is none of that name."""
        if name in self._changed:
            return self._changed[name]
        return self._values.value(name) if self._values.knows(name) else None

    def page(self, prefix: str, after: str, most: int) -> tuple[list[str], str | None]:
        """Returns names that begin with `prefix` and come after `after`, in order.

        They are up to `most`. With them comes the name after which the next page begins, or None
        if this is the last one.
        """
        found = [name for name, _ in self._values.page(prefix, after, most)]
        last = found[-1] if len(found) == most else None
        if DEFAULT in found and not self._values.knows(DEFAULT):
            found.remove(DEFAULT)
        return found, last
