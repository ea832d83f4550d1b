"""Readers of what goes on: each is told that there is news, and takes it when it can.

Nothing is queued for a reader. What is new since it last took something is found when it takes
again, so that a slow one costs no more than a fast one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter

import trio

TURN_SECONDS = 0.001
"""Readers that were woken for this long give way to all others, and then go on."""


class Reader:
    """One who is told that there is news.

    Attributes:
        closed: whether it wants no more.
    """

    def __init__(self) -> None:
        self.closed = False
        self._call: Callable[[], None] | None = None
        self._news = trio.Event()

    def on_news(self, call: Callable[[], None]) -> None:
        """Has `call` called each time that there is something to take. It must raise nothing."""
        self._call = call

    def wake(self) -> None:
        """Tells the reader that there is something to take."""
        if self.closed:
            return
        self._news.set()
        if self._call is not None:
            self._call()

    async def news(self) -> None:
        """Waits until there was something to take since the last call."""
        await self._news.wait()
        self._news = trio.Event()

    def close(self) -> None:
        """Ends. The reader is told nothing more."""
        self.closed = True


async def wake_all(readers: Iterable[Reader], clock: Callable[[], float] = perf_counter) -> float:
    """Wakes readers, with turns for all other tasks in between.

    Returns the seconds of work that it took by `clock`.
    """
    worked = 0.0
    began = clock()
    for reader in readers:
        reader.wake()
        now = clock()
        if now - began >= TURN_SECONDS:
            worked += now - began
            await trio.lowlevel.checkpoint()
            began = clock()
    return worked + clock() - began
