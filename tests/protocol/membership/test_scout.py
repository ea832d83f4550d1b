"""The beacons of a process that has no id yet, and what it recognizes."""

from __future__ import annotations

import pytest

from gossipd.protocol import Broadcast, Node, ProtocolConfig, Transmit
from gossipd.protocol.membership.scout import Scout
from gossipd.protocol.wire import ALIVE, Ack, Beacon, Claim
from tests.protocol.conversation import (
    WALL_MS,
    address,
    datagram,
    make_node,
    node_id,
    sender,
)

CONFIG = ProtocolConfig(discovery=True)
SOURCE = ("10.0.0.99", 7000)


def scout(nonce: int = 7, generation: int = WALL_MS + 1, cluster: str = CONFIG.cluster) -> Scout:
    """The scout of a process with that nonce, which is that of no node here."""
    return Scout(cluster, nonce, generation)


def answers(node: Node, data: bytes) -> list[bytes]:
    """What the node sends to the address of node 2 when it hears that."""
    effects = node.handle_datagram(data, SOURCE, 0.0)
    assert all(e.to == address(2) for e in effects if isinstance(e, Transmit))
    return [effect.data for effect in effects if isinstance(effect, Transmit)]


def test_a_node_answers_and_the_answer_is_recognized() -> None:
    """The answer goes to the id of the beacon, is not larger, and makes no member."""
    node, one = make_node(1, CONFIG), scout()
    data = one.beacon(node_id(2))
    [answer] = answers(node, data)
    assert one.recognizes(answer)
    assert len(answer) <= len(data)
    assert [] == node.peers()


def test_two_processes_without_an_id_recognize_each_other() -> None:
    """Each by the other's beacon, and not by its own."""
    one, other = scout(7), scout(8)
    assert [False, True] == [each.recognizes(one.beacon(node_id(2))) for each in (one, other)]


def test_the_beacon_of_a_node_is_recognized() -> None:
    """Whichever id it has."""
    [data] = [e.data for e in make_node(1, CONFIG).start(0.0) if isinstance(e, Broadcast)]
    assert scout().recognizes(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"gd",
        scout(8, cluster="other").beacon(node_id(2)),
        datagram(sender(1), Ack(0, 1)),
        scout(8).beacon(node_id(2))[:-1],
    ],
    ids=["nothing", "no datagram", "another cluster", "no beacon", "damaged"],
)
def test_nothing_else_is_recognized(data: bytes) -> None:
    """It tells nothing about a network."""
    assert not scout().recognizes(data)


@pytest.mark.parametrize(("generation", "count"), [(WALL_MS, 0), (WALL_MS + 1, 1)])
def test_a_restarted_process_is_answered(generation: int, count: int) -> None:
    """A node that lists it as alive answers if the generation is a later one."""
    node = make_node(1, CONFIG)
    node.assume([Claim(node_id(2), WALL_MS, 0, ALIVE)])
    assert count == len(answers(node, scout(generation=generation).beacon(node_id(2))))


def test_the_beacon_is_one_that_every_version_knows() -> None:
    """It has the form of any node's beacon."""
    [message] = [Beacon(padding=b"\0" * 128)]
    assert datagram(sender(2), message).endswith(scout().beacon(node_id(2))[-130:])
