"""Encodes messages into datagrams, and decodes datagrams into messages.

A datagram is

    magic "gd" | version | flags | key id | length of the cluster's name | name | check | payload

The magic has two bytes, and the other fields before the name have one byte each. The check is a
CRC-32 over all bytes but its own four. The payload is a row of frames. A frame is a length of two
bytes and one message as a msgpack array. Flags and key id are 0 here. A driver that seals datagrams
puts another header in the place of all that is before the payload, with a flag.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Iterable
from functools import reduce
from operator import or_

import msgspec

from .kinds import KINDS
from .message import Message
from .messages import Ping, Sender

MAGIC = b"gd"
VERSION = 2
"""Nodes of version 1 cannot read sums below zero, and are refused."""

_SEALED = 1
"""The flag of a datagram whose payload is sealed."""

SEALED_HEAD = MAGIC + bytes([VERSION, _SEALED])
"""The first bytes of such a datagram, of which the driver defines the rest."""

_FIXED = 6
"""Bytes of the header before the cluster's name."""

_CHECK = 4
"""Bytes of the check."""

FRAME_BYTES = 2
"""Bytes of a frame beside its message."""

_encode = msgspec.msgpack.Encoder().encode
# One type for all messages, which msgspec tells apart by their tags.
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(reduce(or_, KINDS))
_decode = _decoder.decode


class DecodeError(Exception):
    """Raised for bytes that are no datagram of this cluster; decoding raises nothing else.

    Attributes:
        reason: what is wrong, as a label for the statistics: magic, version, cluster, check,
            sender, frame, or sealed; from a driver with keys also key, tag, flood, open, or own.
        ours, theirs: where versions or clusters differ, this node's and the datagram's; else empty.
        asks: where they differ, whether the datagram is whole and, as far as can be seen, has a
            ping, which asks for an answer.
    """

    def __init__(
        self, reason: str, ours: str = "", theirs: str = "", *, asks: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.ours = ours
        self.theirs = theirs
        self.asks = asks


def frame(message: Message) -> bytes:
    """Returns the frame of a message. Raises ValueError if the message has over 65,535 bytes."""
    body = _encode(message)
    if len(body) > 0xFFFF:
        raise ValueError("message too long for a frame")
    return len(body).to_bytes(FRAME_BYTES, "big") + body


def encode_raw(value: msgspec.Struct) -> msgspec.Raw:
    """Returns a part of a message in encoded form, to be used in many messages."""
    return msgspec.Raw(_encode(value))


class Codec:
    """Encodes and decodes the datagrams of one cluster.

    Attributes:
        overhead: how many bytes a datagram has beside its frames.
    """

    def __init__(self, cluster: str) -> None:
        name = cluster.encode()
        self._head = MAGIC + bytes([VERSION, 0, 0, len(name)]) + name
        self._head_crc = crc32(self._head)
        self._start = len(self._head) + _CHECK
        self.overhead = self._start

    def datagram(self, frames: Iterable[bytes]) -> bytes:
        """Returns a datagram of these frames, the first of which must be that of a `Sender`."""
        payload = b"".join(frames)
        return self._head + crc32(payload, self._head_crc).to_bytes(_CHECK, "big") + payload

    def decode(self, data: bytes) -> tuple[Sender, list[Message], int]:
        """Returns the sender, the other messages, and how many frames were not understood.

        A message of a later version has an unknown tag; its frame is skipped and the others count.
        Raises DecodeError, and nothing else, for bytes that are no datagram of this cluster.
        """
        if not data.startswith(self._head):
            raise self._foreign(data)
        start = self._start
        check = data[start - _CHECK : start]
        if (
            crc32(data[start:], self._head_crc) != int.from_bytes(check, "big")
            or len(check) < _CHECK
        ):
            raise DecodeError("check")
        return _messages(memoryview(data)[start:])

    def sealed(self, frames: bytes) -> tuple[Sender, list[Message], int]:
        """Returns the same of frames that were sealed, which need no header and no check.

        Raises DecodeError, and nothing else.
        """
        return _messages(memoryview(frames))

    def _foreign(self, data: bytes) -> DecodeError:
        """Returns the error for bytes that do not begin with the header of this cluster."""
        if len(data) < _FIXED or data[:2] != MAGIC:
            return DecodeError("magic")
        if data[3] & _SEALED:
            return DecodeError("sealed", "open gossip", "sealed gossip")
        if data[2] != VERSION:
            versions = (f"wire version {VERSION}", f"wire version {data[2]}")
            return DecodeError("version", *versions, asks=_payload(data) is not None)
        if len(data) < _FIXED + data[5] + _CHECK:
            return DecodeError("check")
        names = (self._head[_FIXED:], data[_FIXED : _FIXED + data[5]])
        ours, theirs = (f"cluster {name.decode('utf-8', 'replace')!r}" for name in names)
        return DecodeError("cluster", ours, theirs, asks=_has_ping(_payload(data)))


def _payload(data: bytes) -> memoryview | None:
    """Returns the payload of a datagram of any cluster, None if the check is wrong."""
    start = _FIXED + data[5] + _CHECK
    check = data[start - _CHECK : start]
    whole = crc32(data[start:], crc32(data[: start - _CHECK])) == int.from_bytes(check, "big")
    return memoryview(data)[start:] if whole and len(check) == _CHECK else None


def _has_ping(payload: memoryview | None) -> bool:
    if payload is None:
        return False
    try:
        return any(isinstance(message, Ping) for message in _messages(payload)[1])
    except DecodeError:
        return False


def _messages(payload: memoryview) -> tuple[Sender, list[Message], int]:
    messages: list[Message] = []
    sender: Sender | None = None
    unknown = at = 0
    end = len(payload)
    while at < end:
        stop = at + FRAME_BYTES + (payload[at] << 8 | payload[at + 1] if at + 1 < end else end)
        if stop > end:
            raise DecodeError("frame")
        try:
            message = _decode(payload[at + FRAME_BYTES : stop])
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            unknown += 1
        else:
            if sender is None and isinstance(message, Sender):
                sender = message
            elif sender is None or isinstance(message, Sender):
                raise DecodeError("sender")
            else:
                messages.append(message)
        at = stop
    if sender is None:
        raise DecodeError("sender")
    return sender, messages, unknown
