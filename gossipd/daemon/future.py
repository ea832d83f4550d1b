"""A future that calls back: a value that is not there yet, and the one function to call with it.

Waking a task that waits for a value costs a task switch of trio, which is a good part of the cost
of answering a request. Calling a function costs next to nothing. trio has no futures; those of
asyncio need asyncio's loop, and those of `concurrent.futures` take locks for threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")


class Future(Generic[T]):
    """A value to come. The producer calls `settle` once; the consumer calls `then` or `map` once.

    The value is never None. A failure is told by an exception in place of the value.
    """

    __slots__ = ("_call", "_outcome")

    def __init__(self, outcome: T | Exception | None = None) -> None:
        """Makes a future, which is settled already if an outcome is given."""
        self._outcome = outcome
        self._call: Callable[[T | Exception], object] | None = None

    def settle(self, outcome: T | Exception) -> None:
        """Sets the value, or the exception in its place, and calls the function given to `then`."""
        if self._call is None:
            self._outcome = outcome
        else:
            # It is not kept: an error has the frames in which it was raised, which may have this.
            self._call(outcome)

    def then(self, call: Callable[[T | Exception], object]) -> None:
        """Calls `call` with the outcome: now if the future is settled, else when it is.

        In the second case `call` runs inside `settle`, in the middle of the producer's work, and
        what it raises is raised there.
        """
        if self._outcome is not None:
            call(self._outcome)
        else:
            self._call = call

    def map(self, change: Callable[[T | Exception], U]) -> Future[U]:
        """Returns a future of what `change` makes of the outcome, or of what `change` raises."""
        changed: Future[U] = Future()

        def settle(outcome: T | Exception) -> None:
            try:
                new: U | Exception = change(outcome)
            except Exception as error:
                new = error
            changed.settle(new)
            del new  # An error has this frame.

        self.then(settle)
        return changed
