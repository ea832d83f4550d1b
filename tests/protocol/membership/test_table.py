"""The member table: its rows and hash, whom to probe, whom to forget."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.membership.precedence import beats
from gossipd.protocol.membership.table import MemberTable
from gossipd.protocol.wire import ALIVE, DEAD, LEFT, STATES, SUSPECT, Claim
from tests.protocol.conversation import node_id

CLAIMS = st.builds(
    Claim, st.just(node_id(2)), st.integers(1, 3), st.integers(0, 2), st.integers(0, 3)
)


def make_table(*claims: Claim) -> MemberTable:
    """A table of node 1 with these rows."""
    table = MemberTable(Claim(node_id(1), 1, 0, ALIVE), b"key", Random(1), 0.0)
    for claim in claims:
        table.add(claim, 0.0)
    return table


def alive(number: int) -> Claim:
    """The node of that number, alive."""
    return Claim(node_id(number), number, 0, ALIVE)


@given(st.lists(CLAIMS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_claims_have_one_result_in_any_order(claims: list[Claim], random: object) -> None:
    """The winner of some claims is the same in any order and with any repetition."""
    results = []
    for _ in range(2):
        table = make_table(claims[0])
        for claim in claims + claims[:2]:
            if beats(claim, table.rows[claim.id]):
                table.change(table.rows[claim.id], claim, 1.0)
        results.append(table.rows[node_id(2)].claim(0.0))
        random.shuffle(claims)  # type: ignore[attr-defined]
    assert results[0] == results[1]


def test_probes_go_round() -> None:
    """In each round every live member is probed once, however the order is."""
    table = make_table(*map(alive, range(2, 12)))
    for _ in range(10):
        table.next_probe()  # new members are put into the first round at random places
    for _ in range(5):
        probed = Counter(row.id for row in (table.next_probe() for _ in range(10)) if row)
        assert dict.fromkeys(map(node_id, range(2, 12)), 1) == probed


def test_rounds_are_shuffled() -> None:
    """Two rounds have different orders."""
    table = make_table(*map(alive, range(2, 30)))
    rounds = [[row.id for row in (table.next_probe() for _ in range(28)) if row] for _ in range(3)]
    assert rounds[1] != rounds[2]


@pytest.mark.parametrize("state", [DEAD, LEFT])
def test_the_gone_are_not_probed(state: int) -> None:
    """A dead or left member is no probe target."""
    table = make_table(Claim(node_id(2), 1, 0, state))
    assert table.next_probe() is None


def test_the_removed_are_not_probed() -> None:
    """A removed member is no probe target and not live."""
    table = make_table(alive(2))
    table.set_removed(table.rows[node_id(2)], True)
    assert (None, 1) == (table.next_probe(), table.size())


@given(st.integers(0, 9), st.integers(0, 12))
def test_sample_draws_different_live_peers(live: int, count: int) -> None:
    """A sample has as many different live peers as asked for, or all there are."""
    dead = [Claim(node_id(number), 1, 0, DEAD) for number in range(50, 55)]
    table = make_table(*dead, *map(alive, range(2, live + 2)))
    sample = {row.id for row in table.sample(count)}
    assert (min(live, count), set()) == (len(sample), sample - set(table.live))


def test_sample_leaves_one_out() -> None:
    """The member that is asked about is not asked."""
    table = make_table(*map(alive, range(2, 6)))
    drawn = {row.id for _ in range(50) for row in table.sample(2, node_id(3))}
    assert {node_id(2), node_id(4), node_id(5)} == drawn


def test_the_oldest_gone_row_makes_room() -> None:
    """Of dead and left rows the one of the smallest generation goes, live ones never."""
    table = make_table(alive(2), Claim(node_id(3), 30, 0, LEFT), Claim(node_id(4), 20, 0, DEAD))
    assert table.make_room(alive(5))
    assert [node_id(1), node_id(2), node_id(3)] == sorted(table.rows)


def test_live_rows_make_no_room() -> None:
    """Where nobody is gone, nothing is dropped."""
    assert not make_table(alive(2)).make_room(alive(5))


@pytest.mark.parametrize(("generation", "room"), [(19, False), (21, True)])
def test_only_an_older_row_makes_room_for_the_gone(generation: int, room: bool) -> None:
    """So that full tables end up with the same rows, in whatever order they learn of them."""
    table = make_table(Claim(node_id(4), 20, 0, DEAD))
    assert room == table.make_room(Claim(node_id(5), generation, 0, DEAD))


@pytest.mark.parametrize("before", [True, False])
def test_removed_rows_make_room_like_others(before: bool) -> None:
    """Whether the member was dead already when it was removed or not; its address is free again."""
    table = make_table(alive(2), Claim(node_id(3), 30, 0, DEAD))
    row = table.add(Claim(node_id(4), 20, 0, DEAD if before else ALIVE), 0.0)
    table.set_removed(row, True)
    table.change(row, Claim(node_id(4), 20, 0, DEAD), 1.0)
    assert table.make_room(alive(5))
    assert [node_id(1), node_id(2), node_id(3)] == sorted(table.rows)
    assert {} == table.removed


def test_removed_rows_that_are_alive_make_no_room() -> None:
    """A removal of somebody who may come back at any moment is not lost."""
    table = make_table(alive(2))
    table.set_removed(table.rows[node_id(2)], True)
    assert not table.make_room(alive(5))


def test_who_came_back_makes_no_room() -> None:
    """A row that was dead once, and is alive, is not taken for gone."""
    table = make_table(Claim(node_id(4), 20, 0, DEAD))
    table.change(table.rows[node_id(4)], Claim(node_id(4), 21, 0, ALIVE), 1.0)
    assert not table.make_room(alive(5))


def test_suspects_hash_as_alive() -> None:
    """Suspicion is a passing view and no difference between tables."""
    suspect = Claim(node_id(2), 2, 0, SUSPECT, node_id(3))
    assert make_table(alive(2)).fingerprint.total == make_table(suspect).fingerprint.total


@pytest.mark.parametrize(
    "claim",
    [
        Claim(node_id(2), 3, 0, ALIVE),
        Claim(node_id(2), 2, 1, ALIVE),
        Claim(node_id(2), 2, 0, DEAD),
        Claim(node_id(2), 2, 0, LEFT),
    ],
)
def test_everything_else_changes_the_hash(claim: Claim) -> None:
    """Generation, incarnation and the verdicts are differences between tables."""
    assert make_table(alive(2)).fingerprint.total != make_table(claim).fingerprint.total


def test_removed_rows_stay_in_the_hash() -> None:
    """Removing is local, so that it is no difference between tables."""
    table = make_table(alive(2))
    before = table.fingerprint.total
    table.set_removed(table.rows[node_id(2)], True)
    assert before == table.fingerprint.total


@given(st.lists(CLAIMS, min_size=1, max_size=8))
def test_the_hash_follows_from_the_rows(claims: list[Claim]) -> None:
    """Whatever a row went through, the hash is that of its last state."""
    table = make_table(claims[0])
    for claim in claims:
        table.change(table.rows[claim.id], claim, 1.0)
    assert make_table(claims[-1]).fingerprint.total == table.fingerprint.total


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(2, 4), st.integers(0, 3))))
def test_the_counts_follow_from_the_rows(steps: list[tuple[int, int, int]]) -> None:
    """So that neither a scrape nor an answer has to walk them."""
    table = make_table()
    for generation, (step, number, state) in enumerate(steps):
        claim = Claim(node_id(number), 1 + generation, 0, state)
        row = table.rows.get(claim.id)
        if step == 0:
            table.make_room(alive(9))
        elif step == 1:
            table.become(Claim(node_id(number), 1 + generation, 0, ALIVE), 0.0)
        elif row is None:
            table.add(claim, 0.0)
        elif row is not table.own and step == 2:
            table.set_removed(row, not row.removed)
        else:
            table.change(row, claim, 0.0)
    kinds = ("removed" if row.removed else STATES[row.state] for row in table.rows.values())
    assert Counter(table.counts) == Counter(kinds)
