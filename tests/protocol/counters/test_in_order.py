"""Changed slots are handed to a store in the order in which it has them."""

from __future__ import annotations

from random import Random

import pytest

from gossipd.protocol.counters.in_order import InOrder
from gossipd.protocol.counters.named import Names
from gossipd.protocol.counters.sums import Sums
from gossipd.protocol.wire import Slot

NAMES = [f"{number:05}" for number in range(9_000)]


def taken(changed: list[Slot], most: int) -> list[list[Slot]]:
    """Returns the pieces in which changed slots are handed over, where there are NAMES."""
    names = Names(lambda: 0, Sums())
    for name in NAMES:
        names.inherit(name, 1)
    order, slots, found = InOrder(names), dict.fromkeys(changed), []
    while slots:
        found.append(list(order.take(slots, most)))
    return found


@pytest.mark.parametrize("number", [300, 8_000])
def test_a_piece_has_names_that_are_beside_each_other(number: int) -> None:
    """In whichever order they changed, a tenth of them spans a tenth of all names."""
    changed: list[Slot] = list(Random(number).sample(NAMES, number))
    pieces = taken(changed, number // 10)
    assert sorted(map(str, changed)) == sorted(str(slot) for piece in pieces for slot in piece)
    for piece in pieces:
        places = [NAMES.index(str(slot)) for slot in piece]
        assert max(places) - min(places) < len(NAMES) / 5


@pytest.mark.parametrize("number", [5, 3_000])
def test_slots_that_are_no_present_name_come_as_well(number: int) -> None:
    """Those of floors, of clients and of counters that expired are in no list of names."""
    changed: list[Slot] = [-1, *((NAMES[at], b"s") for at in range(number)), "expired", NAMES[7]]
    pieces = taken(changed, 500)
    assert set(changed) == {slot for piece in pieces for slot in piece}
    assert all(0 < len(piece) <= 500 for piece in pieces)
