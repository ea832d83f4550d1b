"""Seeds, registered addresses, and tries of those who are gone."""

from __future__ import annotations

import pytest

from gossipd.protocol import Node, Resolve
from gossipd.protocol.events import RegisteredPeerSilent
from gossipd.protocol.wire import Ping
from tests.protocol.conversation import (
    Conversation,
    address,
    converse,
    make_node,
    messages_of,
    node_id,
    noted,
    opened,
    sent,
)


def started(*nodes: Node) -> Conversation:
    """A conversation of nodes that know each other and are started."""
    talk = Conversation(*nodes)
    talk.meet(start=True)
    talk.run(3)
    return talk


def tries(talk: Conversation, number: int, seconds: float) -> int:
    """How many pings go to that node's address within so many seconds."""
    before = len(talk.carried)
    talk.run(seconds)
    return sum(
        isinstance(message, Ping)
        for _, to, data in talk.carried[before:]
        if to == address(number)
        for message in opened(data)
    )


def test_a_registered_peer_is_listed_at_once() -> None:
    """It is in the list before it answered, and is contacted without delay."""
    node = make_node()
    effects = node.register(node_id(2), 0.0)
    assert ([node_id(2)], [address(2)]) == (node.peers(), [to for to, _ in sent(effects)])


def test_a_registered_peer_that_answers_is_a_member() -> None:
    """Both nodes know each other once one of them registered the other."""
    first, second = make_node(1), make_node(2)
    talk = Conversation(first, second)
    talk.carry(first, first.register(node_id(2), 0.0))
    talk.deliver()
    assert ([node_id(2)], [node_id(1)]) == (first.peers(), second.peers())


@pytest.mark.parametrize(("seconds", "listed"), [(4.9, True), (5.1, False)])
def test_a_silent_registered_peer_is_dropped(seconds: float, listed: bool) -> None:
    """Five seconds without an answer end a registration."""
    node = make_node()
    talk = Conversation(node)
    talk.carry(node, node.register(node_id(2), 0.0))
    talk.run(seconds)
    assert ([node_id(2)] if listed else []) == node.peers()


def test_dropping_a_silent_peer_is_reported() -> None:
    """The log says which name did not answer."""
    node = make_node()
    talk = Conversation(node)
    talk.carry(node, node.register(node_id(2), 0.0))
    talk.run(6)
    assert [RegisteredPeerSilent(node_id(2))] == talk.events[address(1)]


def test_a_registered_name_is_resolved() -> None:
    """A name is looked up, with the default port where it has none."""
    [effect] = make_node().register("Box", 0.0)
    assert ("box", 8088) == (effect.host, effect.port) if isinstance(effect, Resolve) else None


@pytest.mark.parametrize("command", ["register", "remove", "join"])
def test_a_final_dot_is_handed_to_the_resolver(command: str) -> None:
    """The name is listed without it."""
    node = make_node()
    if command == "join":
        effects = node.join(["Box.Example.:9"], 0.0)
    else:
        effects = getattr(node, command)("Box.Example.:9", 0.0)
    looked_up = [(each.host, each.port) for each in effects if isinstance(each, Resolve)]
    assert [("box.example.", 9)] == looked_up
    assert (["box.example:9"] if command == "register" else []) == node.peers()


def test_a_name_becomes_the_row_that_answers() -> None:
    """The placeholder of a name gives way to the id of who answers."""
    first, second = make_node(1), make_node(2)
    talk = Conversation(first, second)
    talk.carry(first, first.register("box", 0.0))
    ticket = talk.resolves[address(1)][0].ticket
    before = first.peers()
    talk.carry(first, first.resolved(ticket, [address(9), address(2)], 0.0))
    talk.deliver()
    assert (["box:8088"], [node_id(2)]) == (before, first.peers())


def test_a_name_without_an_address_is_dropped() -> None:
    """A name that resolves to nothing is listed as long as any silent one."""
    node = make_node()
    talk = Conversation(node)
    talk.carry(node, node.register("box", 0.0))
    talk.carry(node, node.resolved(talk.resolves[address(1)][0].ticket, [], 0.0))
    talk.run(6)
    assert [] == node.peers()


def test_an_unknown_ticket_is_ignored() -> None:
    """A late or invented answer of a resolver changes nothing."""
    assert [] == make_node().resolved(77, [address(2)], 0.0)


def test_silent_registrations_are_limited() -> None:
    """The 65th peer that has not answered yet is refused."""
    node = make_node()
    for number in range(2, 66):
        node.register(node_id(number), 0.0)
    with pytest.raises(ValueError, match="64"):
        node.register(node_id(66), 0.0)


def test_registering_oneself_does_nothing() -> None:
    """The own id is no peer."""
    node = make_node()
    assert ([], []) == (node.register(node_id(1), 0.0), node.peers())


@pytest.mark.parametrize("text", ["", "http://x", "1.2.3:80", "a b", "x:0", "x" * 300])
def test_what_is_no_address_is_refused(text: str) -> None:
    """A text that is no host and port raises, for each command that takes one."""
    node = make_node()
    for command in (node.register, node.remove, lambda seed, now: node.join([seed], now)):
        with pytest.raises(ValueError, match=r"."):
            command(text, 0.0)


def test_a_removed_peer_is_not_shown() -> None:
    """Its row is hidden at once."""
    first, second = make_node(1), make_node(2)
    started(first, second)
    first.remove(node_id(2), 3.0)
    assert [] == first.peers()


def test_nothing_is_sent_to_a_removed_peer() -> None:
    """A removed peer hears nothing more, whatever was under way with it."""
    nodes = [make_node(number) for number in (1, 2, 3)]
    talk = started(*nodes)
    talk.carry(nodes[0], nodes[0].remove(node_id(2), talk.now))
    before = len(talk.carried)
    talk.run(60)
    told = [to for source, to, _ in talk.carried[before:] if source == address(1)]
    assert address(2) not in told


def test_a_probe_ends_when_its_target_is_removed() -> None:
    """A peer that is removed while its ack is waited for is not pinged again."""
    first, second = make_node(1), make_node(2)
    talk = started(first, second)
    talk.lost = lambda a, to, data: to == address(2)
    while not any(
        isinstance(message, Ping)
        for _, to, data in list(talk.carried)[-1:]
        for message in opened(data)
        if to == address(2)
    ):
        talk.now = first.next_timeout() or 0.0
        talk.carry(first, first.handle_timeout(talk.now))
    talk.carry(first, first.remove(node_id(2), talk.now))
    before = len(talk.carried)
    talk.deliver()
    talk.run(5)
    assert [] == [to for source, to, _ in talk.carried[before:] if source == address(1)]


def test_registering_shows_a_removed_row_again() -> None:
    """`register` takes `remove` back."""
    first, second = make_node(1), make_node(2)
    talk = started(first, second)
    talk.carry(first, first.remove(node_id(2), talk.now))
    talk.run(1)
    talk.carry(first, first.register(node_id(2), talk.now))
    assert [node_id(2)] == first.peers()


def test_removing_by_name_hides_the_row_with_its_address() -> None:
    """A name that is removed is looked up, and every address of it is hidden."""
    first, second = make_node(1), make_node(2)
    talk = started(first, second)
    talk.carry(first, first.remove("box", talk.now))
    ticket = talk.resolves[address(1)][0].ticket
    talk.carry(first, first.resolved(ticket, [address(2)], talk.now))
    assert [] == first.peers()


def test_removing_the_unknown_is_forgotten() -> None:
    """Who is removed before it was known is met as anybody."""
    first, second = make_node(1), make_node(2)
    first.remove(node_id(2), 0.0)
    talk = Conversation(first, second)
    talk.carry(second, second.register(node_id(1), 0.0))
    talk.deliver()
    assert [node_id(2)] == first.peers()


def test_counts_of_a_removed_peer_arrive_through_others() -> None:
    """Removing hides a peer and not what it counted."""
    nodes = [make_node(number) for number in (1, 2, 3)]
    talk = started(*nodes)
    talk.carry(nodes[0], nodes[0].remove(node_id(2), talk.now))
    talk.carry(nodes[1], nodes[1].increment("default", 5, "local", 1, talk.now))
    talk.run(10)
    assert 5 == nodes[0].count("default")


def test_a_seed_that_is_no_member_is_tried_on_and_on() -> None:
    """A silent seed is tried every ten seconds, for ever."""
    node = make_node()
    talk = Conversation(node)
    talk.carry(node, node.start(0.0))
    talk.carry(node, node.join([node_id(2)], 0.0))
    talk.run(100)
    assert 10 == tries(talk, 2, 100)


def test_a_seed_that_is_a_member_is_left_alone() -> None:
    """Where the seed is alive, nothing but probes goes to it."""
    first, second = make_node(1), make_node(2)
    talk = Conversation(first, second)
    talk.carry(first, first.join([node_id(2)], 0.0))
    talk.run(30)
    assert 0 == tries(talk, 2, 30)


def test_a_seed_is_resolved_again_at_every_try() -> None:
    """A seed's name may move to another address."""
    node = make_node()
    talk = Conversation(node)
    talk.carry(node, node.join(["box"], 0.0))
    talk.run(25)
    assert 3 <= len(talk.resolves[address(1)])


def test_every_address_of_a_seed_is_tried() -> None:
    """Where a name has several addresses, each is contacted."""
    node = make_node()
    talk = Conversation(node)
    talk.carry(node, node.join(["box"], 0.0))
    [resolve] = talk.resolves[address(1)]
    effects = node.resolved(resolve.ticket, [address(5), address(6)], 0.0)
    assert [address(5), address(6)] == [to for to, _ in sent(effects)]


def test_a_node_that_reaches_itself_drops_the_address() -> None:
    """An address that leads back to this process is not tried again, and is no member."""
    node = make_node()
    talk = Conversation(node)
    talk.nodes[address(9)] = node
    talk.carry(node, node.register(node_id(9), 0.0))
    talk.run(1)
    assert ([], 0) == (node.peers(), tries(talk, 9, 30))


def test_the_dead_are_tried() -> None:
    """A dead member is tried every two seconds, and is alive when it answers."""
    first, second = make_node(1), make_node(2)
    talk = started(first, second)
    gone = talk.nodes.pop(address(2))
    talk.run(60)
    before = first.peers()
    talk.nodes[address(2)] = gone
    talk.run(5)
    assert ([], [node_id(2)]) == (before, first.peers())


def test_a_ping_of_a_contact_names_nobody() -> None:
    """Who is at an address is not known before it answers."""
    [ping] = messages_of(make_node().register(node_id(2), 0.0), Ping)
    assert "" == ping.target


def test_a_live_peer_registered_again_is_no_placeholder() -> None:
    """Registering a live member changes nothing that is shown."""
    first, second = make_node(1), make_node(2)
    talk = converse(first, second)
    effects = first.register(node_id(2), talk.now)
    assert ([node_id(2)], []) == (first.peers(), noted(effects))
