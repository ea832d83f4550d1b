"""Why an address is contacted: what the reasons remember, and when a node has strayed."""

from __future__ import annotations

import pytest

from gossipd.protocol.membership import Contacts, Discovery, Echoes, Reasons, RoundTrips
from gossipd.protocol.membership.awareness import Awareness
from gossipd.protocol.membership.peer import Peer
from gossipd.protocol.membership.reasons import ASKED, CHANCE, DISCOVERED, RETURNED
from gossipd.protocol.wire import ALIVE, DEAD, SUSPECT, Beacon, Claim
from tests.protocol.conversation import WALL_MS, address, node_id, sender
from tests.protocol.parts import Parts

SEED = 2


class Known:
    """The reasons of node 1, whose seed is node 2, and what they follow from."""

    def __init__(self) -> None:
        self.parts = parts = Parts(discovery=True)
        shared = parts.runtime, parts.outbox, parts.table
        echoes = Echoes(parts.runtime, lambda: (0, 0), RoundTrips(8), Awareness(8))
        self.contacts = Contacts(*shared, echoes, parts.gossip)
        self.discovery = Discovery(*shared, echoes, self.contacts)
        self.reasons = Reasons(parts.table, self.contacts, self.discovery)
        self.contacts.join([node_id(SEED)])

    def add(self, claim: Claim) -> None:
        """Adds a row."""
        self.parts.table.add(claim, 0.0)

    def why(self, number: int = SEED) -> int:
        """Returns why that node is contacted."""
        return self.reasons.why(address(number))


def claim(state: int = ALIVE, *, number: int = SEED, incarnation: int = 0) -> Claim:
    """Returns what is known of a member."""
    return Claim(node_id(number), WALL_MS, incarnation, state)


def test_why_an_address_is_contacted() -> None:
    """A name that somebody gave, an answer to a beacon, or neither."""
    known = Known()
    known.contacts.register(node_id(3))
    known.discovery.on_beacon(Beacon(answers=True), Peer(address(4), sender(4), 0))
    found = [known.why(number) for number in (2, 3, 4, 5)]
    assert [ASKED, ASKED, DISCOVERED, CHANCE] == found


@pytest.mark.parametrize("state", [ALIVE, DEAD])
def test_a_seed_that_was_a_member_was_joined(state: int) -> None:
    """Whether it is in the table, was forgotten, or is known from the disk."""
    in_table, apart, on_disk = Known(), Known(), Known()
    in_table.add(claim(state))
    apart.parts.table.keep_apart(node_id(SEED))
    on_disk.reasons.restore([claim(state)], named=True, strayed=False)
    assert [RETURNED] * 3 == [each.why() for each in (in_table, apart, on_disk)]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (None, ASKED),
        (claim(DEAD), ASKED),
        (claim(ALIVE), RETURNED),
        (claim(DEAD, incarnation=1), RETURNED),  # it has lived since
    ],
)
def test_a_seed_known_from_before_there_was_an_id_was_not_joined(
    row: Claim | None, why: int
) -> None:
    """Until it is a member of the cluster that has one."""
    known = Known()
    known.reasons.restore([claim(DEAD)], named=False, strayed=False)
    if row is not None:
        known.add(row)
    assert why == known.why()
    known.reasons.shares(node_id(SEED))
    assert RETURNED == known.why()


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (claim(ALIVE), claim(ALIVE), RETURNED),
        (claim(ALIVE), claim(SUSPECT), ASKED),
        (claim(SUSPECT), claim(DEAD), ASKED),
        (claim(SUSPECT), claim(ALIVE, incarnation=1), RETURNED),
    ],
)
def test_a_seed_that_never_heard_of_the_first_id_was_not_joined(
    before: Claim, after: Claim, why: int
) -> None:
    """A member that goes on for some seconds has heard of it."""
    known = Known()
    known.add(before)
    known.reasons.named()
    known.add(after)
    known.reasons.heard()
    known.add(claim(DEAD, incarnation=after.incarnation))
    assert why == known.why()


def test_who_never_knew_a_member_is_alone() -> None:
    """Not even in an earlier run."""
    alone, before, now = Known(), Known(), Known()
    before.reasons.restore([claim()], named=False, strayed=False)
    now.add(claim())
    assert [True, False, False] == [each.reasons.is_alone() for each in (alone, before, now)]


def test_a_node_that_takes_ids_before_its_seed_has_answered_has_strayed() -> None:
    """From then on its seed is nobody that it was asked to join, until that is a member."""
    known = Known()
    known.reasons.taken_from(address(SEED))
    assert not known.reasons.strayed
    known.reasons.taken_from(address(3))
    assert known.reasons.strayed
    assert CHANCE == known.why()
    known.reasons.met(address(3), node_id(3))
    assert known.reasons.strayed
    known.reasons.met(address(SEED), node_id(SEED))
    assert not known.reasons.strayed


def test_a_node_that_has_joined_its_seed_does_not_stray() -> None:
    """It brings its seed along."""
    known = Known()
    known.add(claim())
    known.reasons.taken_from(address(3))
    assert not known.reasons.strayed
