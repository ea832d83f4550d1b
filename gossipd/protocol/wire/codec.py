"""Bytes to messages and back.

A datagram is

    magic "gd" | version | flags | key id | length of the cluster's name | name | check | payload

with one byte for each field up to the name's length, a CRC-32 over all but itself as the check, and
a payload of frames: a length of two bytes and one msgpack array. Flags and key id are 0 until
payloads are sealed.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Iterable
from functools import reduce
from operator import or_

import msgspec

from .messages import KINDS, Message, Sender

MAGIC = b"gd"
VERSION = 1
_FIXED = 6
_CHECK = 4
FRAME_BYTES = 2

_encode = msgspec.msgpack.Encoder().encode
# One type for all messages, which msgspec tells apart by their tags.
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(reduce(or_, KINDS))
_decode = _decoder.decode


class DecodeError(Exception):
    """The only exception that bytes of the network can cause.

    Attributes:
        reason: one of magic, version, cluster, check, sender, frame; a label for the counts.
        ours, theirs: cluster or version, this node's and the datagram's, where they differ.
    """

    def __init__(self, reason: str, ours: str = "", theirs: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.ours = ours
        self.theirs = theirs


def frame(message: Message) -> bytes:
    """One message with its length before it. Raises ValueError beyond 65,535 bytes."""
    body = _encode(message)
    if len(body) > 0xFFFF:
        raise ValueError("message too long for a frame")
    return len(body).to_bytes(FRAME_BYTES, "big") + body


def encode_raw(value: msgspec.Struct) -> msgspec.Raw:
    """A part of a message, encoded once to be used in many."""
    return msgspec.Raw(_encode(value))


class Codec:
    """Encodes and decodes the datagrams of one cluster."""

    def __init__(self, cluster: str) -> None:
        name = cluster.encode()
        self._head = MAGIC + bytes([VERSION, 0, 0, len(name)]) + name
        self._head_crc = crc32(self._head)
        self._start = len(self._head) + _CHECK
        self.overhead = self._start

    def datagram(self, frames: Iterable[bytes]) -> bytes:
        """Header and frames. The first frame must be a `Sender`."""
        payload = b"".join(frames)
        return self._head + crc32(payload, self._head_crc).to_bytes(_CHECK, "big") + payload

    def decode(self, data: bytes) -> tuple[Sender, list[Message], int]:
        """Sender, further messages, and how many frames were not understood.

        Raises DecodeError, and nothing else, for bytes that are not a datagram of this cluster.
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

    def _foreign(self, data: bytes) -> DecodeError:
        """Why these bytes do not start as this cluster's datagrams do."""
        if len(data) < _FIXED or data[:2] != MAGIC:
            return DecodeError("magic")
        if data[2] != VERSION:
            return DecodeError("version", f"wire version {VERSION}", f"wire version {data[2]}")
        if len(data) < _FIXED + data[5] + _CHECK:
            return DecodeError("check")
        names = (self._head[_FIXED:], data[_FIXED : _FIXED + data[5]])
        ours, theirs = (f"cluster {name.decode('utf-8', 'replace')!r}" for name in names)
        return DecodeError("cluster", ours, theirs)


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
