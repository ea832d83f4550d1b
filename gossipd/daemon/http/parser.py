"""Turns the bytes of an HTTP/1.1 connection into complete requests, without waiting or sending.

httptools checks the grammar. The parser here adds the limits, and what RFC 9112 asks of a server
beyond the grammar.
"""

from __future__ import annotations

import re
from functools import lru_cache

import httptools

from ..repeated import Repeated
from .messages import CLOSE, KEEP_ALIVE, Limits, Request, Response, text_response

# A head without any of these fields needs no closer check.
_SPECIAL = frozenset(
    (b"connection", b"content-length", b"expect", b"transfer-encoding", b"upgrade")
)


# A target of these characters says nothing else about a request than its path and its query.
_PLAIN = re.compile(rb"/[\w/.:~%?=&,+@-]*")

Ready = tuple[Request, bytes]
"""A complete request, and the Connection line of its answer."""


class _Refused(Exception):
    """Ends the parsing of a request, which is answered by `response`."""

    def __init__(self, status: int, line: str) -> None:
        self.response = text_response(status, line)


class RequestParser:
    """The parser of one connection.

    Attributes:
        ready: complete requests in order, each with the Connection line that its answer carries. A
            line that closes is the object `CLOSE` itself. The connection empties the list.
        refusal: the answer to bytes that are no acceptable request, or None. It follows the answers
            to what is ready, and nothing is parsed after it.
        in_head: whether a head has begun and not ended.
        in_body: whether a head has ended and its body has not.
        expects_continue: whether the client waits for 100 Continue before it sends the body.
    """

    def __init__(self, limits: Limits, repeated: Repeated[list[Ready]] | None = None) -> None:
        """Takes the server's limits, and what its other connections have sent as well."""
        self.ready: list[Ready] = []
        self.refusal: Response | None = None
        self.in_head = False
        self.in_body = False
        self.expects_continue = False
        self._limits = limits
        self._repeated = Repeated[list[Ready]]() if repeated is None else repeated
        self._parser = httptools.HttpRequestParser(self)
        self._method = b""
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._head_is_split = False
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._connection_line = b""
        self._drop_upgrade = False
        self._fruitless_bytes = 0
        # Whether the next byte begins a request.
        self._between = True

    def close(self) -> None:
        """Breaks the reference cycle with httptools' parser, so that both are freed at once."""
        del self._parser

    def refuse(self, response: Response | None) -> None:
        """Sets the refusal in place of an earlier one; None takes that back."""
        self.refusal = response

    def continued(self) -> None:
        """Notes that 100 Continue was sent."""
        self.expects_continue = False

    def feed(self, data: bytes) -> None:
        """Parses the next bytes of the connection. Raises nothing."""
        if self._between:
            known = self._repeated.get(data)
            if known is not None:
                self.ready += known
                return
            if self._differs_in_target(data):
                return
        begins = self._between and not self.ready
        self._between = False
        self._parse_anew(data)
        if not (self.in_head or self.in_body) and self.ready and self.refusal is None:
            self._between = self.ready[-1][1] is not CLOSE
            if begins and self._between:
                self._repeated.keep(data, self.ready.copy())
                if len(self.ready) == 1:
                    self._keep_for_others(data, *self.ready[0])

    def _keep_for_others(self, data: bytes, request: Request, line: bytes) -> None:
        """Keeps a request as what it would be with the target /, for those with other targets."""
        at_root, target = _at_root(data)
        if _PLAIN.fullmatch(target):
            root = Request(request.method, "/", "", request.headers, request.body)
            self._repeated.keep(at_root, [(root, line)])

    def _differs_in_target(self, data: bytes) -> bool:
        """Takes a request that differs from a known one in nothing but a plain target.

        Returns whether it is one. A client that counts by name sends hardly anything else.
        """
        at_root, target = _at_root(data)
        known = self._repeated.get(at_root)
        if known is None or len(known) > 1 or not _PLAIN.fullmatch(target):
            return False
        [(like, line)] = known
        path, _, query = target.decode("ascii").partition("?")
        self.ready.append((Request(like.method, path, query, like.headers, like.body), line))
        return True

    def _parse_anew(self, data: bytes) -> None:
        body_bytes = self._body_bytes
        try:
            self._parse(data)
        except httptools.HttpParserError as error:
            # Bytes that follow the last request of a connection are ignored.
            if self.ready and self.ready[-1][1] is CLOSE:
                return
            refused = error.__context__
            if isinstance(refused, _Refused):
                self.refusal = refused.response
            else:
                self.refusal = text_response(400, f"not HTTP: {error}")
            del refused  # It has this frame, and so what was read of the body.
            return
        if self.in_head:
            self._head_is_split = True
        if self.ready or self._body_bytes != body_bytes:
            self._fruitless_bytes = 0
            return
        self._fruitless_bytes += len(data)
        if self._fruitless_bytes > self._limits.head_bytes:
            self.refusal = self._too_large().response

    def _parse(self, data: bytes) -> None:
        rest: bytes | memoryview = data
        while True:
            try:
                self._parser.feed_data(rest)
                return
            except httptools.HttpParserUpgrade as upgrade:
                rest = memoryview(rest)[upgrade.args[0] :]
            self._begin_without_upgrade()

    def _begin_without_upgrade(self) -> None:
        """Parses the present head again, without its request for another protocol.

        This server offers no other protocol. But httptools takes all bytes after such a head, even
        the body, for bytes of that protocol.
        """
        self._drop_upgrade = False
        fields = self._headers.items()
        lines = [b"%s: %s\r\n" % field for field in fields if field[0] != b"upgrade"]
        head = b"%s %s HTTP/1.1\r\n%s\r\n" % (self._method, self._url, b"".join(lines))
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(head)

    def on_message_begin(self) -> None:
        """Begins a request. httptools calls this at the first byte."""
        self.in_head = True
        self._url = b""
        self._headers = {}

    def on_url(self, part: bytes) -> None:
        """Takes the target, or a part of it, from httptools."""
        self._url += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes one whole header field or trailer from httptools."""
        if not self.in_head:
            return
        name = name.lower()
        headers = self._headers
        if name not in headers:
            headers[name] = value
        elif name == b"host":
            raise _Refused(400, "more than one Host")
        else:
            headers[name] += b", " + value

    def on_headers_complete(self) -> None:
        """Checks a whole head. httptools calls this at its end."""
        headers = self._headers
        self._method = self._parser.get_method()
        if self._head_is_split:
            self._head_is_split = False
            fields = sum(len(name) + len(value) + 4 for name, value in headers.items())
            if len(self._url) + fields > self._limits.head_bytes:
                raise self._too_large()
        self.in_head = False
        # Without a Connection header only HTTP/1.1 keeps a connection alive.
        if (
            b"host" in headers
            and _SPECIAL.isdisjoint(headers)
            and self._parser.should_keep_alive()
            and self._method != b"CONNECT"
        ):
            self._connection_line = b""
        else:
            self._look_closely(headers)

    def on_body(self, part: bytes) -> None:
        """Takes a part of a body from httptools."""
        self._body_bytes += len(part)
        if self._body_bytes > self._limits.body_bytes:
            raise self._body_too_large()
        self._body.append(part)

    def on_message_complete(self) -> None:
        """Makes a request ready. httptools calls this at its end."""
        if self._drop_upgrade:
            return
        self.in_body = False
        self.expects_continue = False
        body = b""
        if self._body_bytes:
            body = b"".join(self._body)
            self._body.clear()
            self._body_bytes = 0
        method, path, query = _target(self._method, self._url)
        request = Request(method, path, query, self._headers, body)
        self.ready.append((request, self._connection_line))

    def _look_closely(self, headers: dict[bytes, bytes]) -> None:
        version = self._parser.get_http_version()
        if version not in ("1.0", "1.1"):
            raise _Refused(505, "HTTP/1.0 and HTTP/1.1 are spoken here")
        if version == "1.1" and b"host" not in headers:
            raise _Refused(400, "the Host header is missing")
        if self._method == b"CONNECT":
            raise _Refused(501, "CONNECT is not offered")
        self._drop_upgrade = self._parser.should_upgrade()
        keep = self._parser.should_keep_alive()
        self._connection_line = CLOSE if not keep else KEEP_ALIVE if version == "1.0" else b""
        coding = headers.get(b"transfer-encoding")
        if coding is not None and version == "1.0":
            raise _Refused(400, "Transfer-Encoding needs HTTP/1.1")
        if coding is not None and coding.lower() != b"chunked":
            raise _Refused(501, "only the transfer coding chunked is understood")
        length = int(headers.get(b"content-length", b"0"))
        if length > self._limits.body_bytes:
            raise self._body_too_large()
        if headers.get(b"expect", b"100-continue").lower() != b"100-continue":
            raise _Refused(417, "only 100-continue can be expected")
        self.in_body = coding is not None or length > 0
        self.expects_continue = self.in_body and b"expect" in headers and version == "1.1"

    def _body_too_large(self) -> _Refused:
        return _Refused(413, f"the body is over {self._limits.body_bytes} bytes")

    def _too_large(self) -> _Refused:
        limit = self._limits.head_bytes
        if not self.in_head:
            return _Refused(400, f"{limit} bytes without content")
        if len(self._url) > limit // 2:
            return _Refused(414, "the target is too long")
        return _Refused(431, f"the head is over {limit} bytes")


def _at_root(data: bytes) -> tuple[bytes, bytes]:
    """Returns a request with the target / in place of its own, and its own."""
    method, _, rest = data.partition(b" ")
    target, _, rest = rest.partition(b" ")
    return b"%b / %b" % (method, rest), target


# Most requests repeat a few targets. The cache is small because a target may be as long as a head.
@lru_cache(maxsize=64)
def _target(method: bytes, url: bytes) -> tuple[str, str, str]:
    target = url.decode("latin-1")
    scheme, separator, rest = target.partition("://")
    if separator and scheme.lower() in ("http", "https"):
        # The absolute form, which proxies and old clients send.
        _, slash, path = rest.partition("/")
        target = slash + path or "/"
    path, _, query = target.partition("?")
    return method.decode("ascii"), path, query
