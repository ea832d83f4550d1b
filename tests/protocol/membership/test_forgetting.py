"""When a node forgets, what it then still knows, and what it answers."""

from __future__ import annotations

import pytest

from gossipd.protocol import Node, ProtocolConfig, State
from gossipd.protocol.events import MemberForgotten
from gossipd.protocol.wire import (
    ALIVE,
    DEAD,
    FORGOTTEN,
    LEFT,
    MEMBERS,
    Claim,
    Claims,
    Rows,
    Span,
    Sums,
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
    noted,
    sender,
)

HOUR = 3600
QUIET = ProtocolConfig(forget_after=100.0)


def say(talk: Conversation, node: Node, *claims: Claim) -> None:
    """Lets node 2 gossip claims to a node."""
    data = datagram(sender(2), Claims(list(claims)))
    talk.carry(node, node.handle_datagram(data, address(2), talk.now))


def pair(config: ProtocolConfig = QUIET) -> tuple[Node, Node, Conversation]:
    """Nodes 1 and 2, which know each other and run."""
    one, two = make_node(1, config), make_node(2, config)
    talk = converse(one, two)
    for node in (one, two):
        talk.carry(node, node.start(talk.now))
    talk.deliver()
    return one, two, talk


def states(node: Node) -> dict[str, str]:
    """States by id."""
    return {row.id: row.state for row in node.members()}


@pytest.mark.parametrize("state", [DEAD, LEFT])
def test_a_member_is_forgotten_when_its_age_says_so(state: int) -> None:
    """The age that a claim brings counts, wherever it was first known."""
    one, two, talk = pair()
    say(talk, one, Claim(node_id(3), 5, 0, state, "", 40))
    talk.run(50)
    assert node_id(3) in states(one)
    talk.run(15)
    assert node_id(3) not in states(one)
    assert node_id(3) not in states(two)
    assert MemberForgotten(node_id(3)) in talk.events[address(1)]
    assert one._table.fingerprint.total == two._table.fingerprint.total
    assert 0 == one.statistics().members["dead"] + one.statistics().members["left"]
    assert 1 == one.statistics().waiting["forgotten"]


def test_the_largest_age_counts() -> None:
    """A node that learned of a death late, or anew, does not prolong it."""
    one, _, talk = pair()
    for age in (10, 80, 0):
        say(talk, one, Claim(node_id(3), 5, 0, DEAD, "", age))
    talk.run(25)
    assert node_id(3) not in states(one)


def test_a_claim_makes_all_forget_at_once() -> None:
    """It goes round like others, wins over the verdict, and holds where nobody is forgotten."""
    one, two, talk = pair(ProtocolConfig(forget_after=0.0))
    say(talk, one, Claim(node_id(3), 5, 0, DEAD))
    talk.run(5)
    assert "dead" == states(two)[node_id(3)]
    say(talk, one, Claim(node_id(3), 5, 0, DEAD, "", FORGOTTEN))
    talk.run(2)
    assert {node_id(1), node_id(2)} == {*states(one)} == {*states(two)}
    say(talk, one, Claim(node_id(3), 5, 0, DEAD, "", 0))
    assert node_id(3) not in states(one)


def test_a_live_member_is_asked_first() -> None:
    """Forgetting somebody who lives is a doubt, which the member refutes."""
    one, two, talk = pair()
    generation = next(row.generation for row in one.members() if row.id == node_id(2))
    talk.carry(
        one,
        one.handle_datagram(
            datagram(
                sender(2), Claims([Claim(node_id(2), generation, 0, DEAD, node_id(9), FORGOTTEN)])
            ),
            address(2),
            talk.now,
        ),
    )
    assert "suspect" == states(one)[node_id(2)]
    talk.run(5)
    assert "alive" == states(one)[node_id(2)]
    assert two.peers() == [node_id(1)]


@pytest.mark.parametrize("generation", [4, 6])
def test_whoever_comes_back_is_a_member(generation: int) -> None:
    """A larger generation wins; a smaller one is told, so that the process can raise its own."""
    one, two, talk = pair()
    say(talk, one, Claim(node_id(3), WALL_MS + 5, 0, DEAD, "", FORGOTTEN - 1))
    talk.run(3)
    assert node_id(3) not in states(one)
    three = make_node(3, QUIET, wall_ms=WALL_MS + generation)
    talk.add(three)
    talk.carry(three, three.start(talk.now))
    talk.carry(three, three.join([node_id(2)], talk.now))
    talk.run(15)
    assert "alive" == states(one)[node_id(3)] == states(two)[node_id(3)]
    assert 0 == one.statistics().waiting["forgotten"]


def test_a_listed_row_that_is_too_old_is_answered() -> None:
    """Else a node that never forgets, or whose age is behind, would differ for ever."""
    one, _, talk = pair()
    old = Claim(node_id(3), 5, 0, DEAD, "", 100)
    data = datagram(sender(2), Rows(b"", [old], span=Span(0, 2**60 - 1)))
    effects = one.handle_datagram(data, address(2), talk.now)
    told = [claim for rows in messages_of(effects, Rows) for claim in rows.claims]
    assert Claim(node_id(3), 5, 0, DEAD, "", FORGOTTEN) in told
    assert node_id(3) not in states(one)
    assert [] == [event for event in noted(effects) if isinstance(event, MemberForgotten)]
    assert MEMBERS == 0
    assert [] == messages_of(effects, Sums)


def test_the_row_is_dropped_in_the_end_and_the_address_kept() -> None:
    """After as long again only the id is left, which is tried now and then."""
    one, _, talk = pair()
    say(talk, one, Claim(node_id(3), 5, 0, DEAD, "", 99))
    talk.run(3)
    assert node_id(3) in one._table.rows
    talk.run(110)
    assert node_id(3) not in one._table.rows
    assert (node_id(3),) == one.state().apart
    before = len(talk.carried)
    talk.run(100)
    tries = [to for source, to, _ in talk.carried[before:] if (source, to)[1] == address(3)]
    assert 12 <= len(tries) <= 34


def kept(hours: int) -> State:
    """The state of a node that knew node 3 as alive, node 4 as dead for so long, and node 5."""
    return State(
        1,
        (Claim(node_id(3), 1, 0, ALIVE), Claim(node_id(4), 1, 0, DEAD)),
        gone_since={node_id(4): WALL_MS // 1000 - hours * HOUR},
        apart=(node_id(5),),
    )


@pytest.mark.parametrize(
    ("hours", "remembered"), [(0, True), (71, True), (72, False), (9999, False), (-50, True)]
)
def test_a_restart_ages_what_was_kept(hours: int, remembered: bool) -> None:
    """What became too old is no row, and is still tried; a clock set back adds no age."""
    node = make_node(1, state=kept(hours))
    assert remembered == (node_id(4) in states(node))
    apart = {node_id(5)} if remembered else {node_id(4), node_id(5)}
    assert apart == {*node.state().apart}
    if remembered:
        since = node.state().gone_since[node_id(4)]
        assert since == WALL_MS // 1000 - max(hours, 0) * HOUR


def test_a_removal_ends_when_its_member_is_forgotten() -> None:
    """The address may be given to another node by then."""
    one, _, talk = pair()
    say(talk, one, Claim(node_id(3), 5, 0, DEAD, "", 95))
    talk.carry(one, one.remove(node_id(3), talk.now))
    talk.run(10)
    assert node_id(3) not in states(one)
    assert () == one.state().removed


@pytest.mark.parametrize("state", [DEAD, LEFT])
def test_a_member_is_forgotten_when_somebody_says_so(state: int) -> None:
    """By all nodes; a member that is live, unknown or the node itself is refused."""
    one, two, talk = pair(ProtocolConfig())
    say(talk, one, Claim(node_id(3), 5, 0, state))
    talk.run(5)
    assert node_id(3) in states(two)
    talk.carry(one, one.forget(node_id(3), talk.now))
    assert node_id(3) not in states(one)
    talk.run(5)
    assert node_id(3) not in states(two)
    for member in (node_id(1), node_id(2), node_id(9)):
        with pytest.raises(ValueError, match="dead or left"):
            one.forget(member, talk.now)
