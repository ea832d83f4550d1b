"""Requests out of bytes: in any pieces, with hiredis or by hand, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gossipd.daemon.repeated import Repeated
from gossipd.daemon.resp.parser import RequestParser, split_words

INCR = b"*2\r\n$4\r\nINCR\r\n$1\r\na\r\n"


def parsed(*pieces: bytes) -> tuple[list[list[bytes]], str | None]:
    """The requests in these pieces, and the error after them."""
    parser = RequestParser()
    for piece in pieces:
        parser.feed(piece)
    return parser.ready, parser.error


def by_hand(data: bytes) -> tuple[list[list[bytes]], str | None]:
    """The same of bytes that come one by one, of which hiredis gets none."""
    return parsed(*[data[place : place + 1] for place in range(len(data))])


@pytest.mark.parametrize(
    ("data", "requests"),
    [
        (INCR, [[b"INCR", b"a"]]),
        (INCR * 3, [[b"INCR", b"a"]] * 3),
        (INCR + INCR[:9], [[b"INCR", b"a"]]),
        (INCR + b"*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n", [[b"INCR", b"a"], [b"a", b"b", b"c"]]),
        (b"*2\r\n$5\r\na\r\n*2\r\n$1\r\nb\r\n", [[b"a\r\n*2", b"b"]]),
        (b"*0\r\n*-1\r\n" + INCR, [[b"INCR", b"a"]]),
        (b"\r\n\n  \r\n", []),
        (b"incr a\r\nGET a\n", [[b"incr", b"a"], [b"GET", b"a"]]),
        (b"*1\r\n$0\r\n\r\n", [[b""]]),
        (b"*1\r\n$4\r\na\r\nb\r\n", [[b"a\r\nb"]]),
        (b"*1\r\n$10\r\n*9\r\n$1\r\na:\r\n", [[b"*9\r\n$1\r\na:"]]),
        (b"*1\r\n$512\r\n%b\r\n" % (b"x" * 512), [[b"x" * 512]]),
        (b"*1024\r\n" + b"$1\r\na\r\n" * 1024, [[b"a"] * 1024]),
    ],
)
def test_requests(data: bytes, requests: list[list[bytes]]) -> None:
    """In one piece, in two, and byte by byte."""
    assert (requests, None) == parsed(data) == by_hand(data)
    for cut in range(min(len(data), 100)):
        assert (requests, None) == parsed(data[:cut], data[cut:])


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"*x\r\n", "invalid multibulk length"),
        (b"*1025\r\n", "invalid multibulk length"),
        (b"*2000000000\r\n", "invalid multibulk length"),
        (b"*01\r\n", "invalid multibulk length"),
        (b"*1\r\n:1\r\n", "expected '$', got ':'"),
        (b"*1\r\n*1\r\n$1\r\na\r\n", "expected '$', got '*'"),
        (b"*2\r\n$1\r\na\r\n*1\r\n$1\r\na\r\n", "expected '$', got '*'"),
        # Lengths that lie, so that hiredis finds values in the middle of what looked like strings.
        (b"*2\r\n$5\r\na\r\n$1\r\n:5\r\n", "expected '$', got ':'"),
        (b"*2\r\n$5\r\na\r\n$1\r\n+5\r\n", "expected '$', got '+'"),
        (b"*1\r\n\r\n", "expected '$', got ' '"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"*1\r\n$513\r\n", "invalid bulk length"),
        (b"*1\r\n$x\r\n", "invalid bulk length"),
        (b"*" + b"1" * 40, "too big bulk count string"),
        (b"x" * 65537, "too big inline request"),
        (b'"a\r\n', "unbalanced quotes in request"),
        (b"'a'b\r\n", "unbalanced quotes in request"),
        (b"x" * 513 + b"\r\n", "an argument is over 512 bytes"),
        (b"a " * 1025 + b"\r\n", "more than 1024 arguments"),
    ],
)
def test_what_is_no_request(data: bytes, error: str) -> None:
    """One error, and nothing of what follows; what came before is there."""
    requests, found = parsed(INCR + data + INCR)
    assert ([[b"INCR", b"a"]], True) == (
        requests,
        str(found).startswith(f"Protocol error: {error}"),
    )
    assert ([], found) == parsed(data, INCR)


# Parts of which headers, lengths that lie, and other types can come about.
PARTS = st.sampled_from(
    [
        *(b"*1\r\n", b"*2\r\n", b"*99\r\n", b"*100\r\n", b"*1025\r\n", b"$1\r\n", b"$2\r\n"),
        *(b"$12\r\n", b"a\r\n", b"ab\r\n", b":1\r\n", b"_\r\n", b"+a\r\n", b"-a\r\n", b"%1\r\n"),
        *(b"#t\r\n", b"\r\n", b"*", b"$", b"1", b"a", b"\r", b"\n", b":", b"=3\r\n", b",1\r\n"),
        *(b"(1\r\n", b'"', b"'", INCR),
    ]
)


@given(st.lists(PARTS, max_size=14))
@settings(max_examples=1500)
def test_hiredis_finds_what_is_found_by_hand(parts: list[bytes]) -> None:
    """Whatever the bytes are, and however they are cut into pieces."""
    data = b"".join(parts)
    assert by_hand(data) == parsed(data) == parsed(*parts)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_bytes(data: bytes, cut: int) -> None:
    """They are requests or an error, wherever they are cut."""
    assert parsed(data) == parsed(data[:cut], data[cut:])


def test_a_request_that_has_begun() -> None:
    """From its first byte to its last."""
    parser = RequestParser()
    found = []
    for place in range(len(INCR)):
        found.append(parser.has_begun)
        parser.feed(INCR[place : place + 1])
    assert [False] + [True] * (len(INCR) - 1) == found
    assert not parser.has_begun


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", []),
        (b" a  b\t", [b"a", b"b"]),
        (b'"a b" \'c d\' ""', [b"a b", b"c d", b""]),
        (b'a"b c"', [b"ab c"]),
        (b'"\\x41\\n\\"\\q\\x4"', [b'A\n"qx4']),
        (b"'a\\'b\\n'", [b"a'b\\n"]),
        (b'"a"b', None),
        (b"'a\\'", None),
        (b'"', None),
    ],
)
def test_words(line: bytes, words: list[bytes] | None) -> None:
    """As Redis splits a line."""
    assert words == split_words(line)


def test_repeated_requests() -> None:
    """Connections that send the same bytes share the requests that these are."""
    repeated = Repeated[list[list[bytes]]]()
    one, other = RequestParser(repeated), RequestParser(repeated)
    for parser in (one, other, one):
        parser.feed(INCR * 2)
    assert 4 == len(one.ready)
    assert one.ready[0] is one.ready[2] is other.ready[0]


def test_known_bytes_in_another_place() -> None:
    """The bytes of a known request are an argument where one is expected."""
    size = len(INCR)
    requests = [[b"INCR", b"a"], [b"ECHO", INCR], [b"INCR", b"a"]]
    echo = b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % size
    assert (requests, None) == parsed(INCR, echo, INCR, b"\r\n", INCR)
    assert (requests, None) == parsed(INCR, echo[:-1], b"\n" + INCR, b"\r\n" + INCR)


@settings(max_examples=300)
@given(st.lists(st.sampled_from([INCR, INCR * 2, b"*2\r\n", b"$4\r\n", b"$23\r\n", b"\r\n", b"a"])))
def test_the_same_with_and_without_a_memory(pieces: list[bytes]) -> None:
    """A parser that has met all pieces before finds the same in them as one by itself."""
    repeated = Repeated[list[list[bytes]]]()
    for piece in pieces:
        RequestParser(repeated).feed(piece)
    parser = RequestParser(repeated)
    for piece in pieces:
        parser.feed(piece)
    assert (parser.ready, parser.error) == by_hand(b"".join(pieces))
