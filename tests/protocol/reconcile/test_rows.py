"""Anti-entropy between two nodes: what an exchange costs, and that it ends with equal tables."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gossipd.protocol import Address, Node, State
from gossipd.protocol.wire import DEAD, LEFT, Ack, Claim, Entry, Group, Ping, Rows
from tests.protocol.conversation import (
    WALL_MS,
    Conversation,
    address,
    converse,
    datagram,
    make_node,
    node_id,
    opened,
    sender,
)

NAME = "default"
MEMBER_IDS = [f"10.1.{number // 200}.{1 + number % 200}:8088" for number in range(1000)]


def owners(count: int, *, seed: int = 1, behind: int = -1) -> tuple[Group, ...]:
    """The same owners for every node, one of which is behind by a version."""
    random = Random(seed)
    found = []
    for number in range(count):
        owner, version = random.randbytes(16), random.randint(2, 9)
        if number == behind:
            version -= 1
        entry = Entry(version, NAME, 0, version)
        found.append(Group(owner, 0, version, [entry]))
    return tuple(found)


def exchange(first: Node, second: Node, talk: Conversation) -> list[bytes]:
    """One ping of the first with its gates, and all that follows: the datagrams after the ack."""
    fake = next(view for view in first.members() if view.id == node_id(1))
    gates = gates_of(first, talk)
    ping = Ping(5, node_id(2), *gates)
    data = datagram(sender(1, incarnation=fake.incarnation), ping)
    before = len(talk.carried)
    talk.carry(second, second.handle_datagram(data, address(1), talk.now))
    talk.deliver()
    return [data for _, _, data in talk.carried[before + 1 :]]


def gates_of(node: Node, talk: Conversation) -> tuple[int, int]:
    """The hashes that a node sends with a ping or an ack."""
    probe = datagram(sender(2), Ping(9, node_id(1)))
    for effect in node.handle_datagram(probe, address(2), talk.now):
        for message in opened(getattr(effect, "data", b"") or b""):
            return message.members, message.counters  # type: ignore[union-attr]
    raise AssertionError("no ack")


def with_state(first: State, second: State) -> tuple[Node, Node, Conversation]:
    """Two nodes with these states that know each other, and nothing else exchanged yet."""
    one, other = make_node(1, state=first), make_node(2, state=second)
    talk = Conversation(one, other)
    return one, other, talk


def test_equal_gates_end_it() -> None:
    """Two nodes that are alike exchange a ping and an ack, and nothing more."""
    first, second = make_node(1), make_node(2)
    talk = converse(first, second)
    assert [] == exchange(first, second, talk)


def compares(source: Address, to: Address, data: bytes) -> bool:
    """Whether a datagram has more in it than a ping or an ack."""
    return any(not isinstance(message, Ping | Ack) for message in opened(data))


@pytest.mark.parametrize("place", [0, 123, 500, 998, 999])
@pytest.mark.parametrize("ahead", [1, 2])
def test_one_difference_among_a_thousand_owners_is_cheap(place: int, ahead: int) -> None:
    """A change of any one of 1,000 owners is found and brought within 700 bytes after the ack."""
    states = [State(groups=owners(1000)), State(groups=owners(1000, behind=place))]
    first, second, talk = with_state(*(states if ahead == 1 else reversed(states)))
    talk.lost = compares  # they meet, and do not compare yet
    talk.meet()
    talk.lost = lambda a, b, data: False
    before = first.count(NAME) == second.count(NAME)
    spent = sum(map(len, exchange(first, second, talk)))
    assert (False, True, True) == (before, first.count(NAME) == second.count(NAME), spent <= 700), (
        spent
    )


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
    """Some rows of some members."""
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


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0, 5, 60, 200]), st.sampled_from([1, 20, 90]))
def test_counters_converge(seed: int, ours: int, theirs: int) -> None:
    """Any two sets of owners, some of them shared, are one set after some exchanges."""
    shared = owners(30, seed=seed)
    states = [
        State(groups=shared[:20] + owners(ours, seed=seed + 1)),
        State(groups=shared[10:] + owners(theirs, seed=seed + 2)),
    ]
    first, second, talk = with_state(*states)
    for node in (first, second):
        talk.carry(node, node.start(0.0))
    talk.carry(second, second.join([node_id(1)], 0.0))
    talk.run(20)
    everything = {group.owner: group.upto for state in states for group in state.groups}
    assert [sum(everything.values())] * 2 == [first.count(NAME), second.count(NAME)]


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


def test_both_sides_of_a_partition_end_alike() -> None:
    """Two nodes that counted apart agree after one exchange."""
    first, second = make_node(1), make_node(2)
    talk = converse(first, second)
    talk.lost = lambda a, b, data: True
    talk.carry(first, first.increment(NAME, 3, "local", 1, talk.now))
    talk.carry(second, second.sync(NAME, 10, "local", 1, talk.now))
    talk.deliver()
    talk.lost = lambda a, b, data: False
    exchange(first, second, talk)
    assert (10, 10) == (first.count(NAME), second.count(NAME))
