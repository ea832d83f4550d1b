"""The sizes of parts of a message, before they are encoded."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.wire import (
    Claim,
    Entry,
    Group,
    Said,
    Tags,
    claim_bytes,
    group_bytes,
    row_bytes,
)
from gossipd.protocol.wire.sizes import int_bytes, text_bytes

NUMBER = st.integers(0, 2**53)
NAME = st.text(min_size=1, max_size=64)
ENTRY = st.builds(Entry, NUMBER, NAME, NUMBER, NUMBER)
TOTAL = st.integers(-(2**63), 2**63 - 1)
SAID = st.builds(
    Said,
    *(NUMBER, NAME, st.binary(max_size=65), NUMBER, TOTAL, NUMBER, TOTAL),
    *(st.booleans(), NUMBER, NUMBER),
)
CLAIM = st.builds(
    Claim,
    *(st.text(max_size=270), NUMBER, NUMBER, st.integers(0, 3), st.text(max_size=270)),
    tags=st.none() | st.builds(Tags, NUMBER, st.text(max_size=512)),
)


def encoded(value: object) -> int:
    """Returns how many bytes a value takes."""
    return len(msgspec.msgpack.encode(value))


@pytest.mark.parametrize("value", [0, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53])
def test_an_integer_has_the_size_of_its_format(value: int) -> None:
    """On both sides of each border."""
    assert encoded(value) == int_bytes(value)


@pytest.mark.parametrize("length", [0, 31, 32, 255, 256, 270])
def test_a_text_has_the_size_of_its_format(length: int) -> None:
    """In bytes, not in characters."""
    assert encoded("a" * length) == text_bytes("a" * length)
    assert encoded("ä" * length) == text_bytes("ä" * length)


@given(CLAIM)
def test_a_claim_is_measured_exactly(claim: Claim) -> None:
    """Whatever it says."""
    assert encoded(claim) == claim_bytes(claim)


def test_a_claim_without_tags_has_a_byte_more_than_before_there_were_any() -> None:
    """Which is what members without tags cost."""
    claim = Claim("10.0.0.1:8088", 1, 2, 0)
    before = ["10.0.0.1:8088", 1, 2, 0, "", 0, 0]
    assert encoded(before) + 1 == claim_bytes(claim)


@given(ENTRY)
def test_an_entry_is_measured_exactly(entry: Entry) -> None:
    """Whatever it counts."""
    assert encoded(entry) == row_bytes(entry)


@given(SAID)
def test_a_row_that_says_more_is_measured_exactly(said: Said) -> None:
    """Also below zero, and whatever its source."""
    assert encoded(said) == row_bytes(said)


@given(st.lists(ENTRY, max_size=20), st.lists(SAID, max_size=20), NUMBER, NUMBER)
def test_a_group_is_never_larger_than_measured(
    entries: list[Entry], said: list[Said], since: int, upto: int
) -> None:
    """And hardly smaller: by what the headers of two short lists save."""
    group = Group(b"o" * 16, since, upto, entries, said)
    assert 0 <= group_bytes(group) - encoded(group) <= 4
