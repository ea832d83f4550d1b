"""The outcome of a write as Redis would tell it."""

from __future__ import annotations

import re

import pytest

from gossipd.daemon.redis.errors import Failed, held
from gossipd.daemon.service import Refused
from gossipd.protocol import Answer, LimitExceeded, TooManyCounters


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Refused("the disk is full"), "MISCONF nothing was written: the disk is full"),
        (TooManyCounters("there are 1"), "OOM there are 1"),
        (LimitExceeded("too much"), "ERR increment or decrement would overflow"),
        (ValueError("amount: is odd"), "ERR amount: is odd"),
        (Answer(1, 5, 0, 1), "ERR the outcome is unknown: the write failed on its way"),
    ],
)
def test_what_went_wrong(outcome: Answer | Exception, text: str) -> None:
    """Each has a code of its own, which clients look at."""
    with pytest.raises(Failed, match=f"^{re.escape(text)}"):
        held(outcome)


def test_anything_else_is_raised() -> None:
    """It is a bug."""
    with pytest.raises(KeyError):
        held(KeyError("x"))


def test_a_write_that_counts() -> None:
    """It is what it is."""
    answer = Answer(1, 5, 1, 1)
    assert answer is held(answer)
