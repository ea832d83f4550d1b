"""The commands that only read counters, at this node."""

from __future__ import annotations

from collections.abc import Iterator

from ..resp import Status, Value, encode
from .counting import integer
from .errors import SYNTAX, Failed
from .names import Pattern, name_of
from .scans import Scans
from .view import View

PAGE = 1000
"""The most names that are looked at in one turn of the loop."""

_DEFAULT_COUNT = 10


def _value(view: View, key: bytes) -> int | None:
    return view.value(name_of(key))


def _text(value: int | None) -> bytes | None:
    return None if value is None else b"%d" % value


def get(view: View, request: list[bytes]) -> Value:
    """GET key."""
    return _text(_value(view, request[1]))


def mget(view: View, request: list[bytes]) -> Value:
    """MGET key [key ...]."""
    return [_text(_value(view, key)) for key in request[1:]]


def exists(view: View, request: list[bytes]) -> Value:
    """EXISTS key [key ...]: how many there are, a key that is named twice counted twice."""
    return sum(_value(view, key) is not None for key in request[1:])


def type_of(view: View, request: list[bytes]) -> Value:
    """TYPE key: a counter is a string, as in Redis."""
    return Status("none" if _value(view, request[1]) is None else "string")


def ttl(view: View, request: list[bytes]) -> Value:
    """TTL key: in seconds, to the nearest; -1 if it does not expire, -2 if there is none."""
    milliseconds = _left(view, request[1])
    return milliseconds if milliseconds < 0 else (milliseconds + 500) // 1000


def pttl(view: View, request: list[bytes]) -> Value:
    """PTTL key: as TTL, in milliseconds."""
    return _left(view, request[1])


def _left(view: View, key: bytes) -> int:
    name = name_of(key)
    if view.value(name) is None:
        return -2
    left = view.expires_in(name)
    return -1 if left is None else round(left)


def persist(view: View, request: list[bytes]) -> Value:
    """PERSIST key: nothing for a counter that does not expire."""
    name = name_of(request[1])
    if view.value(name) is not None and view.expires_in(name) is not None:
        raise Failed(
            "ERR a time to live cannot be taken back, since other nodes may let the counter expire"
            " meanwhile: use EXPIRE with a longer time"
        )
    return 0


def dbsize(view: View, request: list[bytes]) -> Value:
    """DBSIZE."""
    return len(view)


def keys(view: View, request: list[bytes], resp: int) -> Iterator[bytes]:
    """KEYS pattern: yields the answer in parts, of which all but the last are empty."""
    pattern = Pattern(request[1])
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        names, after = view.page(pattern.prefix, after, PAGE)
        found += filter(pattern.matches, names)
        if after is not None:
            yield b""
    yield encode(found, resp)


def scan(view: View, request: list[bytes], scans: Scans) -> Value:
    """SCAN cursor [MATCH pattern] [COUNT number] [TYPE type]."""
    after = scans.after(request[1])
    pattern, most, wanted = Pattern(b"*"), _DEFAULT_COUNT, b"string"
    if len(request) % 2:
        raise Failed(SYNTAX)
    for option, value in zip(request[2::2], request[3::2], strict=True):
        match option.upper():
            case b"MATCH":
                pattern = Pattern(value)
            case b"COUNT":
                most = integer(value)
                if most < 1:
                    raise Failed(SYNTAX)
            case b"TYPE":
                wanted = value.lower()
            case _:
                raise Failed(SYNTAX)
    names, last = view.page(pattern.prefix, after, min(most, PAGE))
    found = [name for name in names if pattern.matches(name)] if wanted == b"string" else []
    return [b"%d" % scans.cursor(last), found]
