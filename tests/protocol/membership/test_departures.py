"""What others say of a member that it left."""

from __future__ import annotations

import pytest

from gossipd.protocol.events import MemberLeft
from gossipd.protocol.wire import ALIVE, LEFT
from tests.protocol.conversation import node_id
from tests.protocol.membership.seen import Seen


@pytest.mark.parametrize("merged_from", [0, 3])
def test_a_leave_is_believed_once_the_member_is_silent(merged_from: int) -> None:
    """Two pings take a second."""
    seen = Seen(2)
    seen.say(2, LEFT, merged_from=merged_from)
    seen.wait(0.9)
    assert ALIVE == seen.row(2)[2]
    seen.wait(0.2)
    assert LEFT == seen.row(2)[2]


def test_a_leave_is_believed_once_a_probe_failed_or_a_machine_refused() -> None:
    """Either shows that the member is gone, and it is suspect of nothing."""
    for probed in (True, False):
        seen = Seen(2)
        seen.say(2, LEFT)
        if probed:
            seen.view.suspect(seen.table.rows[node_id(2)])
        else:
            seen.refuse()
        assert [MemberLeft(node_id(2))] == seen.events()


def test_a_leave_that_is_older_than_the_member_is_forgotten() -> None:
    """The member said meanwhile that it lives."""
    seen = Seen(2)
    seen.say(2, LEFT)
    seen.say(2, ALIVE, incarnation=1)
    seen.wait(2.0)
    assert (1, 1, ALIVE) == seen.row(2)


def test_the_newest_leave_counts() -> None:
    """A member may have refuted one, and then left."""
    seen = Seen(2)
    seen.say(2, LEFT)
    seen.say(2, LEFT, incarnation=2)
    seen.say(2, LEFT, incarnation=1)
    seen.wait(1.1)
    assert (1, 2, LEFT) == seen.row(2)
