"""What is new as an asynchronous iterator, for a task that follows counters or members."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import trio

from .readers import Reader

T = TypeVar("T")


class Following(Generic[T]):
    """An iterator that waits for what comes next, and ends when the node stops or at `close`.

    It is for one task. It may be dropped at any time; that closes it.
    """

    def __init__(self, reader: Reader, take: Callable[[], Sequence[T]]) -> None:
        """Takes a reader and what returns the next of its news, nothing if there are none now."""
        self._reader = reader
        self._take = take
        self._taken: deque[T] = deque()
        self._ended = False
        self._soon = trio.lowlevel.current_trio_token().run_sync_soon

    def __aiter__(self) -> Following[T]:
        """Returns this iterator."""
        return self

    async def __anext__(self) -> T:
        """Waits for the next item."""
        await trio.lowlevel.checkpoint()
        while not self._taken:
            if self._ended:
                raise StopAsyncIteration
            self._taken.extend(self._take())
            if not self._taken:
                await self._reader.news()
        return self._taken.popleft()

    def end(self) -> None:
        """Ends the iteration, also of a task that waits."""
        self._ended = True
        self._reader.wake()
        self._reader.close()

    close = end

    def __del__(self) -> None:
        """Lets the node forget the reader.

        That comes when no other step of the node is under way: the collector of garbage may call
        this in the midst of one, and in any thread.
        """
        with suppress(trio.RunFinishedError):
            self._soon(self._reader.close)
