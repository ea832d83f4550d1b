"""Keys as names of counters, and the patterns by which clients look for them."""

from __future__ import annotations

import re

from gossipd.protocol import check_name

from .errors import Failed


def name_of(key: bytes) -> str:
    """Returns the name that a key is in UTF-8. Raises Failed if no counter can have it."""
    try:
        name = key.decode()
        check_name(name)
    except UnicodeDecodeError:
        raise Failed("ERR key: must be UTF-8") from None
    except ValueError as error:
        raise Failed(f"ERR {str(error).replace('name', 'key', 1)}") from None
    return name


class Pattern:
    """A pattern of Redis: `*`, `?`, `[a-c]`, `[^a]`, and a backslash before what stands for itself.

    It is about bytes, as in Redis: `?` is one byte of a name in UTF-8.

    Attributes:
        prefix: what every name that matches begins with.
    """

    def __init__(self, text: bytes) -> None:
        pieces = _pieces(text)
        literal = bytearray()
        for piece in pieces:
            if piece is None or len(piece) != 1:
                break
            literal += bytes(piece)
        self.prefix = _whole_characters(bytes(literal))
        self._match = re.compile(_expression(pieces), re.DOTALL).fullmatch

    def matches(self, name: str) -> bool:
        """Returns whether a name is such a name."""
        return self._match(name.encode()) is not None


_Piece = frozenset[int] | None
"""The bytes of which one is meant; None stands for any number of any bytes."""

_ANY = frozenset(range(256))


def _pieces(text: bytes) -> list[_Piece]:
    pieces: list[_Piece] = []
    position = 0
    while position < len(text):
        one = text[position : position + 1]
        position += 1
        if one == b"*":
            if not pieces or pieces[-1] is not None:
                pieces.append(None)
        elif one == b"?":
            pieces.append(_ANY)
        elif one == b"[":
            piece, position = _class(text, position)
            pieces.append(piece)
        else:
            if one == b"\\" and position < len(text):
                one = text[position : position + 1]
                position += 1
            pieces.append(frozenset(one))
    return pieces


def _class(text: bytes, position: int) -> tuple[frozenset[int], int]:
    """Returns the bytes of a class, which may be unended, and where the pattern goes on."""
    excluded = text[position : position + 1] == b"^"
    position += excluded
    found: set[int] = set()
    while position < len(text) and text[position] != ord("]"):
        if text[position] == ord("\\") and position + 1 < len(text):
            found.add(text[position + 1])
            position += 2
        elif text[position + 1 : position + 2] == b"-" and position + 2 < len(text):
            low, high = sorted((text[position], text[position + 2]))
            found.update(range(low, high + 1))
            position += 3
        else:
            found.add(text[position])
            position += 1
    return frozenset(_ANY - found if excluded else found), position + 1


def _expression(pieces: list[_Piece]) -> bytes:
    """Returns the regular expression of a pattern, which matches in linear time for each `*`.

    What stands between two `*` is looked for from the left, and its first place is final: if the
    rest matches after a later place, it matches after that one.
    """
    parts: list[list[bytes]] = [[]]
    for piece in pieces:
        if piece is None:
            parts.append([])
        else:
            parts[-1].append(_one_of(piece))
    first, *others = [b"".join(part) for part in parts]
    if not others:
        return first
    *inner, last = others
    return first + b"".join(b"(?>.*?%b)" % part for part in inner) + b".*" + last


def _one_of(piece: frozenset[int]) -> bytes:
    if piece == _ANY:
        return b"."
    return b"[%b]" % b"".join(b"\\x%02x" % one for one in sorted(piece)) if piece else b"(?!)"


def _whole_characters(text: bytes) -> str:
    """Returns the text up to the first byte that does not belong to UTF-8."""
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        return text[: error.start].decode()
