"""What becomes of a frame: the pure half of the switch."""

from __future__ import annotations

import heapq
from random import Random

from .schedule import CALM, Weather

Delivery = tuple[int, bytes]
"""The machine at which a frame arrives, and the frame."""

_LATE = 5.0
_HELD_BACK = 0.15
_IPV4 = b"\x08\x00"
_UDP = 17
_CHECKSUM = slice(40, 42)
_PAYLOAD = 42


class Wire:
    """Carries Ethernet frames between machines whose addresses end in their number plus one.

    Attributes:
        frames: how many it was given.
        octets: how long they were together.
    """

    def __init__(self, machines: int, rng: Random) -> None:
        self.frames = self.octets = 0
        self._machines = machines
        self._rng = rng
        self._weather = CALM
        self._later: list[tuple[float, int, int, bytes]] = []
        self._number = 0

    def turn(self, weather: Weather) -> list[Delivery]:
        """Sets the weather. When it becomes calm, all that is still on its way arrives now."""
        self._weather = weather
        return self.due(float("inf")) if weather == CALM else []

    def carry(self, source: int, frame: bytes, now: float) -> list[Delivery]:
        """Takes a frame from a machine, and returns what arrives at once."""
        self.frames += 1
        self.octets += len(frame)
        everybody = frame[0] & 1
        to = (
            [one for one in range(self._machines) if one != source] if everybody else [frame[5] - 1]
        )
        found: list[Delivery] = []
        for target in to:
            if not 0 <= target < self._machines or (source, target) in self._weather.cut:
                continue
            if frame[12:14] == _IPV4 and frame[23] == _UDP:
                found += self._udp(target, frame, now)
            else:
                found.append((target, frame))
        return found

    def due(self, now: float) -> list[Delivery]:
        """Returns what was held back until now."""
        found = []
        while self._later and self._later[0][0] <= now:
            _, _, target, frame = heapq.heappop(self._later)
            found.append((target, frame))
        return found

    def wait(self, now: float) -> float | None:
        """Returns the seconds until something is due, or None."""
        return max(0.0, self._later[0][0] - now) if self._later else None

    def _udp(self, target: int, frame: bytes, now: float) -> list[Delivery]:
        weather = self._weather
        if self._happens(weather.loss):
            return []
        if self._happens(weather.corrupt):
            frame = self._corrupted(frame)
        copies = 1 + self._happens(weather.repeat) + self._happens(weather.repeat / 3)
        found = []
        for copy in range(copies):
            delay = self._rng.random() * weather.delay / 1000
            if self._happens(weather.reorder):
                delay += self._rng.random() * _HELD_BACK
            if copy and self._happens(10):
                delay += self._rng.random() * _LATE
            if delay:
                self._number += 1
                heapq.heappush(self._later, (now + delay, self._number, target, frame))
            else:
                found.append((target, frame))
        return found

    def _happens(self, percent: float) -> bool:
        return self._rng.random() * 100 < percent

    def _corrupted(self, frame: bytes) -> bytes:
        """Returns the frame with some bits wrong, or all of its payload, and without a checksum.

        The kernel would drop it otherwise, and the node's own check would never be tried.
        """
        data = bytearray(frame)
        data[_CHECKSUM] = b"\0\0"
        if len(data) > _PAYLOAD:
            for _ in range(self._rng.randint(1, 4)):
                data[self._rng.randrange(_PAYLOAD, len(data))] ^= 1 << self._rng.randrange(8)
            if self._happens(20):
                data[_PAYLOAD:] = self._rng.randbytes(len(data) - _PAYLOAD)
        return bytes(data)
