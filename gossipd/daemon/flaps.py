"""Puts the log lines of a member that is suspected and recovers again and again together.

A member whose network or machine is bad goes through suspect, perhaps dead, and alive every few
seconds, on every node of the cluster. The first such round has its lines. What follows within a
minute is counted, and becomes one line at the end of it; so it goes on until a minute was quiet. A
death is no less than the end of the member, so the first one in each minute has its line at once.

Metrics count everything.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import trio

from gossipd.protocol import Event, MemberDead, MemberRecovered, MemberSuspect, Refuted

from .event_log import log_event
from .log import get_logger

_MINUTE = 60.0
_LOOK = 1.0
"""Seconds between two looks at whether a minute is over."""


class _Minute:
    """What is held back of one member until `ends`."""

    __slots__ = ("dead", "ends", "recovered", "said_dead", "state", "suspected")

    def __init__(self, ends: float) -> None:
        self.ends = ends
        self.suspected = 0
        self.dead = 0
        self.recovered = 0
        self.said_dead = False
        self.state = "alive"

    def hold(self, event: MemberSuspect | MemberDead | MemberRecovered) -> bool:
        """Counts an event. Returns whether it is held back."""
        if isinstance(event, MemberSuspect):
            self.suspected += 1
            self.state = "suspect"
        elif isinstance(event, MemberRecovered):
            self.recovered += 1
            self.state = "alive"
        else:
            self.dead += 1
            self.state = "dead"
            held, self.said_dead = self.said_dead, True
            return held
        return True

    @property
    def news(self) -> bool:
        """Returns whether there is something that no line has said."""
        ended = self.said_dead and not self.recovered
        return not ended and bool(self.suspected or self.recovered)


class EventLog:
    """Logs events, with those of members that flap put together."""

    def __init__(self, clock: Callable[[], float] = trio.current_time) -> None:
        """Takes a clock that tells seconds and never goes back."""
        self._clock = clock
        self._minutes: dict[str, _Minute] = {}
        # When a claim about this node may be reported again; the last one that was refuted since
        # the last line, and how many were.
        self._quiet_until = -inf
        self._refuted: Refuted | None = None
        self._times = 0

    def __call__(self, event: Event) -> None:
        """Logs an event, or counts it for a later line."""
        if isinstance(event, Refuted):
            self._refute(event)
        elif not isinstance(event, MemberSuspect | MemberDead | MemberRecovered):
            log_event(event)
        else:
            minute = self._minutes.get(event.member)
            if minute is None or not minute.hold(event):
                log_event(event)
            if minute is None and isinstance(event, MemberRecovered):
                self._minutes[event.member] = _Minute(self._clock() + _MINUTE)
        self.flush()

    async def run(self) -> None:
        """Writes the line of each minute that is over, until it is cancelled."""
        while True:
            await trio.sleep(_LOOK)
            self.flush()

    def flush(self) -> None:
        """Writes the line of each minute that is over."""
        now = self._clock()
        # In the order of their ends.
        while self._minutes:
            member, minute = next(iter(self._minutes.items()))
            if minute.ends > now:
                break
            del self._minutes[member]
            if minute.news:
                self._minutes[member] = _Minute(now + _MINUTE)
                self._write(member, minute)
        if self._refuted is not None and now >= self._quiet_until:
            last, times = self._refuted, self._times
            self._refuted, self._times = None, 0
            self._quiet_until = now + _MINUTE
            log_event(last, **({"times": times} if times > 1 else {}))

    def _write(self, member: str, minute: _Minute) -> None:
        get_logger().warning(
            "member_flaps",
            member=member,
            suspected=minute.suspected,
            dead=minute.dead,
            recovered=minute.recovered,
            state=minute.state,
        )

    def _refute(self, event: Refuted) -> None:
        now = self._clock()
        if now >= self._quiet_until:
            self._quiet_until = now + _MINUTE
            log_event(event)
        else:
            self._refuted = event
            self._times += 1
