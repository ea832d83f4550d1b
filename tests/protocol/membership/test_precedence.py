"""Which claim about a member wins, and which ids members can have."""

from __future__ import annotations

import pytest

from gossipd.protocol.membership.precedence import beats, has_newer_tags, usable_id
from gossipd.protocol.membership.table import Member
from gossipd.protocol.wire import ALIVE, DEAD, LEFT, SUSPECT, Claim, Tags
from tests.protocol.conversation import node_id


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ((2, 0, ALIVE), (1, 5, LEFT)),
        ((1, 1, ALIVE), (1, 0, DEAD)),
        ((1, 0, SUSPECT), (1, 0, ALIVE)),
        ((1, 0, DEAD), (1, 0, SUSPECT)),
        ((1, 0, LEFT), (1, 0, DEAD)),
    ],
)
def test_precedence(newer: tuple[int, int, int], older: tuple[int, int, int]) -> None:
    """Generation comes before incarnation, incarnation before state, and left above dead."""
    row = Member(Claim(node_id(2), *older), 0.0)
    assert beats(Claim(node_id(2), *newer), row)


def test_the_same_claim_is_no_news() -> None:
    """A claim does not beat the row that it made."""
    claim = Claim(node_id(2), 2, 0, ALIVE)
    assert not beats(claim, Member(claim, 0.0))


@pytest.mark.parametrize(
    ("text", "usable"),
    [
        ("10.0.0.1:8088", True),
        ("[2001:db8::1]:8088", True),
        ("127.0.0.1:1", True),
        ("0.0.0.0:8088", False),
        ("[::]:8088", False),
        ("255.255.255.255:8088", False),
        ("224.0.0.1:8088", False),
        ("239.255.255.255:8088", False),
        ("[ff02::1]:8088", False),
        ("node1:8088", False),
        ("10.0.0.1:0", False),
        ("10.0.0.1", False),
        ("10.0.0.01:8088", False),
        ("[2001:DB8::1]:8088", False),
        ("[::ffff:10.0.0.1]:80", False),
        ("", False),
        ("\ud7ff:1", False),
    ],
)
def test_usable_id(text: str, usable: bool) -> None:
    """Only the canonical text of an address that one node can have is an id."""
    assert usable == usable_id(text)


@pytest.mark.parametrize(
    ("one", "other", "newer"),
    [
        ((1, Tags(0, "a=1")), (1, None), True),
        ((1, Tags(0, "")), (1, None), True),
        ((1, None), (1, Tags(0, "a=1")), False),
        ((1, Tags(3, "a=1")), (1, Tags(2, "b=1")), True),
        ((1, Tags(2, "b=1")), (1, Tags(2, "a=1")), True),
        ((1, Tags(2, "a=1")), (1, Tags(2, "a=1")), False),
        ((2, Tags(0, "a=1")), (1, None), False),
        ((1, Tags(9, "a=1")), (2, Tags(0, "b=1")), False),
    ],
)
def test_newer_tags(
    one: tuple[int, Tags | None], other: tuple[int, Tags | None], newer: bool
) -> None:
    """Of one generation those of the larger incarnation, whichever claim wins."""
    claims = [
        Claim(node_id(2), generation, 5, ALIVE, tags=tags) for generation, tags in (one, other)
    ]
    assert newer == has_newer_tags(*claims)
