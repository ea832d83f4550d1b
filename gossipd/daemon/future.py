"""A value to come, for one who leaves word whom to call.

To be woken as a task costs a task switch, which is a good part of answering a request; to be called
costs next to nothing. It is what elsewhere is called a future. trio has none; that of asyncio needs
asyncio's loop, and that of `concurrent.futures` has locks for threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")


class Later(Generic[T]):
    """Settled once, by whoever made it; used once, by `then` or by `map`.

    The value is not None. An exception in its place stands for a failure.
    """

    __slots__ = ("_call", "_outcome")

    def __init__(self, outcome: T | Exception | None = None) -> None:
        """Makes one that is settled already if there is an outcome."""
        self._outcome = outcome
        self._call: Callable[[T | Exception], object] | None = None

    def settle(self, outcome: T | Exception) -> None:
        """Here it is, or why there is none."""
        self._outcome = outcome
        if self._call is not None:
            self._call(outcome)

    def then(self, call: Callable[[T | Exception], object]) -> None:
        """Has `call` called with the outcome: now if it is there, else by `settle`.

        What `call` raises is raised there, in the midst of somebody else's work.
        """
        if self._outcome is not None:
            call(self._outcome)
        else:
            self._call = call

    def map(self, change: Callable[[T | Exception], U]) -> Later[U]:
        """What `change` makes of the outcome; what it raises is the new outcome."""
        changed: Later[U] = Later()

        def settle(outcome: T | Exception) -> None:
            try:
                new: U | Exception = change(outcome)
            except Exception as error:
                new = error
            changed.settle(new)

        self.then(settle)
        return changed
