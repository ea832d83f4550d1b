"""What heirs took over counts once, whatever else is heard meanwhile."""

from __future__ import annotations

from itertools import permutations

import pytest

from gossipd.protocol.counters.ledger import Ledger
from gossipd.protocol.counters.owner_log import group_of
from gossipd.protocol.counters.upkeep import void
from gossipd.protocol.wire import Entry, Group, Said
from tests.protocol.counters.lines import (
    FIRST,
    NEW,
    OLD,
    OTHER,
    SECOND,
    THIRD,
    folded,
    line,
    log,
    values,
)


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


def test_a_counter_that_goes_with_a_closed_log_is_listed_no_more() -> None:
    """Of a name that the heir never had nothing is left, until somebody counts it again."""
    ledger = line(OLD, NEW)
    bundle = folded(ledger, SECOND)
    late = Group(FIRST, 0, 9, [Entry(9, "late", 0, 7)])
    other = line(OLD, NEW, late)
    other.apply(bundle)
    assert "late" not in [*other.names.page("", "")]
    other.apply(Group(OTHER, 8, 9, [Entry(9, "late", 0, 3)]))
    listed = [*other.names.page("", "")]
    assert (3, 1) == (other.value("late"), listed.count("late"))
    assert len(listed) - 1 == len(other.names)


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
    assert void(ledger, "b", ledger.names.sources["b"]) == []
    assert not line(*first.all_groups(), deleted).knows("b")
