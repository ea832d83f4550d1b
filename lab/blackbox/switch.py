"""The switch: a process of its own that reads and writes the network devices of all machines."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import select
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from random import Random
from typing import NamedTuple

from .schedule import Weather
from .wire import Delivery, Wire

_BATCH = 64
_FRAME = 65536


class Carried(NamedTuple):
    """What was sent so far, by all machines."""

    frames: int
    octets: int


class Switch:
    """Speaks to the process of the switch."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def turn(self, weather: Weather) -> None:
        """Sets the weather; it holds when this returns."""
        self._ask(weather)

    def carried(self) -> Carried:
        """Returns what the machines sent so far."""
        return self._ask(None)

    def _ask(self, weather: Weather | None) -> Carried:
        self._connection.send(weather)
        answer: Carried = self._connection.recv()
        return answer


@contextmanager
def switch(taps: Sequence[int], seed: int) -> Iterator[Switch]:
    """Connects these devices for the length of the block."""
    context = multiprocessing.get_context("fork")
    ours, its = context.Pipe()
    process = context.Process(target=_serve, args=(taps, seed, its, ours), daemon=True)
    process.start()
    its.close()
    try:
        yield Switch(ours)
    finally:
        # Without anybody at the other end of the pipe it ends by itself.
        ours.close()
        process.join(2)
        if process.is_alive():
            process.kill()
            process.join()


def _serve(taps: Sequence[int], seed: int, commands: Connection, other_end: Connection) -> None:
    other_end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wire = Wire(len(taps), Random(f"{seed}/wire"))
    numbers = {tap: number for number, tap in enumerate(taps)}
    poll = select.epoll()
    for tap in (*taps, commands.fileno()):
        poll.register(tap, select.EPOLLIN)
    while True:
        for ready, _ in poll.poll(wire.wait(time.monotonic())):
            if ready in numbers:
                for frame in _frames(ready):
                    _deliver(taps, wire.carry(numbers[ready], frame, time.monotonic()))
                continue
            try:
                weather = commands.recv()
            except EOFError:
                return
            if weather is not None:
                _deliver(taps, wire.turn(weather))
            commands.send(Carried(wire.frames, wire.octets))
        _deliver(taps, wire.due(time.monotonic()))


def _frames(tap: int) -> Iterator[bytes]:
    """Yields what waits at a device, at most a batch so that the others have their turn."""
    with contextlib.suppress(BlockingIOError):
        for _ in range(_BATCH):
            yield os.read(tap, _FRAME)


def _deliver(taps: Sequence[int], deliveries: Sequence[Delivery]) -> None:
    for target, frame in deliveries:
        # A device whose queue is full loses the frame, as any does.
        with contextlib.suppress(OSError):
            os.write(taps[target], frame)
