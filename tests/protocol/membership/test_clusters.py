"""Cluster ids: who is admitted, what unites two clusters, and what is said of it.

What whole clusters make of it is in tests/sim/test_clusters.py.
"""

from __future__ import annotations

import pytest

from gossipd.protocol import Node, State
from gossipd.protocol.membership.cluster_ids import mark_of
from gossipd.protocol.wire import (
    NO_CLUSTER,
    Ack,
    Claims,
    ClusterIds,
    Codec,
    Entry,
    Group,
    Message,
    Ping,
    Push,
    Sender,
)
from tests.protocol.conversation import (
    WALL_MS,
    Conversation,
    address,
    converse,
    datagram,
    make_node,
    messages_of,
    node_id,
    sent,
)

GROUP = Group(b"o" * 16, 0, 1, [Entry(1, "default", 0, 5)])
OURS, THEIRS = 0x1000, 0x2000


def of_cluster(number: int, *ids: int, generation: int = WALL_MS) -> Sender:
    """Returns the first message of datagrams of that node, of a cluster of these ids."""
    return Sender(node_id(number), generation, 0, 1000 + number, mark_of(ids))


def node_with(*ids: int) -> Node:
    """Returns node 1, whose store has kept these ids and a count of 1."""
    counted = (Group(b"n" * 16, 0, 1, [Entry(1, "default", 0, 1)]),)
    return make_node(1, state=State(generation=1, groups=counted if ids else (), cluster_ids=ids))


def told(*ids: int, counted: bool = True, lone: bool = False) -> ClusterIds:
    """Returns what a node says of its cluster."""
    return ClusterIds(list(ids), counted, lone, False, 5)


def meet(node: Node, sender: Sender, *messages: Message) -> list[Message]:
    """Lets a node at address 2 ping, answer the challenge with these messages, and push a count."""
    padded = Ping(1, "", padding=bytes(48))
    effects = node.handle_datagram(datagram(sender, padded), address(2), 0.0)
    [ack] = messages_of(effects, Ack)
    replies = [message for _, message in sent(effects)]
    answer = datagram(sender, Ack(ack.challenge), *messages)
    effects = node.handle_datagram(answer, address(2), 0.1)
    replies += [message for _, message in sent(effects)]
    node.handle_datagram(datagram(sender, Push(3, GROUP)), address(2), 0.2)
    return replies


@pytest.mark.parametrize(
    ("mark", "ids", "admitted"),
    [
        (mark_of([OURS]), [], True),  # the same cluster
        (0, [], True),  # an older version
        (NO_CLUSTER, [], False),  # none yet: it takes ours first
        (mark_of([THEIRS]), [THEIRS], False),
        (mark_of([THEIRS]), [], False),  # it does not say more
        (mark_of([THEIRS, OURS]), [OURS, THEIRS], True),  # merged since
    ],
)
def test_who_is_admitted(mark: int, ids: list[int], admitted: bool) -> None:
    """Nothing that another cluster says is believed: no row, no count."""
    node = node_with(OURS)
    sender = Sender(node_id(2), WALL_MS, 0, 1002, mark)
    replies = meet(node, sender, *([told(*ids)] if ids else []))
    assert admitted == (node_id(2) in node.peers())
    assert (6 if admitted else 1) == node.count("default")
    ids_sent = [each for each in replies if isinstance(each, ClusterIds)]
    assert bool(ids_sent) == (mark not in (0, mark_of([OURS])))
    assert all(OURS in each.ids for each in ids_sent)


def test_a_node_without_an_id_takes_that_of_the_node_it_meets() -> None:
    """And is admitted with its next datagram."""
    node = make_node(1)
    meet(node, of_cluster(2, THEIRS), told(THEIRS))
    assert (THEIRS,) == node.state().cluster_ids
    assert [node_id(2)] == node.peers()


def test_ids_from_an_address_that_has_echoed_nothing_are_not_believed() -> None:
    """The source of a datagram can be forged."""
    node = make_node(1)
    node.handle_datagram(datagram(of_cluster(2, THEIRS), told(THEIRS)), address(2), 0.0)
    assert () == node.state().cluster_ids


def test_an_ack_of_another_cluster_is_no_sign_of_life() -> None:
    """The member that was at that address before is dead, and its id is the same."""
    node, other = make_node(1), make_node(2)
    talk = converse(node, other)
    talk.carry(node, node.increment("default", 1, None, 1, talk.now))
    talk.deliver()
    talk.carry(node, node.start(talk.now))
    del talk.nodes[address(2)]
    end = talk.now + 10
    while talk.now < end:
        talk.run(0.01)
        for _, to, data in talk.carried:
            pings = [m for m in Codec("gossipd").decode(data)[1] if isinstance(m, Ping)]
            for ping in pings if to == address(2) else ():
                stranger = of_cluster(2, THEIRS, generation=WALL_MS + 1)
                acked = datagram(stranger, Ack(ping.number, 1, 1), told(THEIRS))
                talk.carry(node, node.handle_datagram(acked, address(2), talk.now))
        talk.carried.clear()
    assert [] == node.peers()
    assert {"dead"} == {row.state for row in node.members() if row.id == node_id(2)}


def test_a_process_that_was_a_member_stays_one() -> None:
    """It may draw an id before it learns that of the others: nobody can be in its place."""
    one, other = make_node(1), make_node(2)
    talk = converse(one, other)
    for node in (one, other):
        talk.carry(node, node.start(talk.now))
        talk.carry(node, node.increment("default", 1, None, 1, talk.now))
    talk.deliver()
    talk.run(3)
    assert 2 == one.count("default") == other.count("default")
    assert one.state().cluster_ids == other.state().cluster_ids
    assert 2 == len(one.state().cluster_ids)


def test_an_id_is_drawn_with_the_first_count() -> None:
    """Before that, and without members, there is nothing to keep apart."""
    node = make_node(1)
    talk = Conversation(node)
    talk.carry(node, node.start(0.0))
    talk.run(60)
    assert "" == node.statistics().cluster
    talk.carry(node, node.sync(0, None, 1, talk.now))
    assert "" == node.statistics().cluster
    talk.carry(node, node.increment("default", 1, None, 2, talk.now))
    [drawn] = node.state().cluster_ids
    assert f"{drawn:08x}" == node.statistics().cluster


def test_of_nodes_that_start_together_one_draws_an_id() -> None:
    """Some seconds later, and the others take it."""
    nodes = [make_node(number) for number in (1, 2, 3)]
    talk = converse(*nodes)
    for node in nodes:
        talk.carry(node, node.start(talk.now))
    talk.run(15)
    assert 1 == len({node.state().cluster_ids for node in nodes})
    assert 1 == len(nodes[0].state().cluster_ids)


def test_claims_of_another_cluster_are_not_believed() -> None:
    """Not even about this node itself, which would raise its generation for them."""
    node = node_with(OURS)
    [own] = node.members()
    sender = of_cluster(2, THEIRS)
    meet(node, sender, told(THEIRS))
    claim = type(node._table.own.claim(0.0))(node_id(1), own.generation + 5, 0, 0)
    node.handle_datagram(datagram(sender, Claims([claim])), address(2), 1.0)
    assert [own] == node.members()


def test_two_strangers_do_not_answer_each_other_for_ever() -> None:
    """A few datagrams tell both sides, with every try."""
    nodes = node_with(OURS), make_node(2, state=State(generation=1, cluster_ids=(THEIRS,)))
    for node in nodes:
        node.register(node_id(9), 0.0)
    talk = Conversation(*nodes)
    for to, other in ((0, 2), (1, 1)):
        data = datagram(of_cluster(other, 7, generation=WALL_MS), Ping(1, padding=bytes(48)))
        talk.carry(nodes[to], nodes[to].handle_datagram(data, address(other), 0.0))
    assert talk.deliver() <= 8


def test_without_ids_a_datagram_costs_a_byte_more_and_with_them_five() -> None:
    """What every datagram of an idle cluster has besides."""
    before = len(datagram(Sender(node_id(1), WALL_MS, 0, 7)))
    assert before == len(datagram(Sender(node_id(1), WALL_MS, 0, 7, NO_CLUSTER)))
    assert before + 4 == len(datagram(Sender(node_id(1), WALL_MS, 0, 7, 2**32 - 1)))
