"""Rows of tables and writes that are not in them yet are what a ledger makes of both."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gossipd.daemon.storage.merging import with_writes
from gossipd.protocol import DEFAULT, Entry, Group, Ledger, Said

A, B = b"a" * 16, b"b" * 16


def written(rng: Random, owner: bytes, version: int) -> Group:
    """Returns one write of an owner: a sum, what is said of a client, or a floor."""
    row: Entry | Said = Entry(version, rng.choice("xyz"), 0, version)
    match rng.randrange(4):
        case 0:
            row = Said(version, "s", rng.choice((b"sone", b"stwo")), version, version)
        case 1:
            row = Entry(version, DEFAULT, rng.choice((0, version)), version)
        case 2:
            row = Entry(version, DEFAULT, version, 0)
    said = [row] if isinstance(row, Said) else []
    return Group(owner, version - 1, version, [] if said else [row], said)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_rows_and_writes_are_what_a_ledger_has(seed: int) -> None:
    """Also where the tables have some of the writes by now, or an owner is only in one of both."""
    rng = Random(seed)
    groups = {owner: [written(rng, owner, version) for version in range(1, 9)] for owner in (A, B)}
    tables, whole = Ledger(b""), Ledger(b"")
    writes: list[Group] = []
    for some in groups.values():
        upto, since = rng.randint(0, 8), rng.randint(0, 8)
        for group in some[:upto]:
            tables.apply(group)
        writes += some[min(since, upto) :]
    for group in (*tables.all_groups(), *writes):
        whole.apply(group)
    expected = sorted(whole.all_groups(), key=lambda group: group.owner)
    assert expected == with_writes(tables.all_groups(), writes)
