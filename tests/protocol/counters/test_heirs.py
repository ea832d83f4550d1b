"""What heirs take over: it counts once, in the same way, and whatever else is heard meanwhile."""

from __future__ import annotations

from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.counters.heirs import claim_row, closed_ids, is_valid, listed
from gossipd.protocol.counters.inheritance import ancestors, bundle
from gossipd.protocol.counters.ledger import Ledger, group_of
from gossipd.protocol.counters.upkeep import void
from gossipd.protocol.wire import DEFAULT, Entry, Group, Row, Said

FIRST, SECOND, THIRD, OTHER = (bytes([number]) * 16 for number in range(1, 5))


def log(owner: bytes, *rows: Row) -> Group:
    """Returns a whole log."""
    return group_of(owner, 0, rows[-1].version, rows)


def folded(ledger: Ledger, heir: bytes) -> Group:
    """Lets an heir fold, and returns what it wrote."""
    version = ledger.have(heir)
    rows = bundle(ledger, heir, ancestors(ledger, heir), version)
    group = group_of(heir, version, rows[-1].version, rows)
    ledger.apply(group)
    return group


def line(*groups: Group) -> Ledger:
    """Returns what has these groups."""
    ledger = Ledger(b"key")
    for group in groups:
        ledger.apply(group)
    return ledger


OLD = log(FIRST, Entry(1, "a", 0, 5), Entry(2, "b", 0, -2), Entry(3, DEFAULT, 0, 7))
NEW = log(SECOND, claim_row(1, FIRST), Entry(2, "a", 0, 1))


def values(ledger: Ledger) -> tuple[int, ...]:
    """Returns the values of all counters here."""
    return ledger.value("a"), ledger.value("b"), ledger.value(DEFAULT)


def test_an_heir_counts_in_place_of_the_ids_before_it() -> None:
    """Values stay; the old log is dropped, and ignored as it comes again."""
    ledger = line(OLD, NEW)
    before = values(ledger)
    folded(ledger, SECOND)
    assert values(ledger) == before == (6, -2, 7)
    assert list(ledger.owners) == [SECOND]
    assert not ledger.apply(OLD)
    assert values(ledger) == before
    assert FIRST not in ledger.owners
    assert ledger.heirs.take_unkept() == (FIRST,)
    assert ledger.fingerprint.total == line(*ledger.all_groups()).fingerprint.total


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_arrival_does_not_matter(order: tuple[int, ...]) -> None:
    """Another node gets to the same, and never beyond it."""
    first = line(OLD, NEW)
    bundle = folded(first, SECOND)
    groups = [OLD, NEW, bundle]
    other = Ledger(b"key")
    for number in order:
        other.apply(groups[number])
        assert abs(other.value("a")) <= 6
    other.apply(line(*first.all_groups()).all_groups()[0])
    assert values(other) == values(first)
    assert list(other.owners) == [SECOND]


def test_a_bundle_with_a_gap_does_not_count() -> None:
    """What was inherited counts only once all of it is here."""
    first = line(OLD, NEW)
    bundle = folded(first, SECOND)
    other = line(OLD, NEW)
    for row in bundle.rows:
        if row.version == bundle.since + 1:
            continue
        other.apply(group_of(SECOND, row.version - 1, row.version, [row]))
    assert values(other) == (6, -2, 7)
    assert set(other.owners) == {FIRST, SECOND}
    other.apply(bundle)
    assert values(other) == (6, -2, 7)
    assert set(other.owners) == {SECOND}


def test_what_is_no_line_is_not_folded() -> None:
    """Nor what lies beyond a gap, is claimed twice, or says more than sums."""
    assert [each.owner for each in ancestors(line(OLD, NEW), SECOND)] == [FIRST]
    gap = group_of(FIRST, 4, 5, [Entry(5, "a", 0, 9)])
    assert ancestors(line(OLD, NEW, gap), SECOND) == []
    assert ancestors(line(OLD, NEW, log(THIRD, claim_row(1, FIRST))), SECOND) == []
    keyed = group_of(FIRST, 3, 4, [Said(4, "c", b"k1", 1, 1)])
    assert ancestors(line(OLD, keyed, NEW), SECOND) == []
    reset = log(OTHER, Said(1, "a", b"o" + FIRST, 1, 5, 1, 5))
    assert ancestors(line(OLD, NEW, reset), SECOND) == []
    assert ancestors(line(NEW), SECOND) == []


def test_generations_are_folded_into_each_other() -> None:
    """What an heir had inherited goes over once, and all ids before it stay closed."""
    ledger = line(OLD, NEW)
    folded(ledger, SECOND)
    ledger.apply(log(THIRD, claim_row(1, SECOND), Entry(2, DEFAULT, 0, 1)))
    bundle = folded(ledger, THIRD)
    assert values(ledger) == (6, -2, 8)
    assert list(ledger.owners) == [THIRD]
    assert listed(ledger.owners[THIRD]) == (FIRST, SECOND) == tuple(closed_ids(bundle))
    assert not ledger.apply(OLD)
    assert ledger.heirs.closed == {FIRST: THIRD, SECOND: THIRD}
    assert values(line(*ledger.all_groups())) == (6, -2, 8)


def test_a_process_folds_once() -> None:
    """A log that has its end takes nothing over any more."""
    ledger = line(OLD, NEW)
    folded(ledger, SECOND)
    assert ancestors(ledger, SECOND) == []


@given(st.integers(0, 2**32))
def test_floors_and_what_was_counted_under_them_stay(seed: int) -> None:
    """The default counter reads the same, and so it does after whatever comes later."""
    rng = Random(seed)

    def slots(owner: bytes, first: list[Row]) -> Group:
        rows = list(first)
        for floor in sorted(rng.sample(range(30), rng.randint(1, 4))):
            rows.append(Entry(len(rows) + 1, DEFAULT, floor, rng.randint(floor == 0, 5)))
        return log(owner, *rows)

    groups = [slots(FIRST, []), slots(SECOND, [claim_row(1, FIRST)]), slots(OTHER, [])]
    ledger, plain = line(*groups), line(*groups)
    folded(ledger, SECOND)
    assert ledger.default.value == plain.default.value
    later = Entry(9, DEFAULT, rng.randrange(30), 3)
    for each in (ledger, plain):
        each.apply(group_of(OTHER, 8, 9, [later]))
    assert ledger.default.value == plain.default.value
    ledger.apply(slots(THIRD, [claim_row(1, SECOND)]))
    before = ledger.default.value
    folded(ledger, THIRD)
    assert ledger.default.value == before == line(*ledger.all_groups()).default.value


def test_a_reset_by_a_node_that_had_not_heard_of_the_fold_means_the_same() -> None:
    """What it took away is taken away of what was inherited, in whichever order both are heard."""
    first = line(OLD, NEW)
    bundle = folded(first, SECOND)
    reset = log(OTHER, Said(1, "a", b"o" + FIRST, 1, 5, 1, 5))
    for groups in permutations([OLD, NEW, bundle, reset]):
        ledger = line(*groups)
        ledger.apply(first.all_groups()[0])
        assert ledger.value("a") == 1
    late = line(*first.all_groups(), reset)
    assert late.value("a") == 1


def test_a_reset_takes_away_what_was_inherited() -> None:
    """Once that is taken away, nothing is taken away of it for the ids before."""
    first = line(OLD, NEW)
    folded(first, SECOND)
    first.apply(log(OTHER, Said(1, "a", b"o" + FIRST, 1, 3, 1, 3)))
    assert first.value("a") == 3
    inherited = Said(2, "a", b"i" + SECOND, 1, 5, 1, 5)
    first.apply(group_of(OTHER, 1, 2, [inherited]))
    assert first.value("a") == 1
    first.apply(log(THIRD, Said(1, "a", b"o" + FIRST, 1, 5, 1, 5)))
    assert first.value("a") == 1


def test_what_was_deleted_stays_so_as_it_is_inherited() -> None:
    """A counter of which a delete took all does not come back by a fold that is heard later."""
    first = line(OLD, NEW)
    bundle = folded(first, SECOND)
    deleted = log(OTHER, Said(1, "b", b"o" + FIRST, 2, -2, 2, -2, gone=True))
    ledger = line(OLD, deleted, NEW, bundle)
    assert not ledger.knows("b")
    assert void(ledger, "b") == []
    assert not line(*first.all_groups(), deleted).knows("b")


def test_rows_of_no_line_are_refused() -> None:
    """What a peer sends is not believed to be well formed."""
    bad = [b"i", b"ix", b"i" + b"9" * 30, b"c" + b"1" * 17, b"p", b"ee", b"z", b""]
    rows = [Said(number, DEFAULT, source, 1, 1) for number, source in enumerate(bad, 1)]
    assert not any(is_valid(row) for row in rows)
    ledger = line(log(FIRST, *rows))
    assert ledger.owners[FIRST].entries == {}
