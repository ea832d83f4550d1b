"""Tells the program that started this process how the node is, as systemd's `sd_notify` does.

A program that wants to be told names a socket in the variable NOTIFY_SOCKET.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Mapping

import trio

_MICROSECONDS = 1_000_000


class Supervisor:
    """What started the process. Where it named no socket, nothing is sent."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        path = environment.get("NOTIFY_SOCKET", "")
        # A name that begins with @ is one of Linux, which no file has.
        self._address = f"\0{path[1:]}" if path.startswith("@") else path
        self._interval = _interval(environment)

    def tell(self, **state: str) -> None:
        """Sends a state, such as `READY="1"`. What cannot be sent is lost."""
        if not self._address:
            return
        text = "\n".join(f"{name}={value}" for name, value in state.items())
        with contextlib.suppress(OSError), _datagrams() as sending:
            sending.sendto(text.encode(), self._address)

    async def watch(self, trouble: Callable[[], str | None]) -> None:
        """Tells that the event loop turns, in time for the watchdog, until it is cancelled.

        `trouble` returns why the node is not ready. That is shown, but stops no watchdog: a node
        whose disk fails still gossips, answers reads, and gets ready again without a restart.
        """
        if not self._address or self._interval is None:
            return
        while True:
            self.tell(WATCHDOG="1", STATUS=trouble() or "ready")
            await trio.sleep(self._interval)


def _datagrams() -> socket.socket:
    sending = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    # A supervisor that reads nothing must not stop the node.
    sending.setblocking(False)
    return sending


def _interval(environment: Mapping[str, str]) -> float | None:
    """Returns half the time after which the watchdog ends this process, None if there is none."""
    text, process = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not text.isdecimal() or int(text) == 0 or process not in ("", str(os.getpid())):
        return None
    return int(text) / _MICROSECONDS / 2
