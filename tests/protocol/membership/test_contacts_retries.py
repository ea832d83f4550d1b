"""Retries, restarts and removal, seen from whole nodes: who is tried, when, and what it is told."""

from __future__ import annotations

import pytest

from gossipd.protocol import Node, Resolve, State
from gossipd.protocol.events import RegisteredPeerSilent
from gossipd.protocol.wire import ALIVE, SUSPECT, Claim, Ping
from tests.protocol.conversation import (
    WALL_MS,
    Conversation,
    address,
    converse,
    make_node,
    messages_of,
    node_id,
    noted,
    sent,
)


def fired(node: Node, until: float) -> list[tuple[float, object]]:
    """Every message and event of the node's timers up to a time, with when it came."""
    seen: list[tuple[float, object]] = []
    while (due := node.next_timeout()) is not None and due <= until:
        effects = node.handle_timeout(due)
        seen += [(due, message) for message in [*sent(effects), *noted(effects)]]
    return seen


def test_a_registered_peer_is_listed_and_pinged_at_once() -> None:
    """Nobody waits for its answer to see it."""
    node = make_node(1)
    effects = node.register("10.0.0.2:8088", 0.0)
    assert ["10.0.0.2:8088"] == node.peers()
    assert [address(2)] == [to for to, message in sent(effects) if isinstance(message, Ping)]


def test_a_silent_registered_peer_is_dropped_after_five_seconds() -> None:
    """It is tried until then, and reported."""
    node = make_node(1)
    node.register("10.0.0.2:8088", 0.0)
    seen = fired(node, 5.1)
    assert (5.0, RegisteredPeerSilent("10.0.0.2:8088")) == seen[-1]
    assert 9 == len([1 for _, what in seen if isinstance(what, tuple)])
    assert [] == node.peers()


def test_a_name_without_port_gets_the_default_one() -> None:
    """A name is looked up, with port 8088."""
    node = make_node(1)
    effects = node.register("test-peer", 0.0)
    assert [("test-peer", 8088)] == [(e.host, e.port) for e in effects if isinstance(e, Resolve)]
    assert ["test-peer:8088"] == node.peers()


def test_every_address_of_a_name_is_tried() -> None:
    """A name may stand for several nodes."""
    node = make_node(1)
    [resolve] = [e for e in node.join(["cluster:8088"], 0.0) if isinstance(e, Resolve)]
    effects = node.resolved(resolve.ticket, [address(2), address(3)], 0.1)
    assert [address(2), address(3)] == [to for to, _ in sent(effects)]


def test_a_name_of_very_many_addresses_is_tried_at_64() -> None:
    """However many a resolver tells; a few are enough to find the others."""
    node = make_node(1)
    [resolve] = [e for e in node.join(["cluster:8088"], 0.0) if isinstance(e, Resolve)]
    addresses = [(f"10.1.{n // 250}.{n % 250 + 1}", 8088) for n in range(1000)]
    assert addresses[:64] == [to for to, _ in sent(node.resolved(resolve.ticket, addresses, 0.1))]


def test_a_name_is_looked_up_again_and_again() -> None:
    """Later addresses are tried, and the earlier ones while the resolver fails."""
    node = make_node(1)
    talk = Conversation(node)
    talk.carry(node, node.join(["cluster:8088"], 0.0))
    tried = []
    for found in [address(2)], [address(3), address(4)], []:
        asked = talk.resolves[address(1)]
        assert [("cluster", 8088)] * len(asked) == [(e.host, e.port) for e in asked]
        effects = node.resolved(asked[-1].ticket, found, talk.now)
        tried.append([to for to, _ in sent(effects)])
        talk.run(11)
    assert [[address(2)], [address(3), address(4)], [address(3), address(4)]] == tried


def test_a_registered_name_becomes_the_row_that_answers() -> None:
    """The name is no longer listed then, only the id of who answered."""
    a, b = make_node(1), make_node(2)
    talk = Conversation(a, b)
    talk.carry(a, a.register("other-name", 0.0))
    [resolve] = talk.resolves[address(1)]
    talk.carry(a, a.resolved(resolve.ticket, [address(2)], 0.0))
    talk.deliver()
    assert [node_id(2)] == a.peers()


def test_at_most_64_may_be_silent() -> None:
    """One more is refused, and one that is listed already is not one more."""
    node = make_node(1)
    for number in range(64):
        node.register(f"10.1.0.{number + 1}", 0.0)
    node.register("10.1.0.1", 0.0)
    with pytest.raises(ValueError, match="64"):
        node.register("10.1.1.1", 0.0)


@pytest.mark.parametrize("text", ["", "a b:1", "host:99999", "host:x", "x" * 300])
def test_a_bad_name_is_refused(text: str) -> None:
    """It changes nothing."""
    node = make_node(1)
    with pytest.raises(ValueError, match=r"."):
        node.register(text, 0.0)
    with pytest.raises(ValueError, match=r"."):
        node.remove(text, 0.0)
    assert [] == node.peers()


def test_the_own_id_is_not_registered() -> None:
    """It is accepted, and nothing happens."""
    node = make_node(1)
    assert [] == node.register(node_id(1), 0.0)
    assert [] == node.peers()


def test_a_node_that_reaches_itself_drops_that_address() -> None:
    """Under whatever name it found itself."""
    node = make_node(1)
    effects = node.register("127.0.0.9:8088", 0.0)
    [ping] = [e.data for e in effects if hasattr(e, "data")]
    assert [] == sent(node.handle_datagram(ping, address(1), 0.0))
    assert [] == node.peers()
    assert [] == sent(node.register("127.0.0.9:8088", 0.0))


def test_removed_peers_are_hidden_until_registered() -> None:
    """Their datagrams are dropped, nothing goes to them, and registering shows them at once."""
    a, b = make_node(1), make_node(2)
    talk = converse(a, b)
    a.remove(node_id(2), talk.now)
    assert [] == a.peers()
    for node in (a, b):
        talk.carry(node, node.start(talk.now))
    before = len(talk.carried)
    talk.run(20)
    assert [] == [to for _, to, _ in talk.carried[before:] if to == address(2)]
    assert [] == a.peers()
    talk.carry(a, a.register(node_id(2), talk.now))
    assert [node_id(2)] == a.peers()


def test_an_unknown_peer_is_not_remembered_as_removed() -> None:
    """It may join later."""
    a, b = make_node(1), make_node(2)
    a.remove(node_id(2), 0.0)
    converse(a, b)
    assert [node_id(2)] == a.peers()


def test_a_removed_name_hides_the_row_of_its_address() -> None:
    """The name is looked up, and the member at that address and port is meant."""
    a, b = make_node(1), make_node(2)
    talk = converse(a, b)
    [resolve] = [e for e in a.remove("some-name", talk.now) if isinstance(e, Resolve)]
    a.resolved(resolve.ticket, [address(2)], talk.now)
    assert [] == a.peers()


def test_seeds_that_are_no_members_are_tried_every_ten_seconds() -> None:
    """More often at first, and for ever."""
    node = make_node(1)
    node.start(0.0)
    node.join([node_id(2)], 0.0)
    times = [time for time, what in fired(node, 60.0) if isinstance(what, tuple)]
    assert [0.25, 0.75, 1.75, 3.75, 13.75, 23.75, 33.75, 43.75, 53.75] == times


def test_a_seed_that_is_a_live_member_is_left_alone() -> None:
    """There is nothing to ask it."""
    a, b = make_node(1), make_node(2)
    talk = converse(a, b)
    a.join([node_id(2)], talk.now)
    assert not [
        message
        for _, message in fired(a, talk.now + 30)
        if isinstance(message, tuple) and isinstance(message[1], Ping) and not message[1].target
    ]


def test_the_dead_are_tried_and_told_what_is_said_of_them() -> None:
    """So that a node which was cut off finds back without seeds."""
    a, b = make_node(1), make_node(2)
    talk = converse(a, b)
    for node in (a, b):
        talk.carry(node, node.start(talk.now))
    talk.lost = lambda source, to, data: True
    talk.run(30)
    assert ["dead"] == [row.state for row in a.members() if row.id == node_id(2)]
    talk.lost = lambda source, to, data: False
    talk.run(5)
    assert ["alive"] == [row.state for row in a.members() if row.id == node_id(2)]


def test_members_of_an_earlier_run_are_tried_at_start() -> None:
    """They are no rows until they answer, and no news to others."""
    a, b = make_node(1), make_node(2)
    talk = converse(a, b)
    again = make_node(1, state=a.state(), wall_ms=1_700_000_001_000, now=talk.now)
    assert [] == again.peers()
    assert [address(2)] == [
        to for to, message in sent(again.start(talk.now)) if isinstance(message, Ping)
    ]


def test_a_removed_peer_stays_removed_after_a_restart() -> None:
    """It is part of what is kept."""
    a, b = make_node(1), make_node(2)
    talk = converse(a, b)
    a.remove(node_id(2), talk.now)
    again = make_node(1, state=a.state(), wall_ms=1_700_000_001_000, now=talk.now)
    assert [] == messages_of(again.start(talk.now), Ping)
    assert [True] == [row.removed for row in again.members() if row.id == node_id(2)]


def test_a_member_of_an_earlier_run_is_kept_until_it_is_met() -> None:
    """Also through a run in which it did not answer."""
    claim = Claim(node_id(2), WALL_MS, 3, ALIVE)
    node = make_node(1, state=State(WALL_MS, (claim,)))
    node.start(0.0)
    assert (claim,) == node.state().members
    talk = Conversation(node, make_node(2, wall_ms=WALL_MS + 5))
    talk.carry(node, node.register(node_id(2), 0.0))
    talk.deliver()
    assert [WALL_MS + 5] == [each.generation for each in node.state().members]


def test_a_removed_suspect_of_an_earlier_run_can_still_be_found_dead() -> None:
    """Its suspicion ended with the process: once it is shown again, it is probed anew."""
    claim = Claim(node_id(2), WALL_MS, 0, SUSPECT, node_id(1))
    node = make_node(1, state=State(WALL_MS, (claim,), (claim.id,)))
    node.start(0.0)
    node.register(node_id(2), 0.0)
    while (due := node.next_timeout()) is not None and due < 20.0:
        node.handle_timeout(due)
    assert ["dead"] == [row.state for row in node.members() if row.id == node_id(2)]
