"""How many bytes parts of a message take, so that a datagram is filled and never overfilled.

The sizes follow the MessagePack format and the order of fields in `messages`. They are exact but
for lists, whose header is taken to be the longest that occurs.
"""

from __future__ import annotations

from msgspec import msgpack

from .claims import Claim
from .entries import Group, Row

_LIST_BYTES = 3

# To add the sizes of a row's fields up takes longer than to encode it.
_encode = msgpack.Encoder().encode


def int_bytes(value: int) -> int:
    """Returns the size of an integer."""
    if value < 0:
        # One of 5 bits fits into the first byte; else there is a bit less than without a sign.
        value = -1 - value
        return 1 if value < 1 << 5 else int_bytes(max(2 * value, 1 << 7))
    if value < 1 << 7:
        return 1
    if value < 1 << 16:
        return 2 if value < 1 << 8 else 3
    return 5 if value < 1 << 32 else 9


def text_bytes(text: str) -> int:
    """Returns the size of a text of less than 65,536 bytes."""
    length = len(text) if text.isascii() else len(text.encode())
    if length < 1 << 8:
        return length + (1 if length < 1 << 5 else 2)
    return length + 3


def claim_bytes(claim: Claim) -> int:
    """Returns the size of a claim."""
    numbers = int_bytes(claim.generation) + int_bytes(claim.incarnation)
    numbers += int_bytes(claim.age) + int_bytes(claim.evidence)
    tags = claim.tags
    more = 1 if tags is None else 1 + int_bytes(tags.incarnation) + text_bytes(tags.text)
    return 2 + text_bytes(claim.id) + numbers + text_bytes(claim.accuser) + more


def row_bytes(row: Row) -> int:
    """Returns the size of an entry, or of a row of the other form."""
    return len(_encode(row))


def empty_group_bytes(since: int, upto: int) -> int:
    """Returns the size of a group without rows."""
    owner = 2 + 16
    return 1 + owner + int_bytes(since) + int_bytes(upto) + 2 * _LIST_BYTES


def group_bytes(group: Group) -> int:
    """Returns the size of a group."""
    return empty_group_bytes(group.since, group.upto) + sum(map(row_bytes, group.rows))
