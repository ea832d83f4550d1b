"""The values of named counters, and their names in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.counters.named import Names, check_name
from gossipd.protocol.counters.sums import Sums

TEXTS = st.text(st.sampled_from("abäz😀"), max_size=3)


@given(st.sets(st.text(st.sampled_from("abäz😀"), min_size=1, max_size=3)), TEXTS, TEXTS)
def test_a_page_has_the_names_of_a_prefix_after_a_name(
    made: set[str], prefix: str, after: str
) -> None:
    """In the order of their bytes, and `default` among them."""
    names = Names(lambda: 0, Sums())
    for name in made:
        names.inherit(name, 1)
    expected = [
        name
        for name in sorted({*made, "default"}, key=str.encode)
        if name.startswith(prefix) and (not after or name > after)
    ]
    assert expected == list(names.page(prefix, after))


def test_a_value_changes_by_the_amount() -> None:
    """A counter is there from its first change on, also if that is of 0."""
    names = Names(lambda: 0, Sums())
    names.inherit("a", 0)
    names.inherit("b", 5)
    names.inherit("b", -7)
    assert (True, 0, -2, 0, 2) == (
        "a" in names,
        names.value("a"),
        names.value("b"),
        names.value("c"),
        len(names),
    )


@pytest.mark.parametrize("name", ["a", "ä" * 64, "n" * 128, "page views/día", "\u202e"])
def test_a_name_is_up_to_128_bytes(name: str) -> None:
    """Of any characters but control characters."""
    check_name(name)


@pytest.mark.parametrize("name", ["", "n" * 129, "ä" * 65, "a\n", "\0", "a\x7f", "\x85", "\ud800"])
def test_other_names_are_refused(name: str) -> None:
    """The empty one, longer ones, and those with control characters or halves of characters."""
    with pytest.raises(ValueError, match="name: must"):
        check_name(name)
