"""Answers as values, and their bytes in RESP2 and RESP3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import TypeAlias


class Status(str):
    """A short word such as OK."""

    __slots__ = ()


class Error(str):
    """An error: a code in capitals, and one line of text."""

    __slots__ = ()


class Text(str):
    """A text for people, which RESP3 marks as such."""

    __slots__ = ()


class Push(tuple["Value", ...]):
    """A list that is no answer, which RESP3 marks as such."""

    __slots__ = ()


Value: TypeAlias = "int | bytes | str | Sequence[Value] | Mapping[str, Value] | Set[str] | None"
"""What an answer says. None is Redis's nil, and a plain `str` is a byte string in UTF-8."""

_LINE_ENDS = str.maketrans("\r\n", "  ")


def encode(value: Value, resp: int) -> bytes:
    """Returns the bytes of an answer in this version of RESP, 2 or 3."""
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, bytes):
        return b"$%d\r\n%b\r\n" % (len(value), value)
    if value is None:
        return b"$-1\r\n" if resp == 2 else b"_\r\n"
    if isinstance(value, str):
        return _string(value, resp)
    if isinstance(value, Mapping):
        items = [encode(item, resp) for pair in value.items() for item in pair]
        return _joined(items, "*" if resp == 2 else "%", len(items) if resp == 2 else len(value))
    mark = "*"
    if resp == 3 and isinstance(value, Set | Push):
        mark = ">" if isinstance(value, Push) else "~"
    return _joined([encode(item, resp) for item in value], mark, len(value))


def _string(value: str, resp: int) -> bytes:
    if isinstance(value, Status):
        return f"+{value}\r\n".encode()
    if isinstance(value, Error):
        return f"-{value.translate(_LINE_ENDS)}\r\n".encode("utf-8", "backslashreplace")
    data = value.encode()
    if resp == 3 and isinstance(value, Text):
        return b"=%d\r\ntxt:%b\r\n" % (len(data) + 4, data)
    return b"$%d\r\n%b\r\n" % (len(data), data)


def _joined(items: list[bytes], mark: str, length: int) -> bytes:
    return b"".join([f"{mark}{length}\r\n".encode(), *items])
