"""What counting commands change, and the values after them."""

from __future__ import annotations

import pytest

from gossipd.daemon.redis.counting import (
    change_of,
    integer,
)
from gossipd.daemon.redis.errors import Failed
from gossipd.protocol import Change


@pytest.mark.parametrize("number", [0, 1, -1, 10, -(2**63), 2**63 - 1])
def test_numbers_of_64_bits(number: int) -> None:
    """In one notation only."""
    assert number == integer(b"%d" % number)


@pytest.mark.parametrize(
    "text", [b"", b"-", b"-0", b"01", b"+1", b" 1", b"1 ", b"1.0", b"\xd9\xa1"]
)
def test_other_texts_are_no_numbers(text: bytes) -> None:
    """Nor are larger ones."""
    for each in (text, b"%d" % 2**63, b"%d" % (-(2**63) - 1)):
        with pytest.raises(Failed, match="ERR value is not an integer or out of range"):
            integer(each)


def test_a_change() -> None:
    """By the name that the key is."""
    assert Change("ä", -3) == change_of("ä".encode(), -3)
