"""Waiting for something that another process brings about."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

_POLL = 0.02

_Value = TypeVar("_Value")


def eventually(what: str, condition: Callable[[], _Value], within: float) -> _Value:
    """Returns the first true value of `condition`, which is called every 20 ms.

    Raises AssertionError, which names `what`, if there is none within so many seconds.
    """
    end = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {within} s: {what}"
        time.sleep(_POLL)
    return value
