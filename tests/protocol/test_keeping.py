"""What a store is handed of a node: what changed, once, and all of it in the end."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gossipd.protocol import Changes, Ledger, State
from gossipd.protocol.fingerprint import Gates
from gossipd.protocol.keeping import Keeping
from gossipd.protocol.membership import Contacts, Echoes, RoundTrips
from gossipd.protocol.membership.awareness import Awareness
from gossipd.protocol.wire import ALIVE, DEAD, LEFT, Claim
from tests.protocol.conversation import WALL_MS, make_node, node_id
from tests.protocol.parts import Parts

MANY = 1 << 30


class Kept:
    """The parts of node 1 that are kept, and a store made of nothing but what was handed over."""

    def __init__(self, state: State | None = None, **settings: object) -> None:
        parts = Parts(**settings)
        self.table = parts.table
        self.ledger = Ledger(b"")
        gates = Gates(self.table.fingerprint, self.ledger.fingerprint)
        echoes = Echoes(parts.runtime, gates, RoundTrips(10), Awareness(8))
        self.contacts = Contacts(parts.runtime, parts.outbox, self.table, echoes, parts.gossip)
        clusters = parts.clusters(echoes, self.contacts)
        self.keeping = Keeping(parts.runtime, self.table, self.ledger, self.contacts, clusters)
        self.members = {claim.id: claim for claim in state.members} if state else {}
        self.removed = set(state.removed) if state else set()
        if state is not None:
            self.keeping.restore(state)

    def store(self, changes: Changes | None) -> None:
        """Puts changes into the store."""
        if changes is None:
            return
        for claim in changes.members:
            self.members[claim.id] = claim
            self.removed.discard(claim.id)
        self.removed.update(changes.removed)
        for member in changes.forgotten:
            self.members.pop(member, None)
            self.removed.discard(member)

    def is_whole(self) -> bool:
        """Returns whether the store has exactly what the node would keep."""
        state = self.keeping.state()
        members = {claim.id: claim for claim in state.members}
        return members == self.members and set(state.removed) == self.removed

    def act(self, rng: Random) -> None:
        """Changes something."""
        table, number = self.table, rng.randint(2, 6)
        row = table.rows.get(node_id(number))
        claim = Claim(node_id(number), WALL_MS + rng.randint(0, 9), 0, rng.randint(0, 3))
        match rng.randrange(5):
            case 0 if row is None:
                table.add(claim, 0.0)
            case 0 if row is not table.own:
                table.change(row, claim, 0.0)
            case 1 if row is not None and row is not table.own:
                table.set_removed(row, rng.random() < 0.5)
            case 2:
                table.make_room(Claim(node_id(9), WALL_MS + 99, 0, ALIVE))
            case 3:
                self.contacts.join([node_id(number)])
            case 4 if rng.random() < 0.2:
                generation = table.own.generation + 1
                table.become(Claim(node_id(rng.randint(1, 6)), generation, 0, ALIVE), 0.0)


def a_state(rng: Random) -> State:
    """Another run left this: some members, this node's own id among them."""
    members = tuple(Claim(node_id(n), WALL_MS, 0, rng.choice((0, 2, 3))) for n in range(1, 5))
    return State(WALL_MS, members, (node_id(2),))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.booleans(), st.sampled_from((1, 2, MANY)))
def test_all_changes_together_are_the_state(seed: int, earlier: bool, most: int) -> None:
    """From the first on, in pieces of any size, in whatever order things change."""
    rng = Random(seed)
    kept = Kept(a_state(rng) if earlier else None)
    for _ in range(5):
        for _ in range(rng.randint(0, 8)):
            kept.act(rng)
        more = True
        while more:
            changes = kept.keeping.changes(most)
            kept.store(changes)
            more = changes is not None and changes.more
        assert kept.is_whole()
        assert kept.keeping.changes(most) is None


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_after_a_loss_all_members_are_handed_over_again(seed: int) -> None:
    """Members that the store holds and the node has forgotten are among it."""
    rng = Random(seed)
    kept = Kept(a_state(rng))
    for lost in range(6):
        for _ in range(rng.randint(0, 4)):
            kept.act(rng)
        changes = kept.keeping.changes(rng.choice((2, MANY)))
        if lost % 2:
            kept.store(changes)
    kept.keeping.all_changed(list(kept.members))
    kept.store(kept.keeping.changes(MANY))
    assert kept.is_whole()


@pytest.mark.parametrize("most", [10, MANY])
def test_one_change_among_many_is_one_row(most: int) -> None:
    """And nothing is handed over if nothing has changed."""
    members = tuple(Claim(f"10.1.{n // 250}.{n % 250 + 1}:1", n, 0, DEAD) for n in range(1000))
    node = make_node(1, state=State(7, members, node_id=node_id(1)))
    assert node.changes(most) is None
    node.remove(members[300].id, 0.0)
    changes = node.changes(most)
    removed, gone = (members[300].id,), {members[300].id: WALL_MS // 1000}
    about = {"gone_since": gone, "node_id": node_id(1)}
    assert changes == Changes(node.generation(), (members[300],), removed, **about)


def test_a_moved_node_keeps_its_old_id_and_forgets_the_new_one() -> None:
    """Its own row is no member to be kept."""
    kept = Kept(State(1, (Claim(node_id(2), 1, 0, LEFT),)))
    kept.table.become(Claim(node_id(2), WALL_MS, 0, ALIVE), 0.0)
    kept.table.add(Claim(node_id(1), WALL_MS, 0, LEFT), 0.0)
    changes = kept.keeping.changes(MANY)
    assert changes is not None
    assert [node_id(1)] == [claim.id for claim in changes.members]
    assert (node_id(2),) == changes.forgotten


OF_THIS, OF_OTHER = (Claim(node_id(number), 1, 0, ALIVE) for number in (1, 3))


@pytest.mark.parametrize("kept", [{"members": (OF_THIS, OF_OTHER)}, {"apart": (node_id(1),)}])
def test_a_copy_from_another_node_remembers_that_node(kept: dict[str, Any]) -> None:
    """It may be down, and hold more than the copy does."""
    copy = Kept(State(7, node_id=node_id(2), **kept))
    assert node_id(2) in [claim.id for claim in copy.contacts.remembered()]
    changes = copy.keeping.changes(MANY)
    assert changes is not None
    assert (node_id(2), 7) in [(claim.id, claim.generation) for claim in changes.members]
    assert node_id(1) == changes.node_id


def test_a_copy_remembers_its_original_until_they_have_met() -> None:
    """Also if that is a seed, and however often the copy starts before."""
    state = State(7, (OF_THIS,), cluster_ids=(5,), node_id=node_id(2))
    for _ in range(3):
        copy = Kept(state)
        copy.contacts.join([node_id(2)])
        state = copy.keeping.state()
        assert not copy.contacts.all_met()
    copy.table.add(Claim(node_id(2), WALL_MS, 0, ALIVE), 0.0)
    assert copy.contacts.all_met()


def test_a_damaged_id_in_a_store_is_nobody() -> None:
    """A node starts from what else the store holds."""
    copy = Kept(State(7, (OF_THIS, OF_OTHER), node_id="nonsense"))
    assert [node_id(3)] == [claim.id for claim in copy.contacts.remembered()]


def test_a_node_that_has_moved_is_no_copy() -> None:
    """No state has a row of its new id."""
    moved = Kept(State(7, (OF_OTHER,), node_id=node_id(2)))
    assert [node_id(3)] == [claim.id for claim in moved.contacts.remembered()]
    changes = moved.keeping.changes(MANY)
    assert changes is not None
    assert node_id(1) == changes.node_id


@pytest.mark.parametrize("order", [1, -1])
def test_a_store_of_more_members_than_the_limit_is_read_to_it(order: int) -> None:
    """The newest of the dead are kept, whatever their order, and the removed if they may be alive.

    A removed member that is dead counts like others, as it does on nodes that did not remove it.
    """
    members = [Claim(node_id(number), number, 0, DEAD) for number in range(3, 202)]
    kept = [Claim(node_id(2), 2, 0, ALIVE), *members][::order]
    removed = node_id(2), node_id(3), node_id(200)
    after = Kept(State(1, tuple(kept), removed, ()), member_limit=100).table
    expected = {node_id(number) for number in (1, 2, *range(104, 202))}
    assert set(after.rows) == expected
    found = {row.id for row in after.rows.values() if row.removed}
    assert {node_id(2), node_id(200)} == found
