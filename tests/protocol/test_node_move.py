"""A node whose address changes: it leaves its old id and is its new one, with the same counts."""

from __future__ import annotations

import pytest

from gossipd.protocol import Address, Broadcast, Node, ProtocolConfig
from gossipd.protocol.events import IdChanged, MemberJoined, MemberLeft
from gossipd.protocol.wire import Ping
from tests.protocol import conversation
from tests.protocol.conversation import (
    Conversation,
    address,
    converse,
    datagram,
    make_node,
    node_id,
    noted,
    sender,
    sent,
)


def states(node: Node) -> dict[str, str]:
    """What a node thinks of each member."""
    return {row.id: row.state for row in node.members()}


def move(talk: Conversation, node: Node, number: int) -> None:
    """The machine has that number's address now, and nobody the old one."""
    old: Address = conversation.split_node_id(conversation.own_id(node))
    del talk.nodes[old]
    conversation.rename(node, node_id(number))
    talk.add(node)
    talk.carry(node, node.move(node_id(number), talk.now))
    talk.run(3.0)


def started(count: int) -> tuple[Conversation, list[Node]]:
    """Nodes that know each other and run."""
    nodes = [make_node(number) for number in range(1, count + 1)]
    talk = converse(*nodes)
    for node in nodes:
        talk.carry(node, node.start(talk.now))
    talk.run(2.0)
    return talk, nodes


def test_the_others_see_the_old_id_leave_and_the_new_one_join() -> None:
    """Within seconds, without a seed; nobody is suspected or declared dead."""
    talk, nodes = started(3)
    move(talk, nodes[0], 9)
    everybody = {node_id(1): "left", **{node_id(n): "alive" for n in (2, 3, 9)}}
    assert [everybody] * 3 == [states(node) for node in nodes]
    for number in (2, 3):
        kinds = [type(event) for event in talk.events[address(number)]]
        assert kinds.count(MemberLeft) == 1
        assert {MemberJoined, MemberLeft} == set(kinds)
    assert IdChanged(node_id(9), node_id(1)) in talk.events[address(9)]


def test_counts_go_on() -> None:
    """What was counted before counts once, and so does what is counted after, on every node."""
    talk, nodes = started(3)
    for ticket in range(3):
        talk.carry(nodes[0], nodes[0].increment("default", 1, "all", ticket, talk.now))
    talk.run(1.0)
    move(talk, nodes[0], 9)
    talk.carry(nodes[0], nodes[0].increment("default", 1, "all", 9, talk.now))
    talk.run(1.0)
    assert [4, 4, 4] == [node.count("default") for node in nodes]
    last = talk.answers[address(9)][-1]
    assert (4, 3, 3) == (last.count, last.holders, last.target)


def test_a_write_that_is_under_way_is_answered() -> None:
    """It was staged under the old id and is on disk under the new one."""
    talk, nodes = started(2)
    talk.hold = True
    talk.carry(nodes[0], nodes[0].increment("default", 5, "local", 7, talk.now))
    write = talk.writes[address(1)][0]
    nodes[0].move(node_id(9), talk.now)
    effects = nodes[0].persisted(write, talk.now)
    assert [(7, 5)] == [(a.ticket, a.count) for a in conversation.answers_of(effects)]


def test_a_node_that_nobody_has_met_leaves_no_trace() -> None:
    """It started without a network, say; its loopback id is no one else's business."""
    node = make_node(1)
    node.start(0.0)
    effects = node.move(node_id(9), 0.0)
    assert [IdChanged(node_id(9), node_id(1))] == noted(effects)
    assert {node_id(9): "alive"} == states(node)
    assert () == node.state().members


def test_only_the_last_of_several_unmet_ids_is_ever_told() -> None:
    """Nobody hears that it was alive under one in between."""
    first, second = make_node(1), make_node(2)
    first.start(0.0)
    first.move(node_id(8), 0.0)
    first.move(node_id(9), 0.0)
    conversation.rename(first, node_id(9))
    talk = Conversation(first, second)
    talk.carry(second, second.start(0.0))
    talk.carry(second, second.register(node_id(9), 0.0))
    talk.run(3.0)
    assert {node_id(2): "alive", node_id(9): "alive"} == states(second)


def test_back_to_an_earlier_address() -> None:
    """The id that had left is alive again."""
    talk, nodes = started(3)
    move(talk, nodes[0], 9)
    move(talk, nodes[0], 1)
    everybody = {node_id(9): "left", **{node_id(n): "alive" for n in (1, 2, 3)}}
    assert [everybody] * 3 == [states(node) for node in nodes]


def test_to_an_address_that_a_dead_member_had() -> None:
    """This process is newer than the one that is gone, whatever is known of that."""
    talk, nodes = started(3)
    del talk.nodes[address(3)]
    talk.run(30.0)
    assert "dead" == states(nodes[0])[node_id(3)]
    move(talk, nodes[0], 3)
    assert [{node_id(1): "left", node_id(2): "alive", node_id(3): "alive"}] * 2 == [
        states(node) for node in nodes[:2]
    ]


def test_to_an_address_that_was_removed_here() -> None:
    """The own id is never hidden."""
    talk, nodes = started(3)
    nodes[0].remove(node_id(3), talk.now)
    del talk.nodes[address(3)]
    move(talk, nodes[0], 3)
    assert () == nodes[0].state().removed
    assert [node_id(2)] == nodes[0].peers()
    move(talk, nodes[0], 9)
    assert [address(3)] == [to for to, _ in sent(nodes[0].register(node_id(3), talk.now))]


def test_what_was_an_own_address_may_be_anothers_now() -> None:
    """An address at which the node reached itself is tried again."""
    node = make_node(1)
    [(where, ping)] = sent(node.register("10.0.0.5:8088", 0.0))
    node.handle_datagram(datagram(sender(1), ping), address(1), 0.0)
    assert [] == sent(node.register("10.0.0.5:8088", 0.0))
    node.move(node_id(9), 0.0)
    assert [where] == [to for to, _ in sent(node.register("10.0.0.5:8088", 0.0))]


def test_the_generation_grows() -> None:
    """So that a claim about the new id beats whatever was said of it before."""
    node = make_node(1)
    before = node.state().generation
    node.move(node_id(9), 0.0)
    assert node.state().generation > before


def test_beacons_are_quick_again() -> None:
    """Others are to find it under its new address at once."""
    node = make_node(1, ProtocolConfig(discovery=True))
    node.start(0.0)
    for now in (1.0, 30.0):
        node.handle_timeout(now)
    effects = node.move(node_id(9), 31.0)
    assert 1 == len([e for e in effects if isinstance(e, Broadcast)])
    due = node.next_timeout()
    assert due is not None
    assert due <= 31.4


def test_no_move_to_the_same_id_nor_while_leaving() -> None:
    """Nothing happens."""
    talk, nodes = started(2)
    assert [] == nodes[0].move(node_id(1), talk.now)
    nodes[0].leave(talk.now)
    assert [] == noted(nodes[0].move(node_id(9), talk.now))
    assert "left" == states(nodes[0])[node_id(1)]


@pytest.mark.parametrize("text", ["", "10.0.0.9", "10.0.0.09:1", "A:1"])
def test_what_is_no_id_is_refused(text: str) -> None:
    """And nothing happens."""
    node = make_node(1)
    with pytest.raises(ValueError, match=r"."):
        node.move(text, 0.0)
    assert {node_id(1): "alive"} == states(node)


def test_a_seed_of_the_old_address_is_tried_again() -> None:
    """Somebody else may have it now; as long as it was the own one, it was not."""
    node = make_node(1)
    node.start(0.0)
    assert [] == sent(node.join([node_id(1)], 0.0))
    node.move(node_id(9), 1.0)
    reached: set[Address] = set()
    while (due := node.next_timeout()) is not None and due < 15.0:
        reached |= {to for to, _ in sent(node.handle_timeout(due))}
    assert {address(1)} == reached


def test_datagrams_for_the_old_id_are_not_answered_as_the_new_one() -> None:
    """A ping that names the id that left gets no ack."""
    node = make_node(1)
    node.move(node_id(9), 0.0)
    ping = datagram(sender(2), Ping(7, node_id(1)))
    assert [] == sent(node.handle_datagram(ping, address(2), 0.0))


def test_two_nodes_swap_their_addresses() -> None:
    """One after the other; for a second the first has the id that the second still goes by."""
    talk, nodes = started(3)
    talk.carry(nodes[1], nodes[1].increment("default", 5, "local", 1, talk.now))
    for number in (1, 2):
        del talk.nodes[address(number)]
    for node, number in ((nodes[0], 2), (nodes[1], 1)):
        conversation.rename(node, node_id(number))
        talk.add(node)
        talk.carry(node, node.move(node_id(number), talk.now))
        talk.run(1.0)
    talk.run(5.0)
    everybody = {node_id(number): "alive" for number in (1, 2, 3)}
    assert [everybody] * 3 == [states(node) for node in nodes]
    assert [5, 5, 5] == [node.count("default") for node in nodes]
