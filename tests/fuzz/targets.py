"""What is fuzzed: each target takes any bytes, and asserts what has to hold of them.

A target fails by raising. Beside that nothing else is raised, each compares what it can: a datagram
that opens is one that was sealed, a parser finds the same however the bytes are cut.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from typing import Any

import attrs
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gossipd.daemon.access import parse_tokens
from gossipd.daemon.access import tokens as token_files
from gossipd.daemon.http.messages import Limits
from gossipd.daemon.http.parser import Ready
from gossipd.daemon.http.parser import RequestParser as HttpParser
from gossipd.daemon.repeated import Repeated
from gossipd.daemon.resp import parser as resp
from gossipd.daemon.sealing import Key, keys, parse_keys
from gossipd.daemon.sealing.box import NotOpened, Opener, session_key
from gossipd.protocol import SEALED_HEAD, Node
from gossipd.protocol.wire import Codec, DecodeError, codec, frame
from tests.fuzz.messages import Choices, message
from tests.protocol.conversation import address, converse, make_node, sender

_CLUSTER = "gossipd"
_CODEC = Codec(_CLUSTER)
_KEYS = Key.of(b"1" * 32), Key.of(b"2" * 32)
_LIMITS = Limits(head_bytes=20_000, body_bytes=2_000)
"""A head is only refused for its size where it was cut, so that no head here is so large."""


@attrs.frozen
class Target:
    """One thing that is fuzzed.

    Attributes:
        run: takes the bytes.
        covers: functions, classes and modules whose lines count as covered.
    """

    run: Callable[[bytes], None]
    covers: tuple[Any, ...]


def _sealed(key: Key, session: bytes, number: int, payload: bytes) -> bytes:
    """Returns a sealed datagram whose bytes follow from the arguments."""
    head = SEALED_HEAD + bytes.fromhex(key.id) + session + number.to_bytes(8, "big")
    cipher = AESGCM(session_key(key.secret, session, _CLUSTER.encode()))
    nonce = bytes(4) + number.to_bytes(8, "big")
    return head + cipher.encrypt(nonce, payload, head + _CLUSTER.encode())


SEALED = {
    _sealed(key, session, number, payload): payload[4:]
    for key in _KEYS
    for session in (b"s" * 16, bytes(range(16)))
    for number, payload in ((1 << 32, b"0000"), (2 << 32, b"sess" + b"what two nodes say"))
}
"""Datagrams that were sealed, and what is in them. No other bytes may open."""


def sealed(data: bytes) -> None:
    """Opens bytes as a sealed datagram."""
    opener = Opener(_CLUSTER, _KEYS)
    for _ in "12":  # Once without and once with the key of the session at hand.
        try:
            payload, *_ = opener.open(data)
        except NotOpened:
            assert data not in SEALED
        else:
            assert payload == SEALED[data]


def datagram(data: bytes) -> None:
    """Decodes bytes as a datagram, and as the payload of one whose header is right."""
    for each in (data, _CODEC.datagram([data])):
        try:
            first, messages, _ = _CODEC.decode(each)
        except DecodeError:
            continue
        again = _CODEC.decode(_CODEC.datagram(map(frame, (first, *messages))))
        assert (first, messages, 0) == again


def _met() -> bytes:
    """Returns a node that has met two others, of which one has counted, as a pickle."""
    talk = converse(*map(make_node, (1, 2, 3)))
    counting: Node = talk.nodes[address(2)]
    for name in ("default", "a"):
        talk.carry(counting, counting.increment(name, 3, "local", 1, talk.now))
    talk.deliver()
    return pickle.dumps((talk.nodes[address(1)], talk.now))


_MET = _met()
_SENDER = frame(sender(2))


def node(data: bytes) -> None:
    """Sends a node any messages of a member, and lets time pass."""
    some, now = pickle.loads(_MET)
    choices = Choices(data)
    while choices:
        made = [message(choices) for _ in range(1 + choices.one_of(3))]
        whole = _CODEC.datagram([_SENDER, *map(frame, made)])
        _CODEC.decode(whole)
        some.handle_datagram(whole, address(2), now)
        for _ in range(choices.one_of(4)):
            now = max(now, some.next_timeout() or now)
            some.handle_timeout(now)
    some.members()
    some.statistics()
    some.state()


def key_file(data: bytes) -> None:
    """Reads bytes as a key file; what can be read is written and read again."""
    try:
        found = parse_keys(data)
    except ValueError as error:
        _tells_nothing(str(error))
    else:
        assert found == parse_keys("\n".join(key.line for key in found).encode())


def token_file(data: bytes) -> None:
    """Reads bytes as a token file; what can be read is written and read again."""
    try:
        found = parse_tokens(data)
    except ValueError as error:
        _tells_nothing(str(error))
    else:
        assert found == parse_tokens("\n".join(token.line for token in found).encode())


def _tells_nothing(text: str) -> None:
    """A refusal is one short line, which cannot have a secret in it."""
    assert text.isprintable()
    assert len(text) < 120


def redis(data: bytes) -> None:
    """Parses bytes as Redis requests, whole and in two parts; the first byte says where to cut.

    The parts come to a parser that may know them from an earlier connection.
    """
    cut, rest = _cut(data)
    repeated = Repeated[list[list[bytes]]]()
    whole, parts = resp.RequestParser(), resp.RequestParser(repeated)
    whole.feed(rest)
    for part in (rest[:cut], rest[cut:]):
        resp.RequestParser(repeated).feed(part)
    parts.feed(rest[:cut])
    parts.feed(rest[cut:])
    assert (whole.ready, whole.error, whole.has_begun) == (
        parts.ready,
        parts.error,
        parts.has_begun,
    )


def http(data: bytes) -> None:
    """Parses bytes as HTTP requests, whole and in two parts; the first byte says where to cut.

    The parts come to a parser that may know them from an earlier connection.
    """
    cut, rest = _cut(data)
    repeated = Repeated[list[Ready]]()
    for part in (rest[:cut], rest[cut:]):
        _requests(repeated, part)
    assert _requests(Repeated(), rest) == _requests(repeated, rest[:cut], rest[cut:])


def _requests(repeated: Repeated[list[Ready]], *parts: bytes) -> tuple[Any, ...]:
    parser = HttpParser(_LIMITS, repeated)
    for part in parts:
        if parser.refusal is None:
            parser.feed(part)
    refusal = parser.refusal
    found = [
        (each.method, each.path, each.query, each.headers, each.body, line)
        for each, line in parser.ready
    ]
    state = None if refusal else (parser.in_head, parser.in_body, parser.expects_continue)
    parser.close()
    return found, refusal and refusal.status, state


def _cut(data: bytes) -> tuple[int, bytes]:
    rest = data[1:]
    return (data[0] * len(rest) // 256 if data else 0), rest


def _is_protocol(module: str) -> bool:
    return module.startswith("gossipd.protocol.")


TARGETS = {
    "sealed": Target(sealed, (Opener.open, Opener._derive)),
    "datagram": Target(
        datagram,
        (Codec.decode, Codec._foreign, codec._payload, codec._has_ping, codec._messages),
    ),
    "key-file": Target(key_file, (parse_keys, keys._key)),
    "token-file": Target(token_file, (parse_tokens, token_files._token, token_files._check_name)),
    "redis": Target(redis, (resp,)),
    "http": Target(http, (HttpParser,)),
    "node": Target(node, tuple(m for name, m in sys.modules.items() if _is_protocol(name))),
}
"""What is fuzzed, by name."""
