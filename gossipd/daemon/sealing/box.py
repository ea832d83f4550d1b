"""Seals and opens datagrams: bytes become bytes that only holders of a key can read or make.

A sealed datagram is

    magic "gd" | version | flags | key id, 4 | session, 16 | number, 8 | sealed part | tag, 16

The sealed part (AES-256-GCM) is the recipient, of 4 bytes, and the frames. All before it, and the
cluster's name, are authenticated with it. The secret in a key file seals nothing itself: from it
and the random number of a session follows the key of that session (HKDF with SHA-256). A process
draws a session at its start, and anew if Python forked it, or if it hears that a clock was stepped,
which may mean that its machine was set back to a snapshot. So no number, which is the nonce, is
used twice under a key. Half of it counts. The other half is random: a machine that was set back
learns of it only when its clock is put right, and may use a count again until then.

The recipient is the beginning of the session that the sender's datagram is meant for, or zero.
"""

from __future__ import annotations

import hmac
import os
import secrets
import struct
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from functools import partial
from os import urandom
from time import time_ns
from typing import TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gossipd.protocol import SEALED_HEAD

from .keys import ID_BYTES, Key

SESSION_BYTES = 16
_NUMBER = 8
_HALVES = struct.Struct(">II")
_COUNTS = 4
"""Bytes of a number that count; those after them are random."""

_RECIPIENT = 4
_TAG = 16
_HEAD = struct.Struct(f">{len(SEALED_HEAD)}x{ID_BYTES + SESSION_BYTES}sI")
"""Of what stands before the sealed part: key id and session, and what counts of the number."""

_COUNT = slice(_HEAD.size - _COUNTS, _HEAD.size)
"""Where the part of the number stands that counts."""

_SEALED = _COUNT.start + _NUMBER
"""Where the sealed part begins."""

OVERHEAD = _SEALED + _RECIPIENT + _TAG
"""Bytes of a sealed datagram beside its frames."""

_ZEROS = bytes(_RECIPIENT)
_NONCE = bytes(4)
"""A nonce has four bytes more than a number."""

_LAST = 1 << 31
"""Datagrams that are sealed in one session at most."""

_REMEMBERED = 1024
"""Datagrams that are known by their first bytes after they were sealed."""

_KNOWN_BY = 64
"""Bytes at the beginning of a sealed datagram that no other one has: its nonce is among them."""

_OWN = 8
"""Sessions of this process that are remembered as its own."""

_KNOWN = 1 << 14
"""Sessions of others whose keys are kept at most."""


_Value = TypeVar("_Value")
_Decrypt = Callable[[bytes, bytes, bytes], bytes]


Opened = tuple[bytes, bytes, int, bytes]
"""What was in a sealed datagram: its frames, its session, the count in its number, its recipient.

A plain tuple, because one is made for every datagram.
"""


class NotOpened(Exception):
    """Raised for a datagram that cannot be opened.

    Attributes:
        key: the id of the key that it says to be sealed with; empty if it says nothing sensible.
        known: whether this process has that key; without an id, whether it was not even tried.
    """

    def __init__(self, key: str = "", *, known: bool = False) -> None:
        super().__init__(key)
        self.key = key
        self.known = known


def session_key(secret: bytes, session: bytes, cluster: bytes) -> bytes:
    """Returns the key of a session: HKDF-SHA256 of the secret, salted with the session."""
    drawn = hmac.digest(session, secret, "sha256")
    return hmac.digest(drawn, b"gossipd " + cluster + b"\x01", "sha256")


class Sealer:
    """Seals the datagrams of this process.

    Attributes:
        key: the id of the key that seals.
        own: the session of this process, and those that it had of late.
        recipients: the first bytes of these sessions, which name this process as the recipient.
    """

    def __init__(self, cluster: str, key: Key) -> None:
        """Draws a session."""
        self._cluster = cluster.encode()
        self.own: deque[bytes] = deque(maxlen=_OWN)
        # The last datagrams, each with its frames, by the count in the number.
        self._last = [(b"", b"")] * _REMEMBERED
        self._key = key
        self.renew()
        # To ask for the process id with each datagram took a thirtieth of the time of a ping.
        os.register_at_fork(after_in_child=partial(_end, weakref.ref(self)))

    def use(self, key: Key) -> None:
        """Seals with that key from now on. Numbers go on, since the session's key is another."""
        self._key = key
        self._begin()

    def renew(self) -> None:
        """Draws another session."""
        self._session = secrets.token_bytes(SESSION_BYTES)
        self.own.append(self._session)
        self.recipients = {session[:_RECIPIENT] for session in self.own}
        self._count = 0
        self._begin()

    def end(self) -> None:
        """Lets the next datagram be sealed in another session."""
        self._count = _LAST

    def seal(self, payload: bytes, session: bytes) -> bytes:
        """Returns the sealed datagram of these frames, for the process that has this session.

        The session is empty if that process is not known yet.
        """
        if self._count >= _LAST:
            self.renew()
        count = self._count = self._count + 1
        fresh = int.from_bytes(urandom(4), "big") ^ time_ns() & 0xFFFFFFFF
        number = _HALVES.pack(count, fresh)
        head = self._head + number
        frames = (session[:_RECIPIENT] or _ZEROS) + payload
        sealed = head + self._encrypt(_NONCE + number, frames, head + self._cluster)
        self._last[count % _REMEMBERED] = sealed, payload
        return sealed

    def repeated(self, quoted: bytes) -> bytes | None:
        """Returns the frames of the datagram, sealed of late, that begins with these bytes."""
        count = int.from_bytes(quoted[_COUNT], "big")
        sealed, payload = self._last[count % _REMEMBERED]
        return payload if len(quoted) >= _KNOWN_BY and sealed.startswith(quoted) else None

    def _begin(self) -> None:
        self.key = self._key.id
        self._head = SEALED_HEAD + bytes.fromhex(self._key.id) + self._session
        cipher = AESGCM(session_key(self._key.secret, self._session, self._cluster))
        self._encrypt = cipher.encrypt


def _end(some: weakref.ref[Sealer]) -> None:
    sealer = some()
    if sealer is not None:
        sealer.end()


class Opener:
    """Opens the datagrams of others.

    What is kept of a session is its key, and only once a datagram of it could be opened. It saves
    time and decides nothing. So one that is pushed out by another does no harm.
    """

    def __init__(
        self, cluster: str, keys: Sequence[Key], allows: Callable[[], bool] = lambda: True
    ) -> None:
        """Makes one that asks `allows` whether it may try a session that it does not know."""
        self._cluster = cluster.encode()
        self._allows = allows
        self._keys: dict[bytes, Key] = {}
        # By key id and session what decrypts its datagrams.
        self._known: OrderedDict[bytes, _Decrypt] = OrderedDict()
        # By session the id of the key that it seals with.
        self._seals: OrderedDict[bytes, str] = OrderedDict()
        self.use(keys)

    def use(self, keys: Sequence[Key]) -> None:
        """Opens with these keys, and no others, from now on."""
        self._keys = {bytes.fromhex(key.id): key for key in keys}
        self._known.clear()

    def key_of(self, session: bytes) -> str | None:
        """Returns the id of the key that a session was sealed with last; None if it is unknown."""
        return self._seals.get(session)

    def open(self, data: bytes) -> Opened:
        """Returns what is in a datagram. Raises NotOpened, and nothing else.

        Other first bytes than `SEALED_HEAD` are a change like any other: the tag is wrong then.
        """
        if len(data) < OVERHEAD:
            raise NotOpened
        which, count = _HEAD.unpack_from(data)
        head, session = data[:_SEALED], which[ID_BYTES:]
        known = self._known.get(which)
        decrypt = known or self._derive(which)
        try:
            opened = decrypt(
                _NONCE + data[_COUNT.start : _SEALED], data[_SEALED:], head + self._cluster
            )
        except InvalidTag:
            raise NotOpened(which[:ID_BYTES].hex(), known=True) from None
        if known is None:
            _keep(self._known, which, decrypt)
            _keep(self._seals, session, which[:ID_BYTES].hex())
        return opened[_RECIPIENT:], session, count, opened[:_RECIPIENT]

    def _derive(self, which: bytes) -> _Decrypt:
        """Returns what decrypts the datagrams of a session that is not known."""
        key = self._keys.get(which[:ID_BYTES])
        if key is None:
            raise NotOpened(which[:ID_BYTES].hex())
        if not self._allows():
            raise NotOpened(known=True)
        return AESGCM(session_key(key.secret, which[ID_BYTES:], self._cluster)).decrypt


def _keep(table: OrderedDict[bytes, _Value], key: bytes, value: _Value) -> None:
    """Adds to a table, in the place of what was added first if it is full."""
    table.pop(key, None)
    if len(table) >= _KNOWN:
        table.popitem(last=False)
    table[key] = value
