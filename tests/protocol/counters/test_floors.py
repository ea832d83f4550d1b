"""The counter's value and merge, held against the formula written out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.counters import floors as module
from gossipd.protocol.counters.floors import Counter, Slot

OWNERS = st.sampled_from([bytes([number]) * 16 for number in range(4)])
SLOTS = st.lists(st.tuples(OWNERS, st.integers(0, 30), st.integers(0, 20)), max_size=14)


def formula(slots: list[Slot]) -> int:
    """Returns the value by its definition: floors ascending, each a maximum and a sum."""
    newest: dict[tuple[bytes, int], int] = {}
    for owner, floor, count in slots:
        newest[owner, floor] = max(newest.get((owner, floor), 0), count)
    value = 0
    for floor in sorted({0, *(floor for _, floor in newest)}):
        counts = [count for (_, under), count in newest.items() if under == floor]
        value = max(value, floor) + sum(counts)
    return value


def counter_of(slots: list[Slot]) -> Counter:
    """Returns a counter into which these slots were merged in their order."""
    counter = Counter()
    for slot in slots:
        counter.merge(*slot)
    return counter


@given(SLOTS)
def test_value_is_the_formula(slots: list[Slot]) -> None:
    """The value that is updated with each change is that of the formula."""
    assert formula(slots) == counter_of(slots).value


@given(SLOTS, st.randoms(use_true_random=False), st.integers(0, 3))
def test_merge_has_no_order(slots: list[Slot], random: object, again: int) -> None:
    """Slots merged in any order, some of them again, give the same value."""
    shuffled = slots + slots[:again]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert counter_of(slots).value == counter_of(shuffled).value


@given(SLOTS, SLOTS)
def test_value_with_is_a_look_ahead(slots: list[Slot], more: list[Slot]) -> None:
    """`value_with` tells what a merge would give, if each slot comes once."""
    more = list({slot[:2]: slot for slot in more}.values())
    assert formula(slots + more) == counter_of(slots).value_with(more)


@given(SLOTS, SLOTS)
def test_value_with_changes_nothing(slots: list[Slot], more: list[Slot]) -> None:
    """A look ahead leaves the value as it is."""
    counter = counter_of(slots)
    counter.value_with(more)
    assert formula(slots) == counter.value


@given(SLOTS)
def test_merging_again_is_no_news(slots: list[Slot]) -> None:
    """No slot is news a second time."""
    counter = counter_of(slots)
    assert [] == [slot for slot in slots if counter.merge(*slot)]


@given(SLOTS)
def test_slots_keep_their_largest_count(slots: list[Slot]) -> None:
    """A slot is the largest count that was merged for it."""
    counter = counter_of(slots)
    largest: dict[tuple[bytes, int], int] = {}
    for owner, floor, count in slots:
        largest[owner, floor] = max(count, largest.get((owner, floor), 0))
    assert largest == {key: counter.slot(*key) for key in largest}


@given(SLOTS)
def test_only_floors_with_slots_are_kept(slots: list[Slot]) -> None:
    """A floor without a count costs nothing."""
    assert len({floor for _, floor, count in slots if count}) == counter_of(slots).floors


def test_a_counter_that_nobody_touched_is_zero() -> None:
    """No slots and no floors are the value 0."""
    assert 0 == Counter().value


@pytest.mark.parametrize("step", [1, 7, -1])
def test_rising_floors_stay_cheap(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The 20,000th raise with an increment makes a path of few nodes, in any order of floors."""
    counter = Counter()
    floors = range(0, 20_000 * step, step) if step > 0 else range(20_000, 0, -1)
    for floor in floors:
        counter.merge(b"a" * 16, floor, 1)
    made = []
    make = module._make
    monkeypatch.setattr(module, "_make", lambda *node: made.append(node) or make(*node))
    for floor in list(floors)[::1000]:
        counter.merge(b"b" * 16, floor, 1)
    assert 20 * 60 > len(made)


@given(st.lists(st.integers(0, 2**63 - 1), max_size=40, unique=True))
def test_shape_follows_from_the_floors(floors: list[int]) -> None:
    """Two counters with the same floors have the same tree, whatever came first."""
    forward = counter_of([(b"a" * 16, floor, 1) for floor in floors])
    backward = counter_of([(b"a" * 16, floor, 1) for floor in reversed(floors)])
    assert forward._root == backward._root


def test_the_largest_integers_of_the_wire_merge() -> None:
    """Values are exact beyond what one integer of the wire can hold."""
    top = 2**63 - 1
    counter = counter_of([(b"a" * 16, top, top), (b"b" * 16, top, top)])
    assert 3 * top == counter.value
