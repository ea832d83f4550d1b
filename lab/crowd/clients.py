"""The clients: they come, send, read or not, and go, each in a way of its own."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from random import Random

from .doors import Door

_READ_BYTES = 1 << 20
_OVERLAP = 64
_ABORT = struct.pack("ii", 1, 0)


class _Client:
    """One connection, which sends its input by so many bytes at a time."""

    def __init__(self, door: Door, rng: Random) -> None:
        self._door = door
        self._socket = socket.create_connection((door.host, door.port), 10)
        self._socket.setblocking(False)
        self._left = door.draw(rng)
        self._pace = rng.choice([1, 7, 1000, _READ_BYTES])
        self._reads = rng.random() < 0.8
        self._tail = b""

    def go_on(self, rng: Random) -> list[str]:
        """Sends the next piece, and reads what is there. Returns the faults of the answers.

        Raises OSError if the connection has ended.
        """
        if not self._left and rng.random() < 0.3:
            self._left = self._door.draw(rng)
        with suppress(BlockingIOError):
            sent = self._socket.send(self._left[: self._pace])
            self._left = self._left[sent:]
        return self._read() if self._reads else []

    def _read(self) -> list[str]:
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return []
        if not data:
            raise ConnectionResetError
        found = self._door.fault.findall(self._tail + data)
        self._tail = b"" if found else data[-_OVERLAP:]
        return [one.decode("latin-1") for one in found]

    def end(self, rng: Random) -> list[str]:
        """Closes the connection, in good order or not. Returns the faults of the last answers."""
        found = []
        with suppress(OSError):
            if rng.random() < 0.3:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            elif rng.random() < 0.5:
                self._socket.shutdown(socket.SHUT_WR)
            found = self._read()
        self._socket.close()
        return found


class Crowd:
    """Clients of one door, a few of which are there at any time.

    Attributes:
        came: how many have come so far.
        faults: what answers held that none may hold.
    """

    def __init__(self, door: Door, rng: Random, most: int = 30) -> None:
        self.came = 0
        self.faults: list[str] = []
        self._door = door
        self._rng = rng
        self._most = most
        self._there: list[_Client] = []

    def step(self) -> None:
        """Lets one client come, go on, or leave."""
        rng, there = self._rng, self._there
        if not there or (len(there) < self._most and rng.random() < 0.2):
            there.append(_Client(self._door, rng))
            self.came += 1
            return
        place = rng.randrange(len(there))
        try:
            self.faults += there[place].go_on(rng)
        except OSError:
            self._leave(place)
        else:
            if rng.random() < 0.1:
                self._leave(place)

    def leave(self) -> None:
        """Lets all clients leave."""
        while self._there:
            self._leave(0)

    def _leave(self, place: int) -> None:
        self.faults += self._there.pop(place).end(self._rng)
