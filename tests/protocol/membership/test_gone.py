"""Which of the dead and left is tried next: the newest often, and each again and again."""

from __future__ import annotations

from collections import Counter
from random import Random

from gossipd.protocol.membership.gone import next_gone
from gossipd.protocol.membership.table import MemberTable
from gossipd.protocol.wire import ALIVE, DEAD, LEFT, Claim
from tests.protocol.conversation import node_id


def table_of(*claims: Claim) -> MemberTable:
    """A table of node 1 with these rows."""
    table = MemberTable(Claim(node_id(1), 1, 0, ALIVE), b"key", Random(1), 0.0)
    for claim in claims:
        table.add(claim, 0.0)
    return table


def tries(table: MemberTable, times: int) -> Counter[str]:
    """How often each member is tried, once a second."""
    rng, counts = Random(1), Counter[str]()
    for now in range(1, times + 1):
        row = next_gone(table, rng, float(now))
        assert row is not None
        row.try_again(float(now))
        counts[row.id] += 1
    return counts


def test_nobody_is_tried_if_nobody_is_gone() -> None:
    """Those who live need no try."""
    assert next_gone(table_of(Claim(node_id(2), 1, 0, ALIVE)), Random(1), 5.0) is None


def test_the_newest_are_tried_most_and_those_that_left_least() -> None:
    """None is left out."""
    table = table_of(
        Claim(node_id(2), 1, 0, DEAD),
        Claim(node_id(3), 1, 0, DEAD, "", 100_000),
        Claim(node_id(4), 1, 0, LEFT),
    )
    counts = tries(table, 400)
    assert counts[node_id(2)] > counts[node_id(4)] > counts[node_id(3)] > 0


def test_everybody_of_thousands_may_be_drawn() -> None:
    """Those beside the newest too, which are taken first for as long as they have waited more."""
    ids = [f"10.9.{number // 250}.{number % 250 + 1}:8088" for number in range(2000)]
    table = table_of(*(Claim(each, 1, 0, DEAD) for each in ids))
    counts = tries(table, 3000)
    assert len(counts) > 1000
    assert {*ids[-64:]} <= {*counts}
