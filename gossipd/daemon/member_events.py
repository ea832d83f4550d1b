"""What happens to members, for whoever follows it: the newest events, kept once for all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from secrets import token_hex
from time import perf_counter
from typing import Any

import trio

from gossipd.protocol import (
    Event,
    IdChanged,
    MemberDead,
    MemberForgotten,
    MemberJoined,
    MemberLeft,
    MemberRecovered,
    MemberSuspect,
    MemberTags,
)

from .event_log import fields_of, name_of
from .readers import Reader, wake_all

KEPT = 1000
"""So many events are kept. A reader that is further behind misses some."""

_TOLD = (
    *(MemberJoined, MemberSuspect, MemberRecovered, MemberDead, MemberLeft, MemberForgotten),
    *(MemberTags, IdChanged),
)

Happening = dict[str, Any]
"""An event under the names of the log: `event`, its own fields, and `time` in UTC."""


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class MemberEvents:
    """The newest events of members, and those who follow them. It listens to a driver."""

    def __init__(
        self,
        wall_clock: Callable[[], datetime] = _wall_clock,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """Takes what tells the time, and a clock that tells how long work takes."""
        self._run = token_hex(4)
        self._wall_clock = wall_clock
        self._clock = clock
        self._number = 0
        self._kept: deque[Happening] = deque(maxlen=KEPT)
        self._readers: dict[EventReader, None] = {}
        self._come = trio.Event()

    def __call__(self, event: Event) -> None:
        """Takes an event, if it is about a member."""
        if isinstance(event, _TOLD):
            now = self._wall_clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
            self._kept.append({"event": name_of(event), **fields_of(event), "time": now})
            self._number += 1
            self._come.set()

    async def run(self) -> None:
        """Tells readers of events, in the turn after them, until it is cancelled."""
        while True:
            await self._come.wait()
            self._come = trio.Event()
            await wake_all(list(self._readers), self._clock)

    def read(self, since: str = "") -> EventReader:
        """Returns a reader of what happens from now on. It must be closed at last.

        With the position of an earlier reader of this process it begins after that.
        """
        reader = EventReader(self, self._number_of(since))
        self._readers[reader] = None
        return reader

    def leave(self, reader: EventReader) -> None:
        """Forgets a reader."""
        del self._readers[reader]

    def after(self, number: int) -> tuple[list[Happening], int]:
        """Returns the events after the one of that number, and how many of them are lost."""
        new = self._number - number
        kept = min(new, len(self._kept))
        return list(islice(self._kept, len(self._kept) - kept, None)), new - kept

    def position(self, number: int) -> str:
        """Returns the number of an event as a text that no other process's numbers are like."""
        return f"{self._run}-{number}"

    @property
    def number(self) -> int:
        """Returns the number of the last event."""
        return self._number

    def _number_of(self, position: str) -> int:
        run, _, number = position.partition("-")
        if run != self._run or not number.isdecimal() or len(number) > 18:
            return self._number
        return min(int(number), self._number)


class EventReader(Reader):
    """One who follows what happens to members."""

    def __init__(self, events: MemberEvents, after: int) -> None:
        """Begins after the event of that number."""
        super().__init__()
        self._events = events
        self._after = after

    @property
    def position(self) -> str:
        """Returns after what another reader would go on from here."""
        return self._events.position(self._after)

    def take(self) -> tuple[list[Happening], int]:
        """Returns the events that are new to this reader, and how many before them are lost."""
        found = self._events.after(self._after)
        self._after = self._events.number
        return found

    def close(self) -> None:
        """Ends the reader."""
        if not self.closed:
            super().close()
            self._events.leave(self)
