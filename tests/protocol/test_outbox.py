"""The way out."""

from __future__ import annotations

from gossipd.protocol.wire import DEAD, Beacon, Claim, Nack
from tests.protocol.conversation import WALL_MS, address, node_id
from tests.protocol.parts import Parts


def test_traffic_is_counted_by_the_first_message() -> None:
    """Datagrams and their bytes."""
    parts = Parts()
    parts.outbox.send(address(2), Nack(1))
    parts.outbox.send(address(2), Nack(2))
    sizes = [len(data) for data in parts.sent()]
    counted = parts.outbox.counted()["sent"]["nack"]
    assert (2, sum(sizes)) == (counted.datagrams, counted.bytes)


def test_a_removed_peer_is_sent_nothing() -> None:
    """The guard stands where datagrams leave, whichever part they come from."""
    parts = Parts()
    row = parts.table.add(Claim(node_id(2), WALL_MS, 0, DEAD), 0.0)
    parts.table.set_removed(row, True)
    parts.outbox.send(address(2), Nack(1))
    assert [] == parts.effects()
    assert {} == parts.outbox.counted()["sent"]


def test_what_introduces_this_node_takes_its_room() -> None:
    """A longer id leaves less room for other frames."""
    parts = Parts()
    room = parts.outbox.payload_bytes
    parts.outbox.introduce(Claim("10.100.100.100:18088", WALL_MS, 0, 0))
    assert room - len("10.100.100.100:18088") + len(node_id(1)) == parts.outbox.payload_bytes


def test_broadcasts_are_counted() -> None:
    """As what is sent to one peer."""
    parts = Parts()
    parts.outbox.broadcast(Beacon())
    assert 1 == parts.outbox.counted()["sent"]["beacon"].datagrams
