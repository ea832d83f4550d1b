"""What every part of a node needs: settings, time, timers, chance, and where effects go."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from random import Random
from typing import Any

from .config import Identity, ProtocolConfig
from .effects import Effect, Notify
from .events import Event, Paused
from .part import Part
from .timers import Action, TimerQueue

_SAME_EVENT = 60.0
_EVENTS_REMEMBERED = 1000


class Runtime(Part):
    """Settings, time, timers, chance and effects of one node.

    Parts emit effects here; `Node` hands them to the driver at the end of each input.

    Attributes:
        now: the time of the present input, in seconds.
        rng: the only source of randomness.
    """

    def __init__(self, config: ProtocolConfig, identity: Identity, rng: Random, now: float) -> None:
        self.config = config
        self.identity = identity
        self.rng = rng
        self.now = now
        self.timers = TimerQueue()
        self._effects: list[Effect] = []
        self._rejected: dict[str, int] = {}
        self._last_notified: dict[str, float] = {}
        self._pauses = 0
        self._paused_seconds = 0.0
        self._credit = config.pause_credit
        self._credited = now

    def advance(self, now: float) -> float | None:
        """Sets the time of the input that begins, and accounts for lateness.

        Time in which this process did not run is no fault of others: every deadline is extended by
        it (Lifeguard's reasoning, applied to what is known for certain).

        Returns:
            None on time; else the seconds that are forgiven, 0 once the credit is used up.
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
        """Returns whether credit is left; it grows back with the time in which this node ran."""
        on_time = self.now - self._credited - late
        self._credited = self.now
        self._credit = min(self.config.pause_credit, self._credit + on_time)
        if self._credit <= 0:
            return False
        self._credit -= late
        return True

    def after(self, key: Hashable, seconds: float, action: Action) -> None:
        """Calls `action` in `seconds`, unless the timer `key` is set or cancelled before."""
        self.timers.set(key, self.now + seconds, action)

    def emit(self, *effects: Effect) -> None:
        """Queues effects for the driver, in order."""
        self._effects += effects

    def take_effects(self) -> list[Effect]:
        """Returns the effects that were emitted since the last call, in order."""
        effects, self._effects = self._effects, []
        return effects

    def notify(self, event: Event) -> None:
        """Reports an event to the driver's log."""
        self._effects.append(Notify(event))

    def notify_seldom(self, key: str, event: Event) -> None:
        """Reports an event at most once a minute for each key, because a packet can cause it."""
        last = self._last_notified.get(key)
        if last is None or self.now - last >= _SAME_EVENT:
            if len(self._last_notified) > _EVENTS_REMEMBERED:
                self._last_notified.clear()
            self._last_notified[key] = self.now
            self.notify(event)

    def reject(self, reason: str) -> None:
        """Counts a datagram, message or value that is refused, under its reason."""
        self._rejected[reason] = self._rejected.get(reason, 0) + 1

    def counted(self) -> Mapping[str, Any]:
        """Returns what was refused, by reason, and the pauses of this process."""
        return {
            "rejected": self._rejected,
            "pauses": self._pauses,
            "paused_seconds": self._paused_seconds,
        }

    def waiting(self) -> Mapping[str, int]:
        """Returns how many timers are set."""
        return {"timers": len(self.timers)}
