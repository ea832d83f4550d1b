"""The commands that count: what each of them changes."""

from __future__ import annotations

import re

from gossipd.protocol import DEFAULT, VALUE_LIMIT, Change

from .errors import NOT_AN_INTEGER, OVERFLOW, SYNTAX, Failed

_INTEGER = re.compile(rb"0|-?[1-9]\d{0,18}")
_LIMIT = 2**63


def integer(text: bytes) -> int:
    """Returns a number of 64 bits in Redis's notation. Raises Failed if it is none."""
    if _INTEGER.fullmatch(text) is None or not -_LIMIT <= (number := int(text)) < _LIMIT:
        raise Failed(NOT_AN_INTEGER)
    return number


def incr(request: list[bytes]) -> Change:
    """INCR key."""
    return _change(request[1], 1)


def decr(request: list[bytes]) -> Change:
    """DECR key."""
    return _change(request[1], -1)


def incrby(request: list[bytes]) -> Change:
    """INCRBY key number."""
    return _change(request[1], integer(request[2]))


def decrby(request: list[bytes]) -> Change:
    """DECRBY key number."""
    number = integer(request[2])
    if number == -_LIMIT:
        raise Failed("ERR decrement would overflow")
    return _change(request[1], -number)


def set_(request: list[bytes]) -> Change:
    """SET key number NX [GET], where nobody has counted yet. Raises Failed for any other SET."""
    options = {option.upper() for option in request[3:]}
    if not options <= {b"NX", b"GET"}:
        raise Failed(f"{SYNTAX}: SET has the options NX and GET here")
    number = integer(request[2])
    if b"NX" not in options:
        raise Failed(
            "ERR SET would take back what other nodes count at the same time: use INCRBY, or NX"
            " where nobody has counted yet"
        )
    return _change(request[1], number)


def _change(key: bytes, amount: int) -> Change:
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
