"""The commands that count: what each of them changes."""

from __future__ import annotations

import re
from functools import lru_cache

from gossipd.protocol import DEFAULT, VALUE_LIMIT, Change

from .errors import NOT_AN_INTEGER, OVERFLOW, Failed

_INTEGER = re.compile(rb"0|-?[1-9]\d{0,18}")
_LIMIT = 2**63


def integer(text: bytes) -> int:
    """Returns a number of 64 bits in Redis's notation. Raises Failed if it is none."""
    if _INTEGER.fullmatch(text) is None or not -_LIMIT <= (number := int(text)) < _LIMIT:
        raise Failed(NOT_AN_INTEGER)
    return number


def incr(request: list[bytes]) -> Change:
    """INCR key."""
    return change_of(request[1], 1)


def decr(request: list[bytes]) -> Change:
    """DECR key."""
    return change_of(request[1], -1)


def incrby(request: list[bytes]) -> Change:
    """INCRBY key number."""
    return change_of(request[1], integer(request[2]))


def decrby(request: list[bytes]) -> Change:
    """DECRBY key number."""
    number = integer(request[2])
    if number == -_LIMIT:
        raise Failed("ERR decrement would overflow")
    return change_of(request[1], -number)


# Clients count under the same few names again and again.
@lru_cache(maxsize=1024)
def change_of(key: bytes, amount: int) -> Change:
    """Returns the change of a counter by an amount. Raises Failed if it may not be."""
    # The other rules for names are checked where the change is made.
    try:
        name = key.decode()
    except UnicodeDecodeError:
        raise Failed("ERR key: must be UTF-8") from None
    if abs(amount) > VALUE_LIMIT:
        raise Failed(OVERFLOW)
    if name == DEFAULT and amount < 1:
        raise Failed(f"ERR the counter {DEFAULT} only grows: an amount must be at least 1")
    return Change(name, amount)
