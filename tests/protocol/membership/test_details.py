"""What is known of members, for people."""

from __future__ import annotations

from random import Random

import pytest

from gossipd.protocol.membership.awareness import Awareness
from gossipd.protocol.membership.details import member_details
from gossipd.protocol.membership.echoes import RoundTrips
from gossipd.protocol.membership.table import MemberTable
from gossipd.protocol.wire import ALIVE, SUSPECT, Claim
from tests.protocol.conversation import converse, make_node, node_id


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


def test_members_tell_their_version_and_how_late_they_are() -> None:
    """The version as two nodes meet, and the health with each ack of a ping."""
    nodes = [make_node(1, program="1.2.3"), make_node(2)]
    talk = converse(*nodes)
    for node in nodes:
        talk.carry(node, node.start(talk.now))
    talk.run(3.0)
    [awareness] = [part for part in nodes[0]._parts if isinstance(part, Awareness)]
    awareness.change(8)
    talk.run(2.0)
    assert 0 < nodes[0].statistics().local_health
    seen = [node.member_details(talk.now) for node in nodes]
    assert [("", 0), ("1.2.3", nodes[0].statistics().local_health)] == [
        *((each.program, each.health) for each in seen[0] if each.row.id == node_id(2)),
        *((each.program, each.health) for each in seen[1] if each.row.id == node_id(1)),
    ]


def test_a_long_version_is_cut() -> None:
    """Others would refuse to read it whole, and with it the clock and the settings."""
    nodes = [make_node(1, program="1" * 100), make_node(2)]
    talk = converse(*nodes)
    talk.run(3.0)
    assert ["1" * 32, ""] == [each.program for each in nodes[1].member_details(talk.now)]


def test_no_version_that_a_terminal_would_act_on_is_shown() -> None:
    """A member may tell anything."""
    nodes = [make_node(1, program="1\x1b[2J"), make_node(2)]
    talk = converse(*nodes)
    talk.run(3.0)
    assert ["", ""] == [each.program for each in nodes[1].member_details(talk.now)]
