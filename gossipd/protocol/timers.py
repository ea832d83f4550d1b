"""Deadlines by key: one queue for each node holds every timer of the protocol.

Timers with the same deadline fire in the order in which they were set, so that a run replays
exactly.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable

Action = Callable[[], None]


class TimerQueue:
    """Holds deadlines with an action each, by key. Times are seconds of the node's clock."""

    __slots__ = ("_entries", "_heap", "_inserted", "_offset")

    def __init__(self) -> None:
        # Heap entries are (deadline, insertion, key). An entry whose insertion is not the present
        # one of its key is stale: it was cancelled or replaced. It is dropped when it comes to the
        # top, since to find it within the heap would cost more. Deadlines are stored less the
        # offset, so that `extend` is one addition.
        self._heap: list[tuple[float, int, Hashable]] = []
        self._entries: dict[Hashable, tuple[int, Action]] = {}
        self._inserted = 0
        self._offset = 0.0

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def set(self, key: Hashable, deadline: float, action: Action) -> None:
        """Sets the timer `key`, in place of an earlier one: `action` is due from `deadline` on."""
        self._inserted += 1
        self._entries[key] = (self._inserted, action)
        heapq.heappush(self._heap, (deadline - self._offset, self._inserted, key))

    def cancel(self, key: Hashable) -> None:
        """Cancels the timer `key`, if it is set."""
        self._entries.pop(key, None)

    def extend(self, seconds: float) -> None:
        """Makes every deadline that is set now later by `seconds`."""
        self._offset += seconds

    def next_deadline(self) -> float | None:
        """Returns the earliest deadline, or None if no timer is set."""
        heap, entries = self._heap, self._entries
        while heap:
            deadline, inserted, key = heap[0]
            entry = entries.get(key)
            if entry is not None and entry[0] == inserted:
                return deadline + self._offset
            heapq.heappop(heap)
        return None

    def pop_due(self, now: float) -> Action | None:
        """Removes the earliest timer if it is due, and returns its action; None if none is due."""
        deadline = self.next_deadline()
        if deadline is None or deadline > now:
            return None
        _, _, key = heapq.heappop(self._heap)
        return self._entries.pop(key)[1]
