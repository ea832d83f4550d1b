"""Which rows of a table changed since a store was last handed them.

A store is written once a second. What that costs must follow what changed and not the size of the
table, so each change is noted where it is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Note = TypeVar("Note")


class Unkept(Generic[Key, Note]):
    """The keys of the rows that a store lacks, each with a note on what of the row it lacks.

    Nothing is noted before `clear`, `fill` or `take` is first called, because a node may run
    without a store.
    """

    __slots__ = ("_notes",)

    def __init__(self) -> None:
        self._notes: dict[Key, Note | None] | None = None

    def __len__(self) -> int:
        return 0 if self._notes is None else len(self._notes)

    def noted(self, key: Key) -> Note | None:
        """Returns what is noted of a row; None if nothing is, or if the whole row is lacking."""
        return None if self._notes is None else self._notes.get(key)

    def note(self, key: Key, note: Note) -> Note | None:
        """Notes that the row of `key` changed, and returns what is noted of it.

        That is `note` for a key without one; it is None if the whole row is lacking, or if nothing
        is noted yet.
        """
        return None if self._notes is None else self._notes.setdefault(key, note)

    def clear(self) -> None:
        """Takes note that the store has everything."""
        self._notes = {}

    def fill(self, keys: Iterable[Key]) -> None:
        """Takes note that the store lacks the whole rows of these keys, which are all there are."""
        self._notes = dict.fromkeys(keys)

    def take(self, most: int, keys: Iterable[Key]) -> list[tuple[Key, Note | None]]:
        """Returns and forgets up to `most` keys with their notes; None stands for the whole row.

        The first call takes from `keys`, which are all there are.
        """
        if self._notes is None:
            self.fill(keys)
        notes = self._notes
        assert notes is not None, "filled above"
        if len(notes) <= most:
            taken = list(notes.items())
            notes.clear()
            return taken
        # The last ones, since a dict looks for its first one through all that were deleted.
        return [notes.popitem() for _ in range(most)]
