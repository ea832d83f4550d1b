"""Makes messages of bytes: any bytes become messages that a member could send, right or wrong.

Their types say what a field may hold. Values come mostly from a few that matter: bounds, known ids
and owners, small numbers.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec import inspect

from gossipd.protocol.wire import KINDS, Message, Sender
from tests.protocol.conversation import WALL_MS, node_id

_IDS = [*map(node_id, (1, 2, 3)), "", "[::1]:1", "x:0", "name:8088"]
_NAMES = ["default", "a", "ü" * 9, "n" * 128]
_OWNERS = [bytes([number]) * 16 for number in range(4)]
_NUMBERS = [0, 1, 2, 3, 4, 7, 15, 16, 17, 31, 32, 255, 1000, WALL_MS, WALL_MS + 1, 2**52, 2**53 - 1]
_MESSAGES = [kind for kind in KINDS if kind is not Sender]
_MOST = 3


class Choices:
    """Bytes as a row of choices; past their end always the first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def one_of(self, number: int) -> int:
        """Returns a number from 0, below `number`."""
        return self.bytes(1)[0] % number if number > 1 else 0

    def bytes(self, length: int) -> bytes:
        """Returns the next bytes."""
        found = self._data[self._at : self._at + length]
        self._at += length
        return found.ljust(length, b"\0")


def message(choices: Choices) -> Message:
    """Returns a message that any decoder of the wire takes."""
    made: Message = _value(choices, _type(_MESSAGES[choices.one_of(len(_MESSAGES))]), "")
    return made


@cache
def _type(kind: type) -> inspect.Type:
    return inspect.type_info(kind)


def _value(choices: Choices, kind: inspect.Type, name: str) -> Any:
    match kind:
        case inspect.Metadata():
            return _value(choices, kind.type, name)
        case inspect.StructType():
            return kind.cls(*[_value(choices, each.type, each.name) for each in kind.fields])
        case inspect.ListType():
            least, most = kind.min_length or 0, min(kind.max_length or _MOST, _MOST)
            count = max(least, choices.one_of(most + 1))
            return [_value(choices, kind.item_type, name) for _ in range(count)]
        case inspect.DictType():
            return {
                _value(choices, kind.key_type, name): _value(choices, kind.value_type, name)
                for _ in range(choices.one_of(_MOST + 1))
            }
        case inspect.IntType():
            return _number(choices, kind)
        case inspect.BytesType():
            return _bytes(choices, kind)
        case inspect.StrType():
            pool = _NAMES if name == "name" else _IDS
            return pool[choices.one_of(len(pool))]
        case inspect.BoolType():
            return bool(choices.one_of(2))
        case inspect.UnionType():
            return _value(choices, kind.types[choices.one_of(len(kind.types))], name)
        case inspect.NoneType():
            return None
    raise TypeError(kind)


def _number(choices: Choices, kind: inspect.IntType) -> int:
    low = kind.ge if kind.ge is not None else -(2**63)
    high = kind.le if kind.le is not None else kind.lt - 1 if kind.lt is not None else 2**63 - 1
    pool = [
        n for n in (*_NUMBERS, *(-n for n in _NUMBERS), low, high, high - 1) if low <= n <= high
    ]
    chosen = choices.one_of(len(pool) + 2)
    if chosen < len(pool):
        return int(pool[chosen])
    return int(low + int.from_bytes(choices.bytes(8), "big") % (high - low + 1))


def _bytes(choices: Choices, kind: inspect.BytesType) -> bytes:
    least, most = kind.min_length or 0, kind.max_length or 64
    if least == most == 16:
        return _OWNERS[choices.one_of(len(_OWNERS))]
    return choices.bytes(max(least, choices.one_of(most + 1)))
