"""What is known of members, for people."""

from __future__ import annotations

from random import Random

import pytest

from gossipd.protocol.membership.details import member_details
from gossipd.protocol.membership.echoes import RoundTrips
from gossipd.protocol.membership.table import MemberTable
from gossipd.protocol.wire import ALIVE, SUSPECT, Claim
from tests.protocol.conversation import make_node, node_id


def test_state_accuser_and_time() -> None:
    """As the row tells, and the round trip as it was measured."""
    own = Claim(node_id(1), 1, 0, ALIVE)
    table, trips = MemberTable(own, b"key", Random(1), 0.0), RoundTrips(10)
    row = table.add(Claim(node_id(2), 1, 0, ALIVE), 10.0)
    trips.add(node_id(2), 0.5)
    table.change(row, Claim(node_id(2), 1, 0, SUSPECT, node_id(3)), 12.0)
    [found] = [each for each in member_details(table, trips, 15.0) if each.row.id == node_id(2)]
    assert ("suspect", node_id(3), 3.0) == (found.row.state, found.accuser, found.seconds)
    assert 0.5 == pytest.approx(found.round_trip)


def test_a_node_tells_of_itself() -> None:
    """For as long as it runs; nobody measures the way to oneself."""
    [found] = make_node(1).member_details(7.0)
    assert (node_id(1), "alive", "", 7.0, None) == (
        *(found.row.id, found.row.state, found.accuser, found.seconds, found.round_trip),
    )
