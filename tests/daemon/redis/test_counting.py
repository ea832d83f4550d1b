"""What counting commands change, and the values after them."""

from __future__ import annotations

import pytest

from gossipd.daemon.redis.counting import (
    change_of,
    integer,
    summed,
    values_between,
)
from gossipd.daemon.redis.errors import Failed
from gossipd.protocol import Answer, Change


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


def test_changes_of_one_counter_are_one_change() -> None:
    """Unless they go up and down; each is told the value after it all the same."""
    changes = [Change("a", 1), Change("b", -1), Change("a", 0), Change("a", 4), Change("b", -2)]
    written = [Change("a", 5), Change("b", -3)]
    assert written == summed(changes)
    answer = Answer(1, 7, 1, 1, (15, 7), (5, -3))
    assert [11, 9, 11, 15, 7] == values_between(changes, written, answer)
    both = [Change("a", 1), Change("a", -1)]
    assert both is summed(both)
    assert [6, 5] == values_between(both, both, Answer(1, 5, 1, 1, (6, 5), (1, -1)))
