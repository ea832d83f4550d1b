"""Open suspicions: what a node remembers of those that ended."""

from __future__ import annotations

import pytest

from gossipd.protocol.wire import ALIVE, DEAD, SUSPECT
from tests.protocol.membership.seen import Seen


def suspected_for(seconds: float, *, dead: bool = False) -> Seen:
    """Returns a view whose member 2 was suspect for so long, and then refuted."""
    seen = Seen(9)
    for accuser in (3, 4, 5, 6):
        seen.say(2, SUSPECT, accuser=accuser)
    if dead:
        assert 3.0 == seen.verdict(2)
        assert DEAD == seen.row(2)[2]
    seen.runtime.now = seconds
    seen.say(2, ALIVE, incarnation=1)
    return seen


def lasts(seen: Seen, member: int, incarnation: int) -> float:
    """Returns how long a suspicion of a member lasts that has all confirmations."""
    began = seen.runtime.now
    for accuser in (3, 4, 5, 6):
        seen.say(member, SUSPECT, accuser=accuser, incarnation=incarnation)
    ended = seen.verdict(member)
    assert ended is not None
    return ended - began


@pytest.mark.parametrize(("silent", "least"), [(1.0, 3.0), (4.0, 5.0), (100.0, 3.0)])
def test_who_came_back_late_is_waited_for(silent: float, least: float) -> None:
    """As long as it was silent and a little longer, even if it was dead meanwhile."""
    seen = suspected_for(silent, dead=silent > 3.0)
    assert pytest.approx(least) == lasts(seen, 2, 1)


def test_others_are_waited_for_no_longer() -> None:
    """What one member needs says nothing about the next."""
    assert pytest.approx(3.0) == lasts(suspected_for(4.0, dead=True), 7, 0)


def test_own_pauses_lengthen_all_later_suspicions() -> None:
    """A machine that makes this process wait makes others wait as well."""
    seen = Seen(9)
    seen.view.paused(4.0)
    assert pytest.approx(5.0) == lasts(seen, 7, 0)


def test_a_relay_that_tried_in_vain_confirms() -> None:
    """The suspicion that the prober raises a moment later, and one that is there already."""
    for first in (True, False):
        seen = Seen(9)
        row = seen.table.rows[seen.member(2)]
        if first:
            seen.view.missed(row)
        assert ALIVE == seen.row(2)[2]
        seen.say(2, SUSPECT, accuser=3)
        if not first:
            seen.view.missed(row)
        assert pytest.approx(10.5) == seen.verdict(2)


def test_a_vain_try_long_ago_confirms_nothing() -> None:
    """The member has answered others since."""
    seen = Seen(9)
    seen.view.missed(seen.table.rows[seen.member(2)])
    seen.runtime.now += 2.5
    seen.say(2, SUSPECT, accuser=3)
    assert pytest.approx(20.5) == seen.verdict(2)


def test_a_relay_raises_no_suspicion() -> None:
    """It has sent one ping, which may be lost."""
    seen = Seen(9)
    seen.view.missed(seen.table.rows[seen.member(2)])
    assert ALIVE == seen.row(2)[2]


def test_sought_confirmations_can_be_switched_off() -> None:
    """Then they come by chance."""
    seen = Seen(9, sought_confirmations=False)
    seen.view.missed(seen.table.rows[seen.member(2)])
    seen.say(2, SUSPECT, accuser=3)
    assert pytest.approx(18.0) == seen.verdict(2)
