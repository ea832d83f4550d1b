"""Answers in both versions of the protocol."""

from __future__ import annotations

import pytest

from gossipd.daemon.resp.replies import Error, Push, Status, Text, Value, encode


@pytest.mark.parametrize(
    ("value", "resp2", "resp3"),
    [
        (5, b":5\r\n", b":5\r\n"),
        (-5, b":-5\r\n", b":-5\r\n"),
        (b"ab", b"$2\r\nab\r\n", b"$2\r\nab\r\n"),
        ("ä", b"$2\r\n\xc3\xa4\r\n", b"$2\r\n\xc3\xa4\r\n"),
        (None, b"$-1\r\n", b"_\r\n"),
        (Status("OK"), b"+OK\r\n", b"+OK\r\n"),
        (Error("ERR a\r\nb"), b"-ERR a  b\r\n", b"-ERR a  b\r\n"),
        (Text("ab"), b"$2\r\nab\r\n", b"=6\r\ntxt:ab\r\n"),
        ([1, None], b"*2\r\n:1\r\n$-1\r\n", b"*2\r\n:1\r\n_\r\n"),
        (Push(("a", 1)), b"*2\r\n$1\r\na\r\n:1\r\n", b">2\r\n$1\r\na\r\n:1\r\n"),
        ([], b"*0\r\n", b"*0\r\n"),
        ({"a": 1}, b"*2\r\n$1\r\na\r\n:1\r\n", b"%1\r\n$1\r\na\r\n:1\r\n"),
        ({"a"}, b"*1\r\n$1\r\na\r\n", b"~1\r\n$1\r\na\r\n"),
    ],
)
def test_answers(value: Value, resp2: bytes, resp3: bytes) -> None:
    """Only RESP3 has maps, sets, texts, pushes and one null."""
    assert (resp2, resp3) == (encode(value, 2), encode(value, 3))
