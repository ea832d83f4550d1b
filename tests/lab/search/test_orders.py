"""Which values sequential orders explain, and what entries say of an operation."""

from __future__ import annotations

from gossipd.protocol import Entry, Group, Said
from lab.search.orders import Operation, entries_of, has_effect_of, holds, inherited_by, outcomes

A, B = b"a" * 16, b"b" * 16


def test_relaying_a_sync_to_a_node_that_lags_is_explained_once() -> None:
    """Ten counted here and a sync to ten there make ten, or twenty if the sync came first."""
    entry = Entry(1, "default", 0, 10)
    counted = Operation(0, None, 10, True, b"a" * 16, entry)
    synced = Operation(1, 10, 0, True, b"b" * 16, entry)
    assert {10, 20} == outcomes([counted, synced])


def test_what_was_seen_comes_first() -> None:
    """A sync that had seen the ten leaves ten as the only outcome."""
    entry = Entry(1, "default", 0, 10)
    counted = Operation(0, None, 10, True, b"a" * 16, entry)
    synced = Operation(1, 10, 0, True, b"b" * 16, entry, frozenset({0}))
    assert {10} == outcomes([counted, synced])


def test_an_unanswered_operation_may_be_missing() -> None:
    """An increment that was cut short by a crash counts, or does not."""
    entry = Entry(1, "default", 0, 1)
    unsure = Operation(0, None, 1, False, b"a" * 16, entry)
    assert {0, 1} == outcomes([unsure])


def test_what_is_lost_was_there_once() -> None:
    """Who had seen it need not be lost with it, but comes after it where it is not."""
    entry = Entry(1, "default", 0, 1)
    lost = Operation(0, None, 1, False, A, entry)
    kept = Operation(1, None, 2, True, B, entry, frozenset({0}))
    assert {2, 3} == outcomes([lost, kept])
    synced = Operation(1, 5, 0, True, B, entry, frozenset({0}))
    assert {5} == outcomes([lost, synced])


def test_what_vouches_has_the_effect_and_may_not_hold_it() -> None:
    """A version says that everything before it is there or was replaced; a slot shows it."""
    counted = Operation(0, None, 2, True, A, Entry(3, "default", 5, 7))
    slot = entries_of([Group(A, 0, 0, [Entry(4, "default", 5, 8)])])
    vouched = entries_of([Group(A, 0, 3, [])])
    lower = entries_of([Group(A, 0, 2, [Entry(2, "default", 5, 6)])])
    other_floor = entries_of([Group(A, 0, 2, [Entry(2, "default", 0, 9)])])
    assert (True, True) == (has_effect_of(counted, slot), holds(counted, slot))
    assert (True, False) == (has_effect_of(counted, vouched), holds(counted, vouched))
    for entries in (lower, other_floor, {}):
        assert not has_effect_of(counted, entries)


def test_a_floor_is_one_whoever_raised_it() -> None:
    """A sync to 5 is in effect wherever 5 is a floor."""
    synced = Operation(0, 5, 0, True, A, Entry(1, "default", 5, 0))
    assert holds(synced, entries_of([Group(B, 0, 1, [Entry(1, "default", 5, 2)])]))
    assert not holds(synced, entries_of([Group(B, 0, 1, [Entry(1, "default", 6, 0)])]))


def test_a_sync_without_an_entry_is_nowhere() -> None:
    """It changed nothing."""
    assert not has_effect_of(Operation(0, 5, 0, True, b"", None), entries_of([Group(A, 0, 9, [])]))


def test_what_an_heir_took_over_is_held_as_the_owner_had_it() -> None:
    """Once its log is here up to the end; until then nothing is taken over."""
    said = [Said(1, "default", b"i5", 1, 9), Said(2, "default", b"c" + A, 1, 0)]
    end = Said(3, "default", b"e", 1, 0)
    known = {A: [Entry(4, "default", 5, 8)]}
    counted = Operation(0, None, 1, True, A, Entry(3, "default", 5, 8))
    more = Operation(0, None, 1, True, A, Entry(5, "default", 5, 9))
    whole = entries_of([Group(B, 0, 3, [], [*said, end])], known)
    assert holds(counted, whole)
    assert not holds(more, whole)
    assert holds(Operation(0, 5, 5, True, A, Entry(1, "default", 5, 0)), whole)
    for group in (Group(B, 0, 2, [], [*said, end]), Group(B, 0, 2, [], said)):
        assert inherited_by(group) == []
        assert not holds(counted, entries_of([group], known))


def test_what_an_heir_took_over_is_not_what_it_counted() -> None:
    """An increment of the heir that failed is not held because the heir took over more than it."""
    said = [Said(1, "default", b"i0", 1, 9), Said(2, "default", b"c" + A, 1, 0)]
    heir = Group(B, 0, 3, [], [*said, Said(3, "default", b"e", 1, 0)])
    failed = Operation(0, None, 1, False, B, Entry(4, "default", 0, 1))
    assert not has_effect_of(failed, entries_of([heir]))
