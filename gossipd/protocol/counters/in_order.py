"""Which of an owner's changed slots a store is handed next."""

from __future__ import annotations

from itertools import islice

from ..wire import DEFAULT, Slot
from .named import Names

_FEW = 2_000
"""So many slots are sorted at one go."""

_LOOKED_AT = 20
"""Names that are looked at for each slot. Where fewer of them changed, no order helps."""


class InOrder:
    """Takes slots in the order of the counters' names, a few at a time.

    A store has its rows in that order, and some eighty of them on a page. Each transaction writes
    the pages that it touches. In the order of changes each of its rows lies on a page of its own.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        # The name to look at next.
        self._at = ""

    def take(self, slots: dict[Slot, None], most: int) -> dict[Slot, None]:
        """Takes out and returns up to `most` slots. What it costs follows from `most`."""
        few = len(slots) <= _FEW
        some = sorted(slots, key=_name_of)[:most] if few else self._next(slots, most)
        for slot in some:
            del slots[slot]
        while slots and len(some) < most:
            some.append(slots.popitem()[0])
        return dict.fromkeys(some)

    def _next(self, slots: dict[Slot, None], most: int) -> list[Slot]:
        """Returns those that come next in the order of names."""
        names = self._names.since(self._at)
        looked_at = islice(names, most * _LOOKED_AT)
        found: list[Slot] = list(islice(filter(slots.__contains__, looked_at), most))
        self._at = next(names, "")
        return found


def _name_of(slot: Slot) -> str:
    if isinstance(slot, int):
        return DEFAULT
    return slot if isinstance(slot, str) else slot[0]
