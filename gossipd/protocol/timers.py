"""Deadlines by key: one queue per node holds every timer of the protocol.

Knows nothing of what its actions do. Ties fire in the order in which they were set, so that a run
replays exactly.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable

Action = Callable[[], None]


class TimerQueue:
    """Named deadlines; setting a key again replaces it."""

    __slots__ = ("_entries", "_heap", "_inserted", "_offset")

    def __init__(self) -> None:
        # Heap entries are (deadline, insertion, key); one whose insertion is not the key's present
        # one is stale. Deadlines are stored less the offset, which makes `extend` one addition.
        self._heap: list[tuple[float, int, Hashable]] = []
        self._entries: dict[Hashable, tuple[int, Action]] = {}
        self._inserted = 0
        self._offset = 0.0

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def set(self, key: Hashable, deadline: float, action: Action) -> None:
        """Calls `action` once `deadline` has come, unless `key` is set or cancelled before."""
        self._inserted += 1
        self._entries[key] = (self._inserted, action)
        heapq.heappush(self._heap, (deadline - self._offset, self._inserted, key))

    def cancel(self, key: Hashable) -> None:
        """Forgets `key`; an unknown one is ignored."""
        self._entries.pop(key, None)

    def extend(self, seconds: float) -> None:
        """Moves every deadline that is set by `seconds`."""
        self._offset += seconds

    def next_deadline(self) -> float | None:
        """The earliest deadline, or None if nothing is set."""
        heap, entries = self._heap, self._entries
        while heap:
            deadline, inserted, key = heap[0]
            entry = entries.get(key)
            if entry is not None and entry[0] == inserted:
                return deadline + self._offset
            heapq.heappop(heap)
        return None

    def pop_due(self, now: float) -> Action | None:
        """Removes the earliest timer and returns its action if it is due, else None."""
        deadline = self.next_deadline()
        if deadline is None or deadline > now:
            return None
        _, _, key = heapq.heappop(self._heap)
        return self._entries.pop(key)[1]
