"""Turns the bytes of a RESP connection into requests, without waiting or sending.

A request is an array of byte strings, or one line of words ("inline"). hiredis parses arrays six
times as fast as Python does, but it is made for clients, which trust their server. It takes nested
arrays of any depth and length, and reserves their memory when it reads the length: the 13 bytes
`*2000000000` and a line end cost 16 GB of address space and 4 seconds. So it only gets bytes of
which a regular expression has shown that they hold short arrays of short strings, as nearly all
requests are. Its result stands only if every header of an argument in those bytes led to one.
All else is parsed here, by hand, with the errors of Redis.
"""

from __future__ import annotations

import re
from itertools import chain

import hiredis

from ..repeated import Repeated

MOST_ARGUMENTS = 1024
ARGUMENT_BYTES = 512
INLINE_BYTES = 64 * 1024
"""The longest inline request, as in Redis."""

_HEADER_BYTES = 32

# Headers have at most two digits, so that even nested ones reserve next to nothing. Strings are
# without the marks of headers: whatever their lengths say, hiredis finds a header only where one
# is matched here.
_PLAIN = re.compile(rb"(?:\*[1-9]\d?\r\n(?:\$\d\d?\r\n[^\r\n$*%~>|+=]*+\r\n)++)++")
_NOTHING = object()

_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}
_SPACE = b" \t\r\n\v\f\0"
_WORD = re.compile(
    rb"[%b]*([^\"'%b]*)(?:\"((?:\\.|[^\"\\])*+)\"|'((?:\\'|[^'])*+)')?(?=[%b]|\Z)"
    % (_SPACE, _SPACE, _SPACE),
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)


class _Malformed(Exception):
    """Ends the parsing: the bytes are no request."""


class RequestParser:
    """The parser of one connection.

    Attributes:
        ready: complete requests in order, each with at least one argument. The connection empties
            the list.
        error: what is wrong with bytes that are no request, or None. It follows the answers to what
            is ready, and nothing is parsed after it.
    """

    def __init__(self, repeated: Repeated[list[list[bytes]]] | None = None) -> None:
        """Takes what other connections of the server have sent as well."""
        self.ready: list[list[bytes]] = []
        self._repeated = Repeated[list[list[bytes]]]() if repeated is None else repeated
        self.error: str | None = None
        self._reader = hiredis.Reader(notEnoughData=_NOTHING)
        # What is not parsed yet: less than a header, an argument, or an inline request.
        self._rest = b""
        # Of a request that has begun: its arguments, how many more follow, and the length of the
        # next one, or -1 if its header is not parsed yet.
        self._arguments: list[bytes] = []
        self._left = 0
        self._length = -1

    @property
    def has_begun(self) -> bool:
        """Whether a request has begun and not ended."""
        return self._left > 0 or bool(self._rest)

    def feed(self, data: bytes) -> None:
        """Parses what was received."""
        if self.error is not None:
            return
        if self._rest:
            data = self._rest + data
        if self._left:
            self._parse(data)
            return
        known = self._repeated.get(data)
        if known is not None:
            self.ready += known
            self._rest = b""
            return
        begins = not self.ready
        self._parse(data)
        if begins and not self.has_begun and self.error is None:
            self._repeated.keep(data, self.ready.copy())

    def _parse(self, data: bytes) -> None:
        position = by_hand = 0
        try:
            while position < len(data):
                if not self._left and position >= by_hand:
                    plain = _PLAIN.match(data, position)
                    if plain is not None:
                        if self._take(data[position : plain.end()]):
                            position = plain.end()
                            continue
                        by_hand = plain.end()
                after = self._step(data, position)
                if after is None:
                    break
                position = after
        except _Malformed as malformed:
            self.error = f"Protocol error: {malformed}"
        self._rest = data[position:]

    def _take(self, data: bytes) -> bool:
        """Takes requests that hiredis finds. Returns False, and takes nothing, if it finds others.

        Every `$` in the data is the first byte of an argument's header, as `_PLAIN` demands.
        """
        reader = self._reader
        try:
            reader.feed(data)
            found = [*iter(reader.gets, _NOTHING)]
            if (
                {*map(type, found)} == {list}
                and sum(map(len, found)) == data.count(b"$")
                and {*map(type, chain.from_iterable(found))} == {bytes}
            ):
                self.ready += found
                return True
        except hiredis.HiredisError:
            pass
        self._reader = hiredis.Reader(notEnoughData=_NOTHING)
        return False

    def _step(self, data: bytes, position: int) -> int | None:
        """Takes one header, argument or inline request.

        Returns where the next one begins, or None if this one is not complete. Raises _Malformed.
        """
        if self._length >= 0:
            end = position + self._length
            if len(data) < end + 2:
                return None
            # Redis does not look at the two bytes of the line end either.
            self._argue(data[position:end])
            return end + 2
        inline = not self._left and data[position] != ord("*")
        end = data.find(b"\n", position)
        length = (len(data) if end < 0 else end) - position
        if length > (INLINE_BYTES if inline else _HEADER_BYTES):
            what = "inline request" if inline else "bulk count string"
            raise _Malformed(f"too big {what}")
        if end < 0:
            return None
        line = data[position:end].removesuffix(b"\r")
        if inline:
            self._take_inline(line)
        elif self._left:
            self._length = _argument_length(line)
        else:
            self._left = _argument_count(line)
        return end + 1

    def _argue(self, argument: bytes) -> None:
        self._arguments.append(argument)
        self._length = -1
        self._left -= 1
        if not self._left:
            self.ready.append(self._arguments)
            self._arguments = []

    def _take_inline(self, line: bytes) -> None:
        words = split_words(line)
        if words is None:
            raise _Malformed("unbalanced quotes in request")
        if len(words) > MOST_ARGUMENTS:
            raise _Malformed(f"more than {MOST_ARGUMENTS} arguments")
        if any(len(word) > ARGUMENT_BYTES for word in words):
            raise _Malformed(f"an argument is over {ARGUMENT_BYTES} bytes")
        if words:
            self.ready.append(words)


def _argument_count(line: bytes) -> int:
    """Returns the number in the header of an array, 0 for a negative one."""
    if line[1:2] == b"-" and _is_number(line[2:]):
        return 0
    if not _is_number(line[1:]) or int(line[1:]) > MOST_ARGUMENTS:
        raise _Malformed(f"invalid multibulk length (at most {MOST_ARGUMENTS} arguments)")
    return int(line[1:])


def _argument_length(line: bytes) -> int:
    if line[:1] != b"$":
        raise _Malformed(f"expected '$', got '{chr(line[0]) if line else ' '}'")
    if not _is_number(line[1:]) or int(line[1:]) > ARGUMENT_BYTES:
        raise _Malformed(f"invalid bulk length (at most {ARGUMENT_BYTES} bytes)")
    return int(line[1:])


def _is_number(text: bytes) -> bool:
    return text.isdigit() and (text == b"0" or text[0] != ord("0"))


def split_words(line: bytes) -> list[bytes] | None:
    """Returns the words of a line, which may be quoted as in C or, with ', as they are.

    Returns None if a quote does not end, or something other than a space follows its end. Of more
    than 1,024 words only the first 1,025 are returned.
    """
    words: list[bytes] = []
    line = line.rstrip(_SPACE)
    position = 0
    while position < len(line) and len(words) <= MOST_ARGUMENTS:
        match = _WORD.match(line, position)
        if match is None:
            return None
        word, double, single = match.groups()
        if double is not None:
            word += _ESCAPE.sub(_unescaped, double)
        elif single is not None:
            word += single.replace(b"\\'", b"'")
        words.append(word)
        position = match.end()
    return words


def _unescaped(match: re.Match[bytes]) -> bytes:
    digits, other = match.groups()
    if digits is not None:
        return bytes([int(digits, 16)])
    return _ESCAPED.get(other, other)
