"""The live view as a program: it draws what the node tells, and does what keys and signals ask."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress
from queue import Empty, Queue

from rich.console import Console

from gossipd.client import Door

from .known import Known
from .news import News
from .picture import Moment, draw
from .readings import read_from
from .terminal import Terminal, signals
from .view import View, keys

_BETWEEN_SECONDS = 0.1
"""The node's news are drawn at most so often; keys at once."""

_AT_LEAST_SECONDS = 1.0
_WAITING = 10_000
_ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class NoTerminal(Exception):
    """There is no terminal that can show the view, for the reason in words."""


class _Inbox:
    """The news of other threads. Whoever puts in more than is taken waits."""

    def __init__(self) -> None:
        self._news: Queue[News] = Queue(_WAITING)
        self.waking, self._wake = os.pipe()
        os.set_blocking(self.waking, False)
        os.set_blocking(self._wake, False)

    @property
    def wake(self) -> int:
        """Returns the descriptor to which a byte is written to wake the program."""
        return self._wake

    def put(self, news: News) -> None:
        """Puts in one of the news."""
        self._news.put(news)
        with suppress(BlockingIOError):
            os.write(self._wake, b"n")

    def take(self, known: Known, now: float) -> None:
        """Has all news noted."""
        with suppress(BlockingIOError):
            os.read(self.waking, 1 << 16)
        for _ in range(_WAITING):
            try:
                known.take(self._news.get_nowait(), now)
            except Empty:
                return


def monitor(door: Door) -> int:
    """Shows the node behind a door until the person at the terminal leaves.

    Returns 0, or 128 and the number of the signal that ended it. The terminal is as before in any
    case. Raises NoTerminal if there is none that can move its cursor.
    """
    console = Console(highlight=False, legacy_windows=False)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NoTerminal("stdin and stdout are not both a terminal")
    if console.is_dumb_terminal:
        raise NoTerminal("the terminal cannot move its cursor (TERM is dumb or not set)")
    # A terminal without UTF-8 shows a question mark for what it does not have.
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    terminal, inbox = Terminal(console), _Inbox()
    with signals(inbox.wake) as came:
        read_from(door, inbox.put)
        try:
            terminal.enter()
            return _show(terminal, inbox, came)
        except OSError:
            # The terminal is gone; all else that can fail is in other threads.
            return 128 + signal.SIGHUP
        finally:
            terminal.leave()


def _show(terminal: Terminal, inbox: _Inbox, came: list[int]) -> int:
    known, view = Known(), View()
    due = drawn = time.monotonic()
    while True:
        ready, _, _ = select.select(
            [sys.stdin, inbox.waking], [], [], max(0.0, due - time.monotonic())
        )
        now = time.monotonic()
        inbox.take(known, now)
        while came:
            number = came.pop(0)
            if number in _ENDING:
                return 128 + number
            if number == signal.SIGTSTP:
                terminal.stop()
            due = now
        if sys.stdin in ready:
            for key in keys(terminal.typed()):
                view.press(key)
            if view.ended:
                return 0
            due = now
        if now >= due:
            width, height = terminal.size()
            picture = draw(known, view, width, height, Moment(now, time.time()))
            view.clamp(picture.furthest)
            terminal.show(picture.lines)
            drawn, due = now, now + _AT_LEAST_SECONDS
        else:
            due = min(due, max(now, drawn + _BETWEEN_SECONDS))
