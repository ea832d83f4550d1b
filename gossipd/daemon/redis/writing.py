"""The commands that set, take away and let expire: what each writes, and what it answers then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs

from gossipd.protocol import TTL_LIMIT, Asked, Bounded, Reset

from ..resp import Status, Value
from .counting import change_of, integer
from .errors import SYNTAX, Failed
from .names import name_of
from .view import View

Done: TypeAlias = Sequence[int]

_OK = Status("OK")


@attrs.frozen
class Plan:
    """What a command writes.

    Attributes:
        changes: in order.
        tell: makes the answer of what each change did: by how much it changed its counter, and if
            it is a reset, how much it took away.
    """

    changes: tuple[Asked, ...]
    tell: Callable[[Done], Value]


def set_(view: View, request: list[bytes]) -> Plan | Value:
    """SET key number [NX] [GET] [EX seconds | PX milliseconds].

    With NX it adds to a name that is unknown here. With GET it takes away what is seen here and
    tells it. Without either it would take away what nobody has seen.
    """
    nx, gets, ttl = _options(request)
    number = integer(request[2])
    name = name_of(request[1])
    value = view.value(name)
    if not nx and not gets:
        raise Failed(
            "ERR SET would take back what other nodes count at the same time: use INCRBY, SET with"
            " NX where nobody has counted yet, or SET with GET to take what was counted so far"
        )
    if nx and value is not None:
        return b"%d" % value if gets else None
    change = change_of(request[1], number)
    added: Asked = change if ttl is None else Bounded(*change, ttl)
    if nx:
        return Plan((added,), lambda done: None if gets else _OK)
    first = Reset(name)
    changes = (first,) if number == 0 and ttl is None and value is not None else (first, added)
    return Plan(changes, lambda done: None if value is None else b"%d" % done[0])


def _options(request: list[bytes]) -> tuple[bool, bool, int | None]:
    """Returns whether there is NX, whether there is GET, and the time to live in milliseconds."""
    nx = gets = False
    ttl = None
    options = iter(request[3:])
    for option in options:
        match option.upper():
            case b"NX":
                nx = True
            case b"GET":
                gets = True
            case b"EX" | b"PX" as unit if ttl is None:
                ttl = integer(next(options, b"")) * (1000 if unit == b"EX" else 1)
                if not 1 <= ttl <= TTL_LIMIT:
                    raise Failed("ERR invalid expire time in 'set' command")
            case _:
                raise Failed(SYNTAX)
    return nx, gets, ttl


def getdel(view: View, request: list[bytes]) -> Plan | Value:
    """GETDEL key: the value that this takes away, or nil if there is no such counter."""
    name = name_of(request[1])
    if view.value(name) is None:
        return None
    return Plan((Reset(name, delete=True),), lambda done: b"%d" % done[0])


def delete(view: View, request: list[bytes]) -> Plan | Value:
    """DEL key [key ...], and UNLINK: how many of them there were."""
    names = dict.fromkeys(name_of(key) for key in request[1:])
    found = [name for name in names if view.value(name) is not None]
    if not found:
        return 0
    return Plan(tuple(Reset(name, delete=True) for name in found), len)


def expire(view: View, request: list[bytes]) -> Plan | Value:
    """EXPIRE key seconds [NX | XX | GT | LT]."""
    return _expire(view, request, 1000)


def pexpire(view: View, request: list[bytes]) -> Plan | Value:
    """PEXPIRE key milliseconds [NX | XX | GT | LT]."""
    return _expire(view, request, 1)


def _expire(view: View, request: list[bytes], unit: int) -> Plan | Value:
    """Lets a counter live on for a while: the longest time that anybody gave is what counts."""
    ttl = integer(request[2]) * unit
    options = {option.upper() for option in request[3:]}
    if not options <= {b"NX", b"XX", b"GT", b"LT"}:
        raise Failed(f"ERR Unsupported option {request[3].decode('utf-8', 'replace')}")
    if len(options) > 1:
        raise Failed("ERR NX and XX, GT or LT options at the same time are not compatible")
    if ttl > TTL_LIMIT:
        raise Failed(f"ERR invalid expire time in '{request[0].decode().lower()}' command")
    name = name_of(request[1])
    if view.value(name) is None:
        return 0
    is_new = view.is_new(name)
    left = None if is_new else view.expires_in(name)
    if left is None:
        if options & {b"XX", b"GT"}:
            return 0
        if ttl > 0 and not is_new:
            raise Failed(
                "ERR this counter was made without a time to live, and so lives on: give it one"
                " with its first change, by SET key 0 EX seconds NX or in a transaction"
            )
    elif b"NX" in options or (ttl > 0 and (b"LT" in options or ttl <= left)):
        return 0
    if ttl <= 0:
        return Plan((Reset(name, delete=True),), lambda done: 1)
    return Plan((Bounded(name, 0, ttl),), lambda done: 1)
