"""The exchange of counters: what it costs, and that it ends with equal ledgers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gossipd.protocol import Address, State
from gossipd.protocol.wire import Ack, Clock, Ping
from tests.protocol.conversation import (
    converse,
    make_node,
    node_id,
    opened,
)
from tests.protocol.reconcile.pairs import NAME, exchange, owners, with_state


def compares(source: Address, to: Address, data: bytes) -> bool:
    """Returns whether a datagram has more in it than what two nodes meet with."""
    return any(not isinstance(message, Ping | Ack | Clock) for message in opened(data))


@pytest.mark.parametrize("place", [0, 123, 500, 998, 999])
@pytest.mark.parametrize("ahead", [1, 2])
def test_one_difference_among_a_thousand_owners_is_cheap(place: int, ahead: int) -> None:
    """A change of any one of 1,000 owners is found and brought within 700 bytes after the ack."""
    states = [State(groups=owners(1000)), State(groups=owners(1000, behind=place))]
    first, second, talk = with_state(*(states if ahead == 1 else reversed(states)))
    talk.lost = compares  # they meet, and do not compare yet
    talk.meet()
    talk.lost = lambda a, b, data: False
    before = first.count(NAME) == second.count(NAME)
    spent = sum(map(len, exchange(first, second, talk)))
    assert (False, True, True) == (before, first.count(NAME) == second.count(NAME), spent <= 700), (
        spent
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0, 5, 60, 200]), st.sampled_from([1, 20, 90]))
def test_counters_converge(seed: int, ours: int, theirs: int) -> None:
    """Any two sets of owners, some of them shared, are one set after some exchanges."""
    shared = owners(30, seed=seed)
    states = [
        State(groups=shared[:20] + owners(ours, seed=seed + 1)),
        State(groups=shared[10:] + owners(theirs, seed=seed + 2)),
    ]
    first, second, talk = with_state(*states)
    for node in (first, second):
        talk.carry(node, node.start(0.0))
    talk.carry(second, second.join([node_id(1)], 0.0))
    talk.run(20)
    everything = {group.owner: group.upto for state in states for group in state.groups}
    assert [sum(everything.values())] * 2 == [first.count(NAME), second.count(NAME)]


def test_both_sides_of_a_partition_end_alike() -> None:
    """Two nodes that counted apart agree after one exchange."""
    first, second = make_node(1), make_node(2)
    talk = converse(first, second)
    talk.lost = lambda a, b, data: True
    talk.carry(first, first.increment(NAME, 3, "local", 1, talk.now))
    talk.carry(second, second.sync(10, "local", 1, talk.now))
    talk.deliver()
    talk.lost = lambda a, b, data: False
    exchange(first, second, talk)
    assert (10, 10) == (first.count(NAME), second.count(NAME))
