"""Log lines on stderr, for people or as JSON, and a limit for lines that packets can trigger.

The caller of the log writes each line itself, at once. So a terminal or pipe that nobody reads
stops the daemon when the pipe's buffer is full. One that was closed does not stop it: later lines
are dropped.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Hashable
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from .config import LOG_LEVELS

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_WORD = re.compile(r"( *)([^ ]+)")
_PADDING = re.compile(r"^(.*?\] \S+) +(\x1b\[0m)? ?")
_INDENT = "    "


def configure(log_format: str, log_level: str, stream: TextIO | None = None) -> None:
    """Makes every structlog logger of the process write to `stream`, by default stderr.

    A JSON line has the keys `event`, the event's own fields, `level` and `timestamp` (UTC,
    ISO 8601), in this order. The console format shows the same. On a terminal it has colours, and
    lines that are too wide are broken between words.
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
        wrapper_class=structlog.make_filtering_bound_logger(LOG_LEVELS[log_level]),
        logger_factory=lambda *_: LineWriter(stream),
        cache_logger_on_first_use=False,
    )


def set_level(log_level: str) -> None:
    """Changes the level of a log that `configure` has set up; of a host program's log nothing."""
    if structlog.is_configured():
        level = structlog.make_filtering_bound_logger(LOG_LEVELS[log_level])
        structlog.configure(wrapper_class=level)


def get_logger() -> Any:
    """Returns a logger of structlog, as the program has configured it.

    In a program that has not, what is logged goes to the logger `gossipd` of the standard library:
    as one line, and its fields once more as the record's attribute `gossipd`.
    """
    if structlog.is_configured():
        return structlog.get_logger()
    return structlog.wrap_logger(
        logging.getLogger("gossipd"),
        processors=[_printable, _one_line],
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _one_line(_: WrappedLogger, __: str, event_dict: EventDict) -> EventDict:
    text, error = event_dict.pop("event", ""), event_dict.pop("exc_info", None)
    fields = "".join(f" {key}={value}" for key, value in event_dict.items())
    told: EventDict = {
        "msg": f"{text}{fields}".replace("%", "%%"),
        "extra": {"gossipd": event_dict},
    }
    return {**told, "exc_info": error} if error is not None else told


class LineWriter:
    """Writes lines to a stream, and goes on without it when the stream is closed."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        """Writes one line at once, or drops it if the stream is closed."""
        if self._stream is None:
            return
        try:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except (OSError, ValueError):
            self._drop_buffer()

    debug = info = warning = error = critical = exception = msg

    def _drop_buffer(self) -> None:
        # The interpreter flushes stderr once more when it ends, and exits with 120 if that fails.
        assert self._stream is not None
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)
        except (OSError, ValueError):
            self._stream = None


class RateLimit:
    """Admits one line per key and interval, and counts the lines that it holds back.

    Keys should come from a small fixed set, such as kinds of events or reasons. In case that an
    attacker can choose them after all, the keys beyond `max_keys` share one.
    """

    def __init__(
        self, interval: float, clock: Callable[[], float], *, max_keys: int = 1024
    ) -> None:
        """Takes the interval in seconds, and a clock that tells seconds and never goes back."""
        self._interval = interval
        self._clock = clock
        self._max_keys = max_keys
        self._last: dict[Hashable, tuple[float, int]] = {}

    def admit(self, key: Hashable) -> int | None:
        """Returns how many lines were held back before this one, or None to hold it back too."""
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
    """Escapes control characters, since a value may come from a packet and go to a terminal."""
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
    terminal = stream is not None and stream.isatty()
    render = structlog.dev.ConsoleRenderer(
        colors=terminal and not os.environ.get("NO_COLOR"),
        sort_keys=False,
        exception_formatter=structlog.dev.plain_traceback,
    )

    def fitting(logger: WrappedLogger, name: str, event_dict: EventDict) -> str:
        return fitted(str(render(logger, name, event_dict)), _columns(stream))

    return [_printable, fitting if terminal else render]


def _columns(stream: TextIO | None) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream is not None else 0
    except (OSError, ValueError):
        return 0


def fitted(line: str, columns: int) -> str:
    """Returns a line, broken before words that are beyond so many columns, and then indented.

    Before that it loses the spaces by which fields are below each other.
    A word that is longer than that is left whole, and so are further lines, such as a traceback.
    With 0 columns nothing is broken.
    """
    first, newline, rest = line.partition("\n")
    if columns == 0 or len(_COLOUR.sub("", first)) <= columns:
        return line
    first = _PADDING.sub(r"\1\2 ", first)
    made, used = "", 0
    for gap, word in _WORD.findall(first):
        width, before = len(_COLOUR.sub("", word)), gap
        if used + len(gap) + width > columns:
            # The end of a colour is a word without width.
            before = f"\n{_INDENT}" if width else ""
            used = 0 if width else used
        made += before + word
        used += len(before.strip("\n")) + width
    return made + newline + rest
