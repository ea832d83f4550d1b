"""Keys as names, and the patterns of Redis."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gossipd.daemon.redis.errors import Failed
from gossipd.daemon.redis.names import Pattern, name_of


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (b"", "ERR key: must have 1 to 128 bytes, and has 0"),
        (b"n" * 129, "ERR key: must have 1 to 128 bytes, and has 129"),
        (b"a\n", "ERR key: must not have control characters"),
        (b"\xff", "ERR key: must be UTF-8"),
    ],
)
def test_a_key_that_no_counter_can_have(key: bytes, error: str) -> None:
    """It is refused with the reason."""
    with pytest.raises(Failed, match=re.escape(error)):
        name_of(key)


def test_a_key_is_a_name() -> None:
    """In UTF-8."""
    assert "ä b" == name_of("ä b".encode())


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        (b"*", ["a", "ab"], []),
        (b"a*c", ["ac", "abc", "abcc"], ["ab", "bac"]),
        (b"*a*b*", ["ab", "xaxbx", "aab"], ["ba", "a"]),
        (b"a?", ["ab"], ["a", "abc", "aä"]),
        (b"a??", ["abc", "aä"], ["ab"]),
        (b"[ab]c", ["ac", "bc"], ["cc", "c"]),
        (b"[a-c]", ["a", "b", "c"], ["d", "-"]),
        (b"[c-a]", ["b"], ["d"]),
        (b"[^a-c]", ["d", "-"], ["b"]),
        (b"[a\\]]", ["a", "]"], ["\\"]),
        (b"[]", [], ["a", "]"]),
        (b"[ab", ["a", "b"], ["[ab", "c"]),
        (b"a[", [], ["a", "a["]),
        (b"\\*", ["*"], ["a", "\\*"]),
        (b"a\\", ["a\\"], ["a"]),
        (b"a.c", ["a.c"], ["abc"]),
        (b"", [], ["a"]),
    ],
)
def test_patterns(pattern: bytes, matching: list[str], others: list[str]) -> None:
    """What matches begins with the prefix."""
    found = Pattern(pattern)
    assert matching == [name for name in [*matching, *others] if found.matches(name)]
    assert all(name.startswith(found.prefix) for name in matching)


def _matches(pattern: str, name: str) -> bool:
    """A slow and simple judge of patterns of letters, `?` and `*`."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(_matches(pattern[1:], name[skipped:]) for skipped in range(len(name) + 1))
    return bool(name) and pattern[0] in ("?", name[0]) and _matches(pattern[1:], name[1:])


@given(st.text("ab?*", max_size=8), st.text("ab", max_size=8))
@settings(max_examples=300)
def test_any_pattern_of_stars(pattern: str, name: str) -> None:
    """It is as the definition says, although no place of a part is tried twice."""
    assert _matches(pattern, name) == Pattern(pattern.encode()).matches(name)


def test_a_pattern_with_many_stars_ends() -> None:
    """It cannot take exponential time."""
    assert not Pattern(b"*a" * 250 + b"b").matches("a" * 128)
    assert not Pattern(b"*a*a*a*a*a*a*a*a*a*a*a*b").matches("a" * 128)


@given(st.binary(max_size=30))
def test_any_bytes_are_a_pattern(pattern: bytes) -> None:
    """Its making raises nothing."""
    Pattern(pattern).matches("name")
