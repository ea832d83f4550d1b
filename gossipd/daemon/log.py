"""Log lines on stderr, for people or as JSON, and a limit for what packets could make it say.

A line is written at once and by the caller: a terminal or pipe that is not read stops the daemon
when its buffer is full. One that is closed does not: from then on lines go nowhere.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Hashable
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from gossipd.daemon.config import LogFormat, LogLevel

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(log_format: LogFormat, log_level: LogLevel, stream: TextIO | None = None) -> None:
    """Makes every structlog logger of the process write to `stream`, by default stderr.

    A line has the keys `event`, its own fields, `level` and `timestamp` (UTC, ISO 8601), in this
    order; in the console format it has them in a form for people, with colours on a terminal.
    """
    stream = sys.stderr if stream is None else stream
    renderer = _json() if log_format == "json" else _console(stream)
    structlog.configure(
        processors=[
            _event_first,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[log_level]),
        logger_factory=lambda *_: LineWriter(stream),
        cache_logger_on_first_use=False,
    )


class LineWriter:
    """Writes lines to a stream and survives the loss of it."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        """Writes one line at once, or nothing if the stream is gone."""
        if self._stream is None:
            return
        try:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except (OSError, ValueError):
            self._drop_buffer()

    debug = info = warning = error = critical = exception = msg

    def _drop_buffer(self) -> None:
        # The interpreter flushes stderr once more at its end, and would exit with 120 if it cannot.
        assert self._stream is not None
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)
        except (OSError, ValueError):
            self._stream = None


class RateLimit:
    """Lets one line through per key and interval, and counts the others.

    Keys should come from a small fixed set (a kind of event, a reason). Should an attacker be able
    to choose them after all, the keys beyond `max_keys` share one.
    """

    def __init__(
        self, interval: float, clock: Callable[[], float], *, max_keys: int = 1024
    ) -> None:
        """`interval` is in seconds, `clock` tells the present time in seconds and never falls."""
        self._interval = interval
        self._clock = clock
        self._max_keys = max_keys
        self._last: dict[Hashable, tuple[float, int]] = {}

    def admit(self, key: Hashable) -> int | None:
        """None if the line must not be written, else how many were held back since the last one."""
        if key not in self._last and len(self._last) >= self._max_keys:
            key = None
        now = self._clock()
        if key not in self._last:
            self._last[key] = (now, 0)
            return 0
        written, suppressed = self._last[key]
        if now - written < self._interval:
            self._last[key] = (written, suppressed + 1)
            return None
        self._last[key] = (now, 0)
        return suppressed


def _event_first(_: WrappedLogger, __: str, event_dict: EventDict) -> EventDict:
    return {"event": event_dict.pop("event", ""), **event_dict}


def _printable(_: WrappedLogger, __: str, event_dict: EventDict) -> EventDict:
    """Escapes what could move a terminal's cursor: a value may come from a packet."""
    return {
        key: value.encode("unicode_escape").decode()
        if isinstance(value, str) and not value.isprintable()
        else value
        for key, value in event_dict.items()
    }


def _json() -> list[Processor]:
    render: Any = structlog.processors.JSONRenderer(separators=(",", ":"))
    return [structlog.processors.format_exc_info, render]


def _console(stream: TextIO | None) -> list[Processor]:
    colors = stream is not None and stream.isatty() and not os.environ.get("NO_COLOR")
    return [
        _printable,
        structlog.dev.ConsoleRenderer(
            colors=colors,
            sort_keys=False,
            exception_formatter=structlog.dev.plain_traceback,
        ),
    ]
