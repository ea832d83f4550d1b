"""What goes on as server-sent events, as the HTML standard has them.

Each stream begins with the time after which a client that lost it may ask again. It then asks with
the id of the last event that it got, in `Last-Event-ID`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import msgspec

from ..http import Response, Stream
from ..member_events import EventReader
from ..watch import Change, Watch

EVENTS = "text/event-stream"

_HEADERS = (("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))
"""Nobody between keeps a stream, nor holds a part of it back."""

_AGAIN = b"retry: 1000\n\n"

_MOST = 200
"""Most changes of one part: so many that the socket is likely to be full after it."""

_encode = msgspec.json.Encoder(order="sorted").encode


class WatchedCounter(msgspec.Struct):
    """The data of an event of a watch: a counter, and whether there is one of its name."""

    known: bool
    name: str
    value: int


# Many watches are told the same.
@lru_cache(maxsize=1024)
def _data(change: Change) -> bytes:
    return b"data: %s\n\n" % _encode(WatchedCounter(change.known, change.name, change.value))


class _Events:
    """What streams of both kinds do.

    Attributes:
        beat: a comment, which clients ignore.
    """

    beat = b":\n\n"

    def __init__(self) -> None:
        self._begun = False

    def _begin(self, events: bytes, position: str) -> bytes:
        """Returns events, at the first call with how to begin."""
        if self._begun:
            return events
        self._begun = True
        return _AGAIN + (events or _id(position) + b"\n")


class WatchStream(_Events):
    """The values of a watch."""

    def __init__(self, open_watch: Callable[[], Watch]) -> None:
        """Takes what opens the watch, as the stream begins."""
        super().__init__()
        self._open = open_watch
        self._watch: Watch | None = None

    def start(self, more: Callable[[], None]) -> None:
        """Opens the watch."""
        self._watch = self._open()
        self._watch.on_news(more)

    def take(self) -> bytes:
        """Returns the newest values, the last one with the id from which a client may go on."""
        assert self._watch is not None
        events = [_data(change) for change in self._watch.take(_MOST)]
        position = self._watch.position
        if events and position:
            events[-1] = _id(position) + events[-1]
        return self._begin(b"".join(events), position)

    def stop(self) -> None:
        """Closes the watch."""
        assert self._watch is not None
        self._watch.close()


class EventStream(_Events):
    """What happens to members."""

    def __init__(self, open_reader: Callable[[], EventReader]) -> None:
        """Takes what opens the reader, as the stream begins."""
        super().__init__()
        self._open = open_reader
        self._reader: EventReader | None = None

    def start(self, more: Callable[[], None]) -> None:
        """Opens the reader."""
        self._reader = self._open()
        self._reader.on_news(more)

    def take(self) -> bytes:
        """Returns what happened since, and how much of it is lost."""
        assert self._reader is not None
        happened, lost = self._reader.take()
        if lost:
            happened = [{"event": "events_lost", "lost": lost}, *happened]
        events = [b"data: %s\n\n" % msgspec.json.encode(each) for each in happened]
        position = self._reader.position
        if events:
            events[-1] = _id(position) + events[-1]
        return self._begin(b"".join(events), position)

    def stop(self) -> None:
        """Closes the reader."""
        assert self._reader is not None
        self._reader.close()


def streamed(stream: Stream) -> Response:
    """Returns the response whose body is a stream."""
    return Response(200, b"", EVENTS, _HEADERS, stream)


def last_id(headers: dict[bytes, bytes]) -> str:
    """Returns the id of the last event that a client got, empty if it got none."""
    return headers.get(b"last-event-id", b"").decode("latin-1")


def _id(position: str) -> bytes:
    return f"id: {position}\n".encode() if position else b""
