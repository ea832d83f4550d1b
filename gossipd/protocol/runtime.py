"""What every part of a node is given: settings, time, timers, randomness, and the effect queue."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from random import Random
from typing import Any

import attrs

from .bringers import Bringers
from .config import Identity, ProtocolConfig
from .effects import Effect, Notify
from .events import Event, MuchBrought, Paused
from .leaky_bucket import LeakyBucket
from .part import Part
from .timers import Action, TimerQueue
from .wire import LARGEST, PROGRAM_CHARS, Clock

_SAME_EVENT = 60.0
"""Seconds during which `notify_seldom` does not report an event of one key again."""

_EVENTS_REMEMBERED = 1000


class Runtime(Part):
    """Settings, time, timers, randomness and effects of one node, shared by all its parts.

    Parts emit effects here; `Node` returns them to the driver at the end of each input.

    Attributes:
        config: the settings of this node.
        identity: the id of this node at its start, and the nonce of this process.
        now: the time of the present input, in seconds.
        rng: the only source of randomness.
        timers: the timers of all parts.
    """

    def __init__(self, config: ProtocolConfig, identity: Identity, rng: Random, now: float) -> None:
        self.config = config
        self.identity = identity
        self.rng = rng
        self.now = now
        self.timers = TimerQueue()
        self._common = config.common()
        self._program = identity.program[:PROGRAM_CHARS]
        self._wall_ms = identity.wall_ms
        self._wall_read = now
        self._effects: list[Effect] = []
        self._rejected: dict[str, int] = {}
        self._last_notified: dict[str, float] = {}
        self._buckets: dict[str, LeakyBucket] = {}
        self._bringers = Bringers(now)
        self._pauses = 0
        self._paused_seconds = 0.0
        self._credit = config.pause_credit
        self._credited = now

    def advance(self, now: float) -> float | None:
        """Sets the time of the input that begins, and moves all timers if this process was paused.

        A timer that is handled late shows that this process did not run. The other nodes are not
        to blame for that time, so every deadline is extended by it (Lifeguard's reasoning, applied
        to what is known for certain).

        Returns:
            None if this process is on time; else the seconds by which deadlines were extended,
            which is 0 once the credit is used up.
        """
        due, since, tolerance = self.timers.next_deadline(), self.now, self.config.pause_tolerance
        self.now = now
        if due is None or now - due <= tolerance or not self.config.pause_compensation:
            return None
        late = now - max(due, since)
        if late <= tolerance:
            return None
        self._pauses += 1
        self._paused_seconds += late
        forgiven = late if self._forgive(late) else 0.0
        self.timers.extend(forgiven)
        self.notify(Paused(late))
        return forgiven

    def _forgive(self, late: float) -> bool:
        """Charges a pause to the credit. Returns whether there was any credit left.

        Without a limit, a process that is always late would never find anybody dead. The credit
        grows back by the time in which the process ran.
        """
        on_time = self.now - self._credited - late
        self._credited = self.now
        self._credit = min(self.config.pause_credit, self._credit + on_time)
        if self._credit <= 0:
            return False
        self._credit -= late
        return True

    def after(self, key: Hashable, seconds: float, action: Action) -> None:
        """Sets the timer `key`: it calls `action` in `seconds`, unless set anew or cancelled."""
        self.timers.set(key, self.now + seconds, action)

    def wall_ms(self) -> int:
        """Returns what the wall clock shows, in milliseconds since 1970, as far as is known here.

        This is the last reading that the driver gave, and the time since then. It is never outside
        of what a message can bring, however wrong the clock is.
        """
        passed = int((self.now - self._wall_read) * 1000)
        return min(max(self._wall_ms + passed, 0), LARGEST)

    def clock(self, *, asks: bool) -> Clock:
        """Returns what this node tells of its clock, settings and version to one that it meets."""
        return Clock(self.wall_ms(), asks, self._common, self._program)

    def set_wall(self, wall_ms: int) -> None:
        """Takes a new reading of the wall clock, which was stepped."""
        self._wall_ms = wall_ms
        self._wall_read = self.now

    def limit(self, max_counters: int) -> None:
        """Changes that one setting; `config` is another object from then on."""
        self.config = attrs.evolve(self.config, max_counters=max_counters)

    def emit(self, effect: Effect) -> None:
        """Queues an effect for the driver."""
        self._effects.append(effect)

    def emit_all(self, effects: Iterable[Effect]) -> None:
        """Queues effects for the driver, in order."""
        self._effects += effects

    def take_effects(self) -> list[Effect]:
        """Returns the effects that were emitted since the last call, in order."""
        effects, self._effects = self._effects, []
        return effects

    def notify(self, event: Event) -> None:
        """Reports an event, for the driver's log."""
        self._effects.append(Notify(event))

    def allows(self, what: str, rate: float) -> bool:
        """Returns whether `what` may be done once more now, and counts it if so.

        It may be done `rate` times in a second, all of them at once if need be.
        """
        bucket = self._buckets.get(what)
        if bucket is None:
            bucket = self._buckets[what] = LeakyBucket(rate, self.now)
        return bucket.take(self.now)

    def may_bring(self, kind: str, bringer: str, count: int = 1) -> bool:
        """Returns whether a member may bring so much that is new, of a kind of `bringers`."""
        taken = self._bringers.take(kind, bringer, count, self.now)
        if not taken:
            self.reject(f"{kind} brought")
            self.notify_seldom(f"brought {bringer}", MuchBrought(bringer, kind))
        return taken

    def is_said(self, key: str, seconds: float = _SAME_EVENT) -> bool:
        """Returns whether an event of this key was reported of late, so that none is due."""
        last = self._last_notified.get(key)
        return last is not None and self.now - last < seconds

    def notify_seldom(self, key: str, event: Event, seconds: float = _SAME_EVENT) -> None:
        """Reports an event at most once in so many seconds, a minute by default, for each key.

        This is for events that any datagram can cause, so that a sender cannot fill the log.
        """
        if not self.is_said(key, seconds):
            if len(self._last_notified) > _EVENTS_REMEMBERED:
                self._last_notified.clear()
            self._last_notified[key] = self.now
            self.notify(event)

    def reject(self, reason: str) -> None:
        """Counts a datagram, message or value that is refused, under its reason."""
        self._rejected[reason] = self._rejected.get(reason, 0) + 1

    def counted(self) -> Mapping[str, Any]:
        """Returns what was refused, by reason, and how often and how long this process paused."""
        return {
            "rejected": self._rejected,
            "pauses": self._pauses,
            "paused_seconds": self._paused_seconds,
        }

    def waiting(self) -> Mapping[str, int]:
        """Returns how many timers are set."""
        return {"timers": len(self.timers)}
