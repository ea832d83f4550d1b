"""The channels of keyspace notifications, and what each of them says of a change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ..service import Service
from ..watch import Change, Watch
from .errors import Failed
from .names import Pattern, name_of

NOTIFIED = "g$KE"
"""Which notifications there are, in the letters of Redis's notify-keyspace-events."""

_KEYSPACE = "__keyspace@0__:"
_KEYEVENT = "__keyevent@0__:"
_CHANGED, _GONE = "incrby", "del"

_NO_CHANNEL = (
    "ERR there are the channels __keyspace@0__:NAME, __keyevent@0__:incrby and __keyevent@0__:del"
)


class Wanted(Protocol):
    """What a client subscribed to."""

    def watch(self, service: Service) -> Watch:
        """Returns a watch of all counters that it may be about."""

    def messages(self, change: Change) -> Iterator[tuple[bytes | str, ...]]:
        """Yields what the client is told of a change."""


class Channel:
    """One channel."""

    def __init__(self, text: bytes) -> None:
        """Raises Failed if there is no such channel."""
        name = text.removeprefix(_KEYSPACE.encode())
        self._name = name_of(name) if name != text else None
        if self._name is None and text not in (b"__keyevent@0__:incrby", b"__keyevent@0__:del"):
            raise Failed(_NO_CHANNEL)
        self._channel = text.decode()

    def watch(self, service: Service) -> Watch:
        """Returns a watch of the counter, or of all."""
        return service.watch_prefix("") if self._name is None else service.watch(self._name)

    def messages(self, change: Change) -> Iterator[tuple[bytes | str, ...]]:
        """Yields the message if the change belongs to this channel."""
        for channel, text in _told(change):
            if channel == self._channel:
                yield "message", channel, text


class Channels:
    """All channels that match a pattern."""

    def __init__(self, text: bytes) -> None:
        """Raises Failed if no channel begins as the pattern does."""
        self._text = text
        self._pattern = Pattern(text)
        prefix = self._pattern.prefix
        if not any(each.startswith(prefix[: len(each)]) for each in (_KEYSPACE, _KEYEVENT)):
            raise Failed(_NO_CHANNEL)
        name = prefix.removeprefix(_KEYSPACE)
        self._prefix = name if name != prefix else ""

    def watch(self, service: Service) -> Watch:
        """Returns a watch of the counters that the pattern lets in by their beginning."""
        return service.watch_prefix(self._prefix)

    def messages(self, change: Change) -> Iterator[tuple[bytes | str, ...]]:
        """Yields a message for each channel that matches."""
        for channel, text in _told(change):
            if self._pattern.matches(channel):
                yield "pmessage", self._text, channel, text


def _told(change: Change) -> tuple[tuple[str, str], tuple[str, str]]:
    """Returns both channels of a change, each with what it says."""
    event = _CHANGED if change.known else _GONE
    return (f"{_KEYSPACE}{change.name}", event), (f"{_KEYEVENT}{event}", change.name)
