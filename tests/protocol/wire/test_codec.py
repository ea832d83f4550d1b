"""Bytes to messages and back; hostile bytes; the wire as it is."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.wire import codec as module
from gossipd.protocol.wire import comparing as c
from gossipd.protocol.wire import kinds
from gossipd.protocol.wire import messages as m
from gossipd.protocol.wire.codec import MAGIC, VERSION, Codec, DecodeError, frame
from gossipd.protocol.wire.entries import Bequest, Entry, Group, Said
from gossipd.protocol.wire.message import Message
from gossipd.protocol.wire.messages import Ping, PingReq, Sender
from gossipd.protocol.wire.tags import Tags

SENDER = Sender("10.0.0.1:8088", 5, 1, 7)
CODEC = Codec("test")
IDS = st.sampled_from(["", "10.0.0.2:8088", "[2001:db8::1]:1", "x" * 270])
NUMBERS = st.integers(0, 2**53)
HASHES = st.integers(0, 2**63 - 1)
OWNERS = st.binary(min_size=16, max_size=16)
MASKS = st.binary(max_size=32)
TAGS = st.none() | st.builds(Tags, NUMBERS, st.text(max_size=512))
CLAIM = st.builds(m.Claim, IDS, NUMBERS, NUMBERS, st.integers(0, 3), IDS, tags=TAGS)
CLAIMS = st.lists(CLAIM, max_size=3)
NAMES = st.text(min_size=1, max_size=64)
ENTRIES = st.lists(st.builds(Entry, NUMBERS, NAMES, HASHES, HASHES), max_size=3)
TOTALS = st.integers(-(2**63), 2**63 - 1)
SAID = st.builds(
    Said,
    *(NUMBERS, NAMES, st.binary(max_size=65), NUMBERS, TOTALS, NUMBERS, TOTALS),
    *(st.booleans(), NUMBERS, NUMBERS),
)
GROUPS = st.builds(Group, OWNERS, NUMBERS, NUMBERS, ENTRIES, st.lists(SAID, max_size=3))
SUMS = st.lists(st.integers(0, 2**32 - 1), min_size=16, max_size=16)
KINDS: dict[type, st.SearchStrategy[Message]] = {
    m.Ping: st.builds(m.Ping, NUMBERS, IDS, HASHES, HASHES, st.binary(max_size=64)),
    m.PingReq: st.builds(m.PingReq, NUMBERS, IDS),
    m.Ack: st.builds(m.Ack, NUMBERS, HASHES, HASHES, NUMBERS),
    m.Nack: st.builds(m.Nack, NUMBERS, st.booleans()),
    m.Claims: st.builds(m.Claims, CLAIMS),
    m.Push: st.builds(m.Push, NUMBERS, GROUPS),
    m.Confirm: st.builds(m.Confirm, NUMBERS, OWNERS, NUMBERS),
    c.Sums: st.builds(c.Sums, st.integers(0, 1), st.integers(-1, 15), SUMS),
    c.Rows: st.builds(c.Rows, MASKS, CLAIMS, st.booleans(), st.booleans()),
    c.Haves: st.builds(
        c.Haves, MASKS, st.lists(st.builds(c.Have, OWNERS, NUMBERS), max_size=3), st.booleans()
    ),
    c.Delta: st.builds(c.Delta, st.lists(GROUPS, max_size=3), st.booleans()),
    m.Spread: st.builds(m.Spread, NUMBERS, GROUPS, st.lists(IDS, max_size=3)),
    m.SpreadDone: st.builds(m.SpreadDone, NUMBERS, OWNERS, NUMBERS, st.lists(IDS, max_size=3)),
    c.Content: st.builds(c.Content, OWNERS, NUMBERS, HASHES),
    m.Beacon: st.builds(m.Beacon, st.booleans(), st.binary(max_size=256)),
    m.Clock: st.builds(m.Clock, NUMBERS, st.booleans(), st.text(max_size=256)),
    m.ClusterIds: st.builds(
        m.ClusterIds,
        st.lists(st.integers(0, 2**32 - 1), max_size=64),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        HASHES,
    ),
    m.Unanswered: st.builds(m.Unanswered, IDS, IDS),
    m.FoldAsk: st.builds(
        m.FoldAsk,
        NUMBERS,
        OWNERS,
        st.lists(st.builds(Bequest, OWNERS, NUMBERS, HASHES), min_size=1, max_size=3),
    ),
    m.FoldAnswer: st.builds(m.FoldAnswer, NUMBERS, st.booleans()),
}
MESSAGES = st.lists(st.one_of(*KINDS.values()), max_size=4)
DATAGRAM = CODEC.datagram(
    [frame(SENDER), frame(Ping(3, "10.0.0.2:8088", 11, 12)), frame(PingReq(4, "10.0.0.3:8088"))]
)


def raw(value: Any) -> bytes:
    """Returns a frame with any msgpack value in it."""
    return raw_bytes(msgspec.msgpack.encode(value))


def raw_bytes(body: bytes) -> bytes:
    """Returns a frame with any bytes in it."""
    return len(body).to_bytes(2, "big") + body


def attempt(data: bytes) -> str:
    """Returns why the bytes are refused, empty if they are not; other exceptions pass through."""
    try:
        CODEC.decode(data)
    except DecodeError as error:
        return error.reason
    return ""


def test_every_message_is_tried() -> None:
    """The strategies know every message of the wire."""
    assert {*kinds.KINDS} == {*KINDS, Sender}


@given(MESSAGES)
def test_round_trip(messages: list[Message]) -> None:
    """What was encoded is what is decoded, for every message of the wire."""
    data = CODEC.datagram([frame(SENDER), *map(frame, messages)])
    assert (SENDER, messages, 0) == CODEC.decode(data)


@given(st.binary(max_size=1500))
def test_any_bytes_are_refused(data: bytes) -> None:
    """Arbitrary bytes raise DecodeError and nothing else."""
    assert attempt(data)


@given(st.binary(max_size=300))
def test_any_payload_is_refused_or_read(payload: bytes) -> None:
    """Behind a right header and check, any payload raises DecodeError or nothing."""
    assert attempt(CODEC.datagram([payload])) in {"", "frame", "sender"}


@given(st.binary(max_size=300))
def test_any_frame_is_at_most_not_understood(body: bytes) -> None:
    """Bytes in a frame behind a sender cost that frame, or make the datagram one of two senders."""
    assert attempt(CODEC.datagram([frame(SENDER), raw_bytes(body)])) in {"", "sender"}


def test_a_question_about_no_id_is_not_understood() -> None:
    """Whoever is asked needs the last one of the ids."""
    data = CODEC.datagram([frame(SENDER), raw([19, 1, bytes(16), []])])
    assert (SENDER, [], 1) == CODEC.decode(data)


@pytest.mark.parametrize("length", range(len(DATAGRAM)))
def test_every_prefix_is_refused(length: int) -> None:
    """A datagram that was cut is refused, wherever it was cut."""
    assert attempt(DATAGRAM[:length])


def test_every_change_of_a_byte_is_refused() -> None:
    """A datagram with any one byte changed to anything is refused."""
    passed = []
    for place, old in enumerate(DATAGRAM):
        for new in range(256):
            if new != old:
                changed = DATAGRAM[:place] + bytes([new]) + DATAGRAM[place + 1 :]
                passed += [] if attempt(changed) else [(place, new)]
    assert [] == passed


@pytest.mark.parametrize(
    ("data", "reason", "theirs"),
    [
        (b"", "magic", ""),
        (b"xx" + DATAGRAM[2:], "magic", ""),
        (MAGIC + bytes([VERSION + 1]) + DATAGRAM[3:], "version", f"wire version {VERSION + 1}"),
        (Codec("other").datagram([frame(SENDER)]), "cluster", "cluster 'other'"),
        (DATAGRAM[:-1], "check", ""),
        (CODEC.datagram([]), "sender", ""),
        (CODEC.datagram([frame(Ping(1))]), "sender", ""),
        (CODEC.datagram([frame(SENDER), frame(SENDER)]), "sender", ""),
        (CODEC.datagram([frame(SENDER), b"\x00"]), "frame", ""),
        (CODEC.datagram([frame(SENDER), b"\x00\x05\x01"]), "frame", ""),
    ],
)
def test_the_reason_is_told(data: bytes, reason: str, theirs: str) -> None:
    """Each fault has its label, and names the cluster or version that the datagram is of."""
    with pytest.raises(DecodeError) as caught:
        CODEC.decode(data)
    assert (reason, theirs) == (caught.value.reason, caught.value.theirs)


@pytest.mark.parametrize(
    "body",
    [
        b"\x91" * 20_000 + b"\x00",
        b"\x81\xa0" * 20_000 + b"\x00",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\x95\x00\xa2\xff\xfe\x00\x00\x00",
        b"\xc7\x05\x01hello",
        b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",
        b"",
        b"\x93\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02",
    ],
)
def test_deep_and_false_frames_cost_only_themselves(body: bytes) -> None:
    """Deep nesting, false lengths and bad text leave the frames around them as they are."""
    data = CODEC.datagram([frame(SENDER), raw_bytes(body), frame(Ping(9))])
    assert (SENDER, [Ping(9)], 1) == CODEC.decode(data)


def test_an_unknown_tag_costs_only_itself() -> None:
    """A message of a later version is counted and skipped."""
    data = CODEC.datagram([frame(SENDER), raw([99, 1, 2]), frame(Ping(9))])
    assert (SENDER, [Ping(9)], 1) == CODEC.decode(data)


def test_appended_fields_are_ignored() -> None:
    """A message with more fields than this version knows is read as far as it is known."""
    data = CODEC.datagram([frame(SENDER), raw([2, 4, "10.0.0.3:8088", "later", 5])])
    assert [PingReq(4, "10.0.0.3:8088")] == CODEC.decode(data)[1]


def test_missing_trailing_fields_have_defaults() -> None:
    """A message of an earlier version lacks what was appended since."""
    data = CODEC.datagram([frame(SENDER), raw([1, 4])])
    assert [Ping(4)] == CODEC.decode(data)[1]


def test_clusters_do_not_mix() -> None:
    """A cluster whose name begins with ours is another one."""
    assert "cluster" == attempt(Codec("test2").datagram([frame(SENDER)]))


def test_a_message_beyond_a_frame_is_not_made() -> None:
    """The length of a frame has two bytes; what does not fit is an error of the caller."""
    with pytest.raises(ValueError, match="too long"):
        frame(PingReq(1, "x" * 70_000))


def test_random_changes_of_the_payload_behind_a_right_check() -> None:
    """Bytes that were changed before the check was made raise DecodeError or nothing."""
    random = Random(1)
    payload = DATAGRAM[CODEC.overhead :]
    reasons = set()
    for _ in range(20_000):
        changed = bytearray(payload)
        for _ in range(random.randint(1, 4)):
            changed[random.randrange(len(changed))] = random.randrange(256)
        reasons.add(attempt(CODEC.datagram([bytes(changed)])))
    assert {"", "frame", "sender"} == reasons


def test_overhead_is_the_header() -> None:
    """`overhead` is what a datagram has beside its frames."""
    assert module.FRAME_BYTES + len(msgspec.msgpack.encode(SENDER)) + CODEC.overhead == len(
        CODEC.datagram([frame(SENDER)])
    )
