"""Requests and answers as values, the server's limits, and the bytes of an answer.

Follows RFC 9110 and RFC 9112.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Protocol

import attrs

from ..future import Future

TEXT = "text/plain; charset=utf-8"

CLOSE = b"Connection: close\r\n"
KEEP_ALIVE = b"Connection: keep-alive\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


# Not frozen: one is made for every request, and making a frozen one takes three times as long.
@attrs.define(eq=False)
class Request:
    """One complete request. It must not be changed.

    Attributes:
        method: in capitals, as sent.
        path: the target up to the first `?`, not percent-decoded.
        query: the target after the first `?`, or "".
        headers: by lower-case name. Values of a repeated name are joined by ", "; `Host` is
            never repeated. Trailers of a chunked body are dropped.
        body: the decoded body, b"" without one.
    """

    method: str
    path: str
    query: str
    headers: dict[bytes, bytes]
    body: bytes


class Stream(Protocol):
    """What a streaming answer sends after its head.

    Attributes:
        beat: what is sent when there has been nothing to send for a while.
    """

    @property
    def beat(self) -> bytes:
        """Returns what shows a client and all between that the connection lives."""

    def start(self, more: Callable[[], None]) -> None:
        """Begins, once the head is sent. `more` is to be called when `take` has something new."""

    def take(self) -> bytes:
        """Returns what is to be sent next, b"" if there is nothing now.

        It is called only when everything that it returned before is sent.
        """

    def stop(self) -> None:
        """Ends. Called once after `start`, whatever became of the connection."""


@attrs.define
class Response:
    """An answer to one request. It may be kept and given again, and must not be changed.

    One that has a stream is for one request only.

    Attributes:
        status: a final status of an answer with a body: neither 1xx, 204 nor 304.
        body: bytes that are sent as they are. An answer to HEAD leaves them out, and its
            Content-Length still counts them.
        content_type: the Content-Type, or None for an answer without that header.
        headers: names and values of further headers. The server itself adds Content-Length, Date
            and Connection.
        stream: what is sent instead of a body, until either side closes; an answer to HEAD leaves
            it out. The answer is the last one on its connection, and has no Content-Length.
    """

    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    stream: Stream | None = None


Handler = Callable[[Request], Response | Future[Response]]
"""Answers a request, at once or by a future that is settled later."""


@attrs.frozen(kw_only=True)
class Limits:
    """The limits on what clients take.

    Attributes:
        head_bytes: most bytes of request line and header fields together; a larger head is
            answered 431 or 414.
        body_bytes: most bytes of a decoded body; a larger one is answered 413.
        head_time: most seconds from the first byte of a head to its last; a slower one is answered
            408.
        body_time: most seconds from the end of a head to the end of its body; a slower one is
            answered 408.
        write_time: most seconds in which a peer takes what is sent; a slower one is cut off.
        idle_time: most seconds for which a connection stays open without a request.
        beat_time: seconds after which a stream's `beat` is sent, again and again.
        connections: most open connections. A newcomer beyond it takes the place of the connection
            that has been idle longest; if none is idle, the newcomer is answered 503 and closed.
        streams: most of them on which an answer is streamed; one more is answered 503. The others
            are left to requests that end, such as those of a health check.
        refusals: most newcomers over that limit that are answered 503 with care at one time. To
            more of them the answer is sent without waiting for its arrival.
        linger_time: most seconds for which the rest of a refused request is read and thrown away.
            Closing the connection before that could lose the answer in a reset.
        linger_bytes: most bytes of that rest.
        tick: seconds between two checks of the deadlines. A connection ends up to two ticks after
            its deadline, and never before.
    """

    head_bytes: int = 16 * 1024
    body_bytes: int = 1024 * 1024
    head_time: float = 10.0
    body_time: float = 30.0
    write_time: float = 30.0
    idle_time: float = 75.0
    beat_time: float = 15.0
    connections: int = 1000
    streams: int = 900
    refusals: int = 100
    linger_time: float = 1.0
    linger_bytes: int = 4 * 1024 * 1024
    tick: float = 0.5


def text_response(status: int, line: str, *headers: tuple[str, str]) -> Response:
    """Returns an answer in plain text: `line`, as one line of at most 300 characters."""
    text = " ".join(line.split())[:300] + "\n"
    return Response(status, text.encode("utf-8", "backslashreplace"), TEXT, headers)


def encode(response: Response, *, date: bytes, connection: bytes, head_only: bool) -> bytes:
    """Returns the bytes of an answer.

    Args:
        date: a whole Date header line.
        connection: a whole Connection header line, or b"".
        head_only: whether to leave the body out, as for HEAD.
    """
    body = response.body
    if response.headers:
        connection += _lines(response.headers)
    if response.stream is not None:
        opening = _opening(response.status, response.content_type)
        return b"%s%s%s\r\n" % (opening, date, connection)
    return b"%sContent-Length: %d\r\n%s%s\r\n%s" % (
        _opening(response.status, response.content_type),
        len(body),
        date,
        connection,
        b"" if head_only else body,
    )


@lru_cache(maxsize=256)
def _lines(headers: tuple[tuple[str, str], ...]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode()


@lru_cache(maxsize=256)
def _opening(status: int, content_type: str | None) -> bytes:
    line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
    return (line + (f"Content-Type: {content_type}\r\n" if content_type else "")).encode()
