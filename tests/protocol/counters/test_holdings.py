"""What a peer is known to hold."""

from __future__ import annotations

from gossipd.protocol.counters.holdings import Holding, Holdings
from gossipd.protocol.membership import Member
from gossipd.protocol.wire import Claim
from tests.protocol.conversation import node_id


def row(generation: int) -> Member:
    """The row of node 2 under this generation."""
    return Member(Claim(node_id(2), generation, 0, 0), 0.0)


def test_nothing_is_assumed_of_a_new_generation() -> None:
    """A process that was started anew may have lost what the one before it confirmed."""
    holdings = Holdings()
    holdings.of(row(1)).has(9)
    holdings.under_way[node_id(2)] = row(1)
    assert 9 == holdings.of(row(1)).holds
    assert 0 == holdings.of(row(2)).holds
    assert {} == holdings.under_way


def test_a_push_that_was_cut_is_not_held() -> None:
    """A confirm of it moves where the next push starts, and counts for no answer."""
    holding = Holding(1)
    holding.pushed(number=1, upto=5, whole=False, now=0.0)
    assert (False, True) == holding.confirmed(0, newest=9)
    assert (5, 0) == (holding.since, holding.holds)


def test_pushes_that_were_not_taken_as_one_are_pushed_anew() -> None:
    """The peer got the last one, and still lacks something."""
    holding = Holding(1)
    holding.pushed(number=1, upto=5, whole=False, now=0.0)
    holding.confirmed(0, newest=9)
    holding.pushed(number=2, upto=9, whole=True, now=0.0)
    assert (False, False) == holding.confirmed(0, newest=9)
    assert (0, 2) == (holding.since, holding.number)


def test_a_confirm_without_progress_leaves_the_push_under_way() -> None:
    """The retry time decides when it is sent again."""
    holding = Holding(1)
    holding.pushed(number=3, upto=5, whole=True, now=0.0)
    assert (False, False) == holding.confirmed(0, newest=9)
    assert 3 == holding.number


def test_a_peer_is_not_believed_beyond_our_own_version() -> None:
    """Whatever it confirms, the next push starts at a version that exists."""
    holding = Holding(1)
    holding.pushed(number=1, upto=5, whole=True, now=0.0)
    holding.confirmed(99, newest=5)
    assert 5 == holding.since


def test_a_silent_peer_is_waited_for_again_once_it_confirms() -> None:
    """Whichever way the confirm comes."""
    holding = Holding(1)
    holding.missed()
    assert holding.silent
    holding.has(1)
    assert not holding.silent
