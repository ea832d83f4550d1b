"""Bytes become requests or a refusal."""

from __future__ import annotations

import gc
import weakref
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.daemon.http.messages import CLOSE, KEEP_ALIVE, Limits, Request
from gossipd.daemon.http.parser import Ready, RequestParser
from gossipd.daemon.repeated import Repeated

LIMITS = Limits(head_bytes=1000, body_bytes=5000)

PIPELINE = (
    b"\r\nGET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
    b"POST /b HTTP/1.1\r\nhOST: x\r\nContent-Length: 3\r\n\r\nabc"
    b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n"
    b"POST /d HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, Z\r\nUpgrade: h2c\r\n"
    b"Content-Length: 4\r\n\r\nabcd"
    b"GET http://x:1/e?f HTTP/1.1\r\nHost: x\r\nA: 1\r\na: 2\r\n\r\n"
    b"OPTIONS * HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    b"GET /last HTTP/1.0\r\n\r\n"
)


def parsed(*parts: bytes) -> RequestParser:
    parser = RequestParser(LIMITS)
    for part in parts:
        if parser.refusal is None:
            parser.feed(part)
    return parser


def shown(request: Request) -> tuple[str, str, str, bytes]:
    return request.method, request.path, request.query, request.body


def refused(data: bytes) -> int | None:
    """The status by which bytes are refused, the same whole and byte by byte."""
    statuses = {
        None if parser.refusal is None else parser.refusal.status
        for parser in (parsed(data), parsed(*(data[i : i + 1] for i in range(len(data)))))
    }
    assert 1 == len(statuses)
    return statuses.pop()


def head(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def test_pipeline() -> None:
    """Requests of every form that follow each other are told apart."""
    assert [
        ("GET", "/a", "b=c", b""),
        ("POST", "/b", "", b"abc"),
        ("POST", "/c", "", b"abcde"),
        ("POST", "/d", "", b"abcd"),
        ("GET", "/e", "f", b""),
        ("OPTIONS", "*", "", b""),
        ("GET", "/last", "", b""),
    ] == [shown(request) for request, _ in parsed(PIPELINE).ready]


def test_connection_lines() -> None:
    """HTTP/1.1 keeps a connection silently, 1.0 if asked and then says so, and else closes."""
    lines = [line for _, line in parsed(PIPELINE).ready]

    assert [b"", b"", b"", b"", b"", KEEP_ALIVE, CLOSE] == lines


def test_repeated_header_is_joined() -> None:
    """Values of a repeated header are one list."""
    assert b"1, 2" == parsed(PIPELINE).ready[4][0].headers[b"a"]


def test_trailers_are_no_headers() -> None:
    """A header after the body is dropped."""
    assert b"trailer" not in parsed(PIPELINE).ready[2][0].headers


@given(st.lists(st.integers(0, len(PIPELINE)), max_size=8))
def test_any_cut_gives_the_same(cuts: list[int]) -> None:
    """However bytes arrive, the requests are the same."""
    places = [0, *sorted(cuts), len(PIPELINE)]
    parts = [PIPELINE[a:b] for a, b in pairwise(places)]

    assert [shown(request) for request, _ in parsed(PIPELINE).ready] == [
        shown(request) for request, _ in parsed(*parts).ready
    ]


@given(st.lists(st.binary(max_size=300) | st.sampled_from((b"\r\n", PIPELINE)), max_size=10))
def test_any_bytes_are_survived(parts: list[bytes]) -> None:
    """Any bytes give requests, a refusal or nothing, and never raise."""
    parser = parsed(*parts)

    assert parser.refusal is None or 400 <= parser.refusal.status < 600


@pytest.mark.parametrize(
    "data",
    [
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        head("FOO / HTTP/1.1", "Host: x"),
        head("GET / HTTP/1.1"),
        head("GET / HTTP/1.1", "Host: x", "Host: x"),
        head("GET / HTTP/1.1", "Host: x", "Bad Header: y"),
        head("GET / HTTP/1.1", "Host: x", "A : y"),
        head("GET / HTTP/1.1", "Host: x", " folded: y"),
        head("GET / HTTP/1.1", "Host: x", "A: b\x01c"),
        b"GET / HTTP/1.1\nHost: x\n\n",
        head("POST / HTTP/1.1", "Host: x", "Content-Length: 5", "Content-Length: 6"),
        head("POST / HTTP/1.1", "Host: x", "Content-Length: 5", "Transfer-Encoding: chunked"),
        head("POST / HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", "Content-Length: 5"),
        head("POST / HTTP/1.1", "Host: x", "Content-Length: +5"),
        head("POST / HTTP/1.1", "Host: x", "Content-Length: 5, 5"),
        head("POST / HTTP/1.0", "Host: x", "Transfer-Encoding: chunked"),
        head("POST / HTTP/1.1", "Host: x", "Transfer-Encoding: chunked") + b"xyz\r\n",
        b"\r\n" * 501,
        head("POST / HTTP/1.1", "Host: x", "Transfer-Encoding: chunked") + b"1;" + b"x" * 1500,
    ],
)
def test_bad_requests(data: bytes) -> None:
    """What breaks the grammar, or could be read in two ways, is 400."""
    assert 400 == refused(data)


@pytest.mark.parametrize(
    ("status", "data"),
    [
        (413, head("POST / HTTP/1.1", "Host: x", "Content-Length: 5001")),
        (
            413,
            head("POST / HTTP/1.1", "Host: x", "Transfer-Encoding: chunked")
            + b"1389\r\n"
            + b"x" * 5001,
        ),
        (414, b"GET /" + b"a" * 1001),
        (417, head("POST / HTTP/1.1", "Host: x", "Expect: 200-ok")),
        (431, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 1001),
        (501, head("CONNECT x:1 HTTP/1.1", "Host: x")),
        (501, head("POST / HTTP/1.1", "Host: x", "Transfer-Encoding: gzip")),
        (501, head("POST / HTTP/1.1", "Host: x", "Transfer-Encoding: gzip, chunked")),
        (505, head("GET / HTTP/2.0", "Host: x")),
        (505, b"GET /\r\n\r\n"),
    ],
)
def test_refusals(status: int, data: bytes) -> None:
    """Each other reason to refuse a request has its own status."""
    assert status == refused(data)


def test_largest_head() -> None:
    """A head just under the limit is accepted when it comes in pieces."""
    data = head("GET / HTTP/1.1", "Host: x", "X: " + "a" * 900)

    assert 1 == len(parsed(data[:500], data[500:]).ready)


def test_head_over_the_limit_that_ends() -> None:
    """A head just over the limit is 431 even if its last piece brings its end."""
    data = head("GET / HTTP/1.1", "Host: x", "X: " + "a" * 1000)
    refusal = parsed(data[:900], data[900:]).refusal

    assert 431 == (refusal and refusal.status)


def test_limits_are_for_each_request() -> None:
    """Requests in pieces do not add up to a head or a body that is too large."""
    request = head("POST / HTTP/1.1", "Host: x", "X: " + "a" * 700, "Content-Length: 3000")
    parser, answered = RequestParser(LIMITS), 0
    for piece in (request[:600], request[600:], b"x" * 3000) * 4:
        parser.feed(piece)
        answered += len(parser.ready)
        parser.ready.clear()

    assert (4, None) == (answered, parser.refusal)


def test_largest_body() -> None:
    """A body of exactly the limit is accepted."""
    data = head("POST / HTTP/1.1", "Host: x", "Content-Length: 5000") + b"x" * 5000

    assert 5000 == len(parsed(data).ready[0][0].body)


def test_data_after_the_last_request() -> None:
    """What follows a request that closes the connection is neither a request nor an error."""
    data = head("GET / HTTP/1.1", "Host: x", "Connection: close")
    parser = parsed(data + PIPELINE)

    assert (1, None) == (len(parser.ready), parser.refusal)


def test_refusal_follows_what_is_ready() -> None:
    """Requests before a bad one are kept."""
    parser = parsed(head("GET / HTTP/1.1", "Host: x") + b"garbage\r\n\r\n")

    assert parser.refusal is not None
    assert 1 == len(parser.ready)


def test_continue_is_expected() -> None:
    """A client that waits before it sends its body is noticed."""
    expecting = head("POST / HTTP/1.1", "Host: x", "Expect: 100-continue", "Content-Length: 1")

    assert parsed(expecting).expects_continue


def test_continue_is_not_expected_with_the_body() -> None:
    """A client that has sent its body waits for nothing."""
    expecting = head("POST / HTTP/1.1", "Host: x", "Expect: 100-continue", "Content-Length: 1")

    assert not parsed(expecting + b"x").expects_continue


def test_many_upgrades_at_once() -> None:
    """Thousands of upgrade requests in one piece are parsed without recursion."""
    data = head("GET / HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: h2c") * 3000

    assert 3000 == len(parsed(data).ready)


def test_repeated_requests() -> None:
    """Connections that send the same bytes share the request that these are."""
    repeated = Repeated[list[Ready]]()
    data = head("GET /count HTTP/1.1", "Host: x")
    one, other = RequestParser(LIMITS, repeated), RequestParser(LIMITS, repeated)
    for parser in (one, other, one):
        parser.feed(data)
    assert 2 == len(one.ready)
    assert one.ready[0] is one.ready[1] is other.ready[0]


def test_known_bytes_in_another_place() -> None:
    """The bytes of a known request are a part of a request that has begun, or follow the last."""
    data = head("GET /count HTTP/1.1", "Host: x")
    body = head("POST /a HTTP/1.1", "Host: x", f"Content-Length: {len(data)}")
    assert [("GET", "/count", "", b""), ("POST", "/a", "", data)] == [
        shown(request) for request, _ in parsed(data, body, data).ready
    ]
    assert 400 == refused(head("GET / HTTP/1.1", "Host: x").removesuffix(b"\r\n") + data)
    last = head("GET /last HTTP/1.1", "Host: x", "Connection: close")
    assert ["/count", "/last"] == [each.path for each, _ in parsed(data, last, data, last).ready]


@given(st.lists(st.sampled_from([PIPELINE, *PIPELINE.split(b"\r\n"), b"\r\n", b"abc"])))
def test_the_same_with_and_without_a_memory(pieces: list[bytes]) -> None:
    """A parser that has met all pieces before finds the same in them as one that has not."""
    repeated = Repeated[list[Ready]]()
    for piece in (PIPELINE, *pieces):
        RequestParser(LIMITS, repeated).feed(piece)
    found = []
    for memory in (repeated, _Forgetful()):
        parser = RequestParser(LIMITS, memory)
        for piece in pieces:
            if parser.refusal is None:
                parser.feed(piece)
        status = None if parser.refusal is None else parser.refusal.status
        found.append(([(shown(each), line) for each, line in parser.ready], status))
    assert found[0] == found[1]


_ALIKE = (
    b"HEAD %b HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
    b"GET %b HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
    b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na b",
    b"OPTIONS %b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET %b HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n",
)


@given(
    st.sampled_from(_ALIKE),
    st.from_regex(rb"/[ab.:%?=&#*@/ \r\n]{0,5}", fullmatch=True) | st.binary(max_size=5),
)
def test_requests_that_differ_in_their_target(form: bytes, target: bytes) -> None:
    """A parser that knows a request with another target finds the same as one that does not."""
    known = RequestParser(LIMITS)
    for other in _ALIKE:
        for before in b"/known?a=1", b"/":
            known.feed(other % before)
            known.ready.clear()
    known.feed(form % target)
    anew = parsed(form % target)
    assert [(shown(each), each.headers, line) for each, line in known.ready] == [
        (shown(each), each.headers, line) for each, line in anew.ready
    ]
    statuses = [each.refusal and each.refusal.status for each in (known, anew)]
    assert statuses[0] == statuses[1]


def test_what_was_refused_is_freed_at_once() -> None:
    """A body of a megabyte must not wait for a collection of garbage."""
    gc.disable()
    try:
        data = head("POST / HTTP/1.1", "Host: x", "Transfer-Encoding: chunked")
        parser = parsed(data + b"1389\r\n" + bytes(5001))
        assert parser.refusal is not None
        parser.close()
        left = weakref.ref(parser)
        del parser
        assert left() is None
    finally:
        gc.enable()


def test_requests_with_other_targets_share_their_headers() -> None:
    """If the target is plain; a request is parsed as a whole otherwise."""
    parser = parsed(*(head(f"GET /{name} HTTP/1.1", "Host: x") for name in ("a", "b?c=%20", "!")))
    [a, b, c] = [request for request, _ in parser.ready]
    assert a.headers is b.headers
    assert a.headers is not c.headers
    assert [("/a", ""), ("/b", "c=%20")] == [(each.path, each.query) for each in (a, b)]


@pytest.mark.parametrize(
    "line",
    ["GETHTTP/1.1", "GE /x THTTP/1.1", " /x GETHTTP/1.1", "GET /x /a HTTP/1.1", "GET HTTP/1.1"],
)
def test_a_line_that_only_adds_up_to_a_known_one_is_refused(line: str) -> None:
    """Method, target and version of a request are where those of the known one are."""
    known = [head(f"GET {target} HTTP/1.1", "Host: x") for target in ("/a", " /a", "/")]
    parser = RequestParser(LIMITS)
    for data in known:
        parser.feed(data)
        parser.ready.clear()
    before = parser.refusal
    parser.feed(head(line, "Host: x"))
    assert (None, []) == (before, parser.ready)
    assert parser.refusal is not None
    assert 400 == parser.refusal.status


class _Forgetful(Repeated[list[Ready]]):
    """Keeps nothing."""

    def keep(self, data: bytes, value: list[Ready]) -> None:
        pass
