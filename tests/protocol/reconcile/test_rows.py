"""Anti-entropy between two nodes: what an exchange costs, and that it ends with equal tables."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gossipd.protocol import State
from gossipd.protocol.wire import DEAD, LEFT, Claim, Entry, Group, Rows
from tests.protocol.conversation import (
    WALL_MS,
    Conversation,
    address,
    converse,
    datagram,
    make_node,
    node_id,
    sender,
)
from tests.protocol.reconcile.pairs import NAME, exchange, owners, with_state

MEMBER_IDS = [f"10.1.{number // 200}.{1 + number % 200}:8088" for number in range(1000)]


def test_equal_gates_end_the_comparison() -> None:
    """Two nodes that are alike exchange a ping and an ack, and nothing more."""
    first, second = make_node(1), make_node(2)
    talk = converse(first, second)
    assert [] == exchange(first, second, talk)


def test_a_joining_node_gets_all() -> None:
    """A node that starts with nothing has every member and every owner soon after it joined."""
    members = tuple(Claim(text, WALL_MS, 0, DEAD) for text in MEMBER_IDS[:300])
    first = make_node(1, state=State(members=members, groups=owners(300)))
    second = make_node(2)
    talk = Conversation(first, second)
    for node in (first, second):
        talk.carry(node, node.start(0.0))
    talk.carry(second, second.join([node_id(1)], 0.0))
    talk.run(10)
    assert (302, first.count(NAME)) == (len(second.members()), second.count(NAME))


def random_table(random: Random, count: int) -> tuple[Claim, ...]:
    """Returns random rows of random members."""
    return tuple(
        Claim(
            text, WALL_MS + random.randint(0, 2), random.randint(0, 2), random.choice([DEAD, LEFT])
        )
        for text in random.sample(MEMBER_IDS[: 2 * count + 1], count)
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0, 3, 15, 40, 150]), st.sampled_from([1, 20, 100]))
def test_member_tables_converge(seed: int, ours: int, theirs: int) -> None:
    """Any two tables are equal after some exchanges, and hold the newest of each row."""
    random = Random(seed)
    tables = random_table(random, ours), random_table(random, theirs)
    first, second, talk = with_state(State(members=tables[0]), State(members=tables[1]))
    for node in (first, second):
        talk.carry(node, node.start(0.0))
    talk.carry(second, second.join([node_id(1)], 0.0))
    talk.run(25)
    newest: dict[str, tuple[int, int, int]] = {}
    for claim in (*tables[0], *tables[1]):
        row = (claim.generation, claim.incarnation, claim.state)
        newest[claim.id] = max(row, newest.get(claim.id, row))
    states = ["alive", "suspect", "dead", "left"]
    for node in (first, second):
        rows = {
            view.id: (view.generation, view.incarnation, states.index(view.state))
            for view in node.members()
            if view.id in newest
        }
        assert newest == rows


def test_no_datagram_is_too_large() -> None:
    """However much there is to tell, each datagram stays within 1,400 bytes."""
    members = tuple(Claim(text, WALL_MS, 0, DEAD, MEMBER_IDS[-1]) for text in MEMBER_IDS[:400])
    raised = tuple(
        Group(group.owner, 0, 1, [Entry(1, NAME, number + 1, 0)])
        for number, group in enumerate(owners(200))
    )
    first = make_node(1, state=State(members=members, groups=raised))
    second = make_node(2)
    talk = Conversation(first, second)
    for node in (first, second):
        talk.carry(node, node.start(0.0))
    talk.carry(second, second.join([node_id(1)], 0.0))
    talk.run(20)
    assert (200, True) == (second.count(NAME), max(len(d) for _, _, d in talk.carried) <= 1400)


def test_a_suspect_is_no_difference() -> None:
    """A suspicion on one side alone is not reconciled."""
    first, second = make_node(1), make_node(2)
    talk = converse(first, second, make_node(3))
    suspect = Claim(node_id(3), WALL_MS, 0, 1, node_id(2))
    data = datagram(sender(2), Rows(b"", [suspect], final=True))
    first.handle_datagram(data, address(2), talk.now)
    assert [] == exchange(first, second, talk)
