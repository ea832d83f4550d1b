"""What a node says of seeds that lead to nobody, and when."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gossipd.protocol import Node, ProtocolConfig, SeedView
from gossipd.protocol.events import ForeignDatagram, SeedNotJoined
from gossipd.protocol.wire import Ping
from tests.protocol.conversation import (
    Conversation,
    address,
    datagram,
    make_node,
    node_id,
    sender,
)

SILENT = f"no answer from {node_id(2)}"


def joining(*seeds: str, config: ProtocolConfig | None = None) -> tuple[Node, Conversation]:
    """Node 1, which has started and joins these seeds."""
    node = make_node(1, config)
    talk = Conversation(node)
    talk.carry(node, node.start(talk.now))
    talk.carry(node, node.join(list(seeds), talk.now))
    return node, talk


def said(talk: Conversation, number: int = 1) -> list[SeedNotJoined]:
    """What that node has reported of its seeds."""
    return [each for each in talk.events[address(number)] if isinstance(each, SeedNotJoined)]


def state(node: Node) -> str:
    """The state of the node's only seed."""
    [seed] = node.statistics().seeds
    return seed.state


@pytest.mark.parametrize(("seconds", "lines"), [(4.9, 0), (5.1, 1), (604, 1), (606, 2)])
def test_a_silent_seed_is_reported(seconds: float, lines: int) -> None:
    """After five seconds without a member, and then every ten minutes."""
    node, talk = joining(node_id(2))
    talk.run(seconds)
    assert [SeedNotJoined(node_id(2), SILENT)] * lines == said(talk)
    assert (SeedView(node_id(2), "silent", SILENT),) == node.statistics().seeds


def test_a_seed_that_is_dropped_is_tried_and_told_no_more() -> None:
    """Others are, and one that was never there is no mistake."""
    node, talk = joining(node_id(2), "box")
    talk.carry(node, node.join([node_id(3)], talk.now, [node_id(2), "box", "other"]))
    talk.run(20.0)
    assert [node_id(3)] == [seed.name for seed in node.statistics().seeds]
    assert [node_id(3)] == [each.seed for each in said(talk)]
    talk.carry(node, node.join(["box"], talk.now))
    assert 2 == len(node.statistics().seeds)


def test_each_seed_has_a_line_of_its_own() -> None:
    """Each has its own reason."""
    node, talk = joining(node_id(2), "box", node_id(3))
    talk.carry(node, node.resolved(talk.resolves[address(1)][0].ticket, [], talk.now))
    talk.run(5.1)
    assert [
        SeedNotJoined(node_id(2), SILENT),
        SeedNotJoined("box:8088", "the name has no address"),
        SeedNotJoined(node_id(3), f"no answer from {node_id(3)}"),
    ] == said(talk)


def test_another_reason_is_reported_at_once() -> None:
    """A name that is found, at last, to lead to a silent node; and each reason only once."""
    node, talk = joining("box")

    def look_ups_find(*found: str) -> Callable[[float], None]:
        def run(seconds: float) -> None:
            end = talk.now + seconds
            while talk.now < end:
                for each in talk.resolves[address(1)]:
                    answer = [(host, 8088) for host in found]
                    talk.carry(node, node.resolved(each.ticket, answer, talk.now))
                talk.resolves[address(1)].clear()
                talk.run(0.5)

        return run

    talk.run(5.1)
    assert ["the name is still being looked up"] == [each.reason for each in said(talk)]
    look_ups_find()(15)
    look_ups_find("10.0.0.3", "10.0.0.2")(15)
    look_ups_find("10.0.0.2", "10.0.0.3")(15)
    look_ups_find()(15)
    assert [
        "the name has no address",
        f"no answer from {node_id(2)}, {node_id(3)}",
    ] == [each.reason for each in said(talk)[1:]]


def test_only_some_addresses_of_a_name_are_shown() -> None:
    """A line stays short."""
    node, talk = joining("box")
    found = [address(number) for number in range(2, 9)]
    talk.carry(node, node.resolved(talk.resolves[address(1)][0].ticket, found, talk.now))
    assert f"no answer from {node_id(2)}, {node_id(3)}, {node_id(4)} and 4 more" == (
        node.statistics().seeds[0].reason
    )


def test_a_seed_that_answers_is_a_member() -> None:
    """And nothing is said. Once it is dead and nobody else is there, it is."""
    node, other = make_node(1), make_node(2)
    talk = Conversation(node, other)
    for each in (node, other):
        talk.carry(each, each.start(talk.now))
    talk.carry(node, node.join([node_id(2)], talk.now))
    talk.run(20)
    assert ("member", []) == (state(node), said(talk))
    talk.lost = lambda source, to, data: True
    talk.run(60)
    assert ("silent", [SeedNotJoined(node_id(2), SILENT)]) == (state(node), said(talk))


def test_a_seed_that_answers_under_another_id_is_a_member() -> None:
    """It advertises another address than the one at which it was found."""
    node, other = make_node(1), make_node(2)
    talk = Conversation(node, other)
    talk.nodes[address(9)] = other
    for each in (node, other):
        talk.carry(each, each.start(talk.now))
    talk.carry(node, node.join([node_id(9)], talk.now))
    while talk.wire:
        source, to, data = talk.wire.popleft()
        # Node 2 answers at address 9 from that address.
        where = address(9) if to == address(1) and source == address(2) else source
        talk.carry(talk.nodes[to], talk.nodes[to].handle_datagram(data, where, talk.now))
    assert "member" == state(node)


def test_the_node_itself_and_a_removed_member_are_told_apart() -> None:
    """One is no trouble; the other is, and is reported."""
    node, other = make_node(1), make_node(2)
    talk = Conversation(node, other)
    talk.meet()
    for each in (node, other):
        talk.carry(each, each.start(talk.now))
    talk.carry(node, node.remove(node_id(2), talk.now))
    talk.carry(node, node.join([node_id(1), node_id(2)], talk.now))
    talk.run(6)
    assert ["self", "removed"] == [seed.state for seed in node.statistics().seeds]
    reason = f"{node_id(2)} was removed from this node"
    assert [SeedNotJoined(node_id(2), reason)] == said(talk)


def test_a_seed_of_another_cluster_says_so_on_both_sides() -> None:
    """Its answer tells the one which asks, in one line; the other reports it once a minute."""
    ours, theirs = "cluster 'a'", "cluster 'longer'"
    node = make_node(1, ProtocolConfig(cluster="a"))
    other = make_node(2, ProtocolConfig(cluster="longer"))
    talk = Conversation(node, other)
    for each in (node, other):
        talk.carry(each, each.start(talk.now))
    talk.carry(node, node.join([node_id(2)], talk.now))
    talk.run(65)
    reason = f"{node_id(2)} has {theirs}, this node has {ours}"
    assert [SeedNotJoined(node_id(2), reason)] == said(talk)
    assert "foreign" == state(node)
    assert [SeedNotJoined(node_id(2), reason)] == talk.events[address(1)]
    assert [ForeignDatagram(node_id(1), theirs, ours)] * 2 == talk.events[address(2)]
    # Once that node is gone, the seed is silent.
    talk.lost = lambda source, to, data: True
    talk.run(30)
    assert "silent" == state(node)


def test_a_foreign_seed_is_reported_though_others_answered() -> None:
    """It is a mistake; a seed that is only silent may be down for a while."""
    node, other = make_node(1), make_node(2)
    foreign = make_node(3, ProtocolConfig(cluster="other"))
    talk = Conversation(node, other, foreign)
    for each in (node, other, foreign):
        talk.carry(each, each.start(talk.now))
    talk.carry(node, node.join([node_id(2), node_id(3), node_id(4)], talk.now))
    talk.run(30)
    assert [node_id(3)] == [each.seed for each in said(talk)]
    assert ["member", "foreign", "silent"] == [seed.state for seed in node.statistics().seeds]


def test_a_seed_of_another_version_says_so() -> None:
    """Whatever else it says cannot be read."""
    node, talk = joining(node_id(2))
    data = b"gd\x01" + datagram(sender(2), Ping(1))[3:]
    talk.carry(node, node.handle_datagram(data, address(2), talk.now))
    talk.run(5.1)
    reason = f"{node_id(2)} has wire version 1, this node has wire version 2"
    assert [SeedNotJoined(node_id(2), reason)] == said(talk)


def test_members_of_an_earlier_run_are_no_seeds() -> None:
    """Nobody has configured them, so their silence is no mistake."""
    node, talk = joining()
    talk.run(30)
    assert ((), []) == (node.statistics().seeds, said(talk))
