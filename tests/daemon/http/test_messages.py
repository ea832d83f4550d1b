"""Answers become bytes."""

from __future__ import annotations

from gossipd.daemon.http.messages import CLOSE, TEXT, Response, encode, text_response

DATE = b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"


def test_whole_answer() -> None:
    """An answer is its status line, its type, its length, its date, the rest and its body."""
    response = Response(200, b"{}\n", "application/json", (("Gossipd-Acks", "2/3"),))

    assert (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n"
        + DATE
        + b"Connection: close\r\nGossipd-Acks: 2/3\r\n\r\n{}\n"
    ) == encode(response, date=DATE, connection=CLOSE, head_only=False)


def test_head_only_keeps_length() -> None:
    """Without its body, an answer still says how long that is."""
    data = encode(Response(200, b"12345"), date=DATE, connection=b"", head_only=True)

    assert b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + DATE + b"\r\n" == data


def test_text_is_one_line() -> None:
    """A text with line breaks in it becomes one line."""
    assert Response(400, b"a b c\n", TEXT, (("A", "b"),)) == text_response(
        400, "a\nb\r\n c", ("A", "b")
    )


def test_text_has_an_end() -> None:
    """A text of any length becomes at most 300 characters."""
    assert 301 == len(text_response(400, "x" * 10_000).body)


def test_text_that_is_no_unicode() -> None:
    """A lone surrogate is written out, not raised."""
    assert b"\\ud800\n" == text_response(400, "\ud800").body
