"""Which rows of the member table changed since a store was last handed them.

A store is written once a second. What that costs must follow what changed and not the size of the
table, so each change is noted where it is made.
"""

from __future__ import annotations

from collections.abc import Iterable


class Unkept:
    """The ids of the members whose rows a store lacks.

    Nothing is noted before `clear`, `fill` or `take` is first called, because a node may run
    without a store.
    """

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: dict[str, None] | None = None

    def __len__(self) -> int:
        return 0 if self._keys is None else len(self._keys)

    def note(self, key: str) -> None:
        """Notes that the row of `key` changed."""
        if self._keys is not None:
            self._keys[key] = None

    def clear(self) -> None:
        """Takes note that the store has everything."""
        self._keys = {}

    def fill(self, keys: Iterable[str]) -> None:
        """Takes note that the store lacks the rows of these keys, which are all there are."""
        self._keys = dict.fromkeys(keys)

    def take(self, most: int, keys: Iterable[str]) -> list[str]:
        """Returns and forgets up to `most` keys. The first call takes from all `keys`."""
        if self._keys is None:
            self.fill(keys)
        noted = self._keys
        assert noted is not None, "filled above"
        # The last ones, since a dict looks for its first one through all that were deleted.
        return [noted.popitem()[0] for _ in range(min(most, len(noted)))]
