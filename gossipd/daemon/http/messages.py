"""What the HTTP server passes to its handler and gets back, its limits, and the bytes of an answer.

Knows nothing of connections or of what is served. Follows RFC 9110 and RFC 9112.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache
from http import HTTPStatus

import attrs

from ..future import Later

TEXT = "text/plain; charset=utf-8"

CLOSE = b"Connection: close\r\n"
KEEP_ALIVE = b"Connection: keep-alive\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


# Not frozen: one is made for every request, and a frozen one costs three times as much.
@attrs.define(eq=False)
class Request:
    """One complete request. It is not to be changed.

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


@attrs.define
class Response:
    """An answer to one request. It may be kept and given again, and is not to be changed.

    Attributes:
        status: a final status with a body: neither 1xx, 204 nor 304.
        body: sent as it is; left out, but counted in Content-Length, if the method was HEAD.
        content_type: the Content-Type, or None for an answer without that header.
        headers: further names and values. The server itself adds Content-Length, Date and
            Connection.
    """

    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


Handler = Callable[[Request], Response | Later[Response] | Awaitable[Response]]
"""Answers a request: at once, or by something to wait for, of which a `Later` costs least."""


@attrs.frozen(kw_only=True)
class Limits:
    """What one client may take.

    Attributes:
        head_bytes: bytes of request line and header fields together; more is answered 431 or 414.
        body_bytes: bytes of a decoded body; more is answered 413.
        head_time: seconds from the first byte of a head to its last; later is answered 408.
        body_time: seconds from the end of a head to the end of its body; later is answered 408.
        write_time: seconds in which a peer takes what is sent at once; then it is cut off.
        idle_time: seconds for which a connection may be open without a request.
        connections: open connections. One more closes the connection that has been idle longest;
            if none is idle, it is itself answered 503 and closed.
        linger_time: seconds for which the rest of a refused request is read and thrown away, so
            that its answer is not lost in a reset.
        linger_bytes: bytes of that rest.
        tick: seconds between two looks at the deadlines. A deadline is kept up to two ticks late
            and never early.
    """

    head_bytes: int = 16 * 1024
    body_bytes: int = 1024 * 1024
    head_time: float = 10.0
    body_time: float = 30.0
    write_time: float = 30.0
    idle_time: float = 75.0
    connections: int = 1000
    linger_time: float = 1.0
    linger_bytes: int = 4 * 1024 * 1024
    tick: float = 0.5


def text_response(status: int, line: str, *headers: tuple[str, str]) -> Response:
    """Returns `line`, made one line of at most 300 characters, as an answer in plain text."""
    text = " ".join(line.split())[:300] + "\n"
    return Response(status, text.encode("utf-8", "backslashreplace"), TEXT, headers)


def encode(response: Response, *, date: bytes, connection: bytes, head_only: bool) -> bytes:
    """Returns the bytes of an answer.

    Args:
        date: a whole Date header line.
        connection: a whole Connection header line, or b"".
        head_only: leave the body out, as HEAD wants it.
    """
    body = response.body
    if response.headers:
        connection += _lines(response.headers)
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
