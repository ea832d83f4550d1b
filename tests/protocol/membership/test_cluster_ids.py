"""Ids of a cluster: united in any order they are the same, and so is their mark."""

from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.membership.cluster_ids import drawn_from, mark_of, shown, united
from gossipd.protocol.wire import MOST_CLUSTER_IDS, NO_CLUSTER

IDS = st.lists(st.integers(2, 2**32 - 1), max_size=6)


@given(st.lists(st.lists(st.integers(0, 50), max_size=6), max_size=5))
def test_the_order_in_which_ids_arrive_does_not_matter(arrivals: list[list[int]]) -> None:
    """It is a union, however often it is made."""
    orders = arrivals, arrivals[::-1] + arrivals
    one, other = (reduce(united, order, ()) for order in orders)
    assert one == other
    assert set(one) == {each for ids in arrivals for each in ids if each > 1}


@given(st.lists(st.lists(st.integers(2, 2**32 - 1), max_size=90), max_size=4))
def test_only_the_smallest_are_kept_on_every_node_alike(arrivals: list[list[int]]) -> None:
    """So that what is one stays one."""
    orders = arrivals, arrivals[::-1]
    one, other = (reduce(united, order, ()) for order in orders)
    assert (
        one == other == tuple(sorted({each for ids in arrivals for each in ids})[:MOST_CLUSTER_IDS])
    )


@given(IDS, IDS)
def test_a_mark_stands_for_its_ids(one: list[int], other: list[int]) -> None:
    """None of any ids is that of no ids, and 0 is that of older versions."""
    marks = [mark_of(united(ids, ())) for ids in (one, other)]
    for ids, mark in zip((one, other), marks, strict=True):
        assert (mark == NO_CLUSTER) == (not ids)
        assert 0 < mark < 2**32
    assert (set(one) == set(other)) == (marks[0] == marks[1])


def test_a_drawn_id_is_shown_as_eight_digits() -> None:
    """Of several the smallest is shown."""
    drawn = drawn_from("some text")
    assert f"{drawn:08x}" == shown([drawn, 2**32 - 1])
    assert "" == shown([])
