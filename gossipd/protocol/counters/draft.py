"""One counter with sources as it will be, while the changes of a write are put to it."""

from __future__ import annotations

from collections.abc import Callable

from ..wire import Row
from .commands import Asked, Bounded, Change, Reset, Stated
from .floors import OWN_RANGE, TOTAL_LIMIT, VALUE_LIMIT, KeyReused, LimitExceeded
from .seen import ENDLESS, Seen, seen_in
from .sources import KEY, OWNER, TOTAL, Source, Sources, owner_of


class Draft:
    """A counter, with the rows that a write is to have for it.

    Attributes:
        sources: what will be known of the counter.
        rows: the row to be written about each source.
    """

    def __init__(
        self, name: str, sources: Sources, owner: bytes, clock: int, number: Callable[[], int]
    ) -> None:
        """Begins without a row.

        Args:
            name: of the counter.
            sources: its sources, which are changed.
            owner: who writes.
            clock: milliseconds since 1970.
            number: returns the version of the next row.
        """
        self.sources = sources
        self.rows: dict[Source, Row] = {}
        self._name = name
        self._own = OWNER + owner
        self._clock = clock
        self._number = number

    def change(self, asked: Asked, dropped: int) -> int:
        """Puts one change to the counter. Returns by how much the counter changes.

        Raises LimitExceeded if the value would leave ±(2**53 - 1), as `check_own` says, and
        ValueError for a key that was used for another amount.

        Args:
            dropped: the version up to which rows of the owner may have been dropped; 0: none.
        """
        if isinstance(asked, Reset):
            return self._cut(delete=asked.delete)
        if isinstance(asked, Stated):
            return self._state(asked)
        return self._add(Bounded(*asked) if isinstance(asked, Change) else asked, dropped)

    def write(self, source: Source, seen: Seen, *, counted: bool = False) -> None:
        """Writes a row that says this of a source, which has come further if it `counted`."""
        version = self._number()
        if counted:
            seen = seen._replace(rank=version)
        self.sources.put(source, seen)
        own = source == self._own
        self.rows[source] = seen.row(version, self._name, b"" if own else source)

    def restate(self, source: Source, row: Row) -> None:
        """Writes the row about a source anew, if more is known of it by now.

        An owner takes over what others took away of it, and the end of a life that goes on. Who
        leads with the total of a client takes over what others took away of that.
        """
        known, said = self.sources.seen(source), seen_in(row)
        leads = source == self._own or owner_of(source) is None
        if known is None or known.rank > said.rank or not leads:
            return
        after = said.merged(known)
        life = self.sources.life(self._clock)
        goes_on = life and not after.void and life[0] <= after.start < life[1]
        if life and goes_on and after.end < life[1] and after.end <= self._clock:
            after = after._replace(until=0 if life[1] == ENDLESS else life[1])
        if after != said:
            self.write(source, after)

    def _add(self, asked: Bounded, dropped: int) -> int:
        amount, value = asked.amount, self.sources.value(self._clock) or 0
        key = KEY + asked.key.encode()
        if asked.key:
            known = self.sources.seen(key)
            if known is not None:
                if known.total != amount and asked.limit is None:
                    raise KeyReused(f"the key was used for an amount of {known.total}")
                return 0
        if asked.limit is not None and amount > 0:
            amount = max(0, min(amount, asked.limit - value))
            if not amount:
                return 0
        self._check(value, amount)
        own = self.sources.seen(self._own)
        check_total(amount + (0 if own is None else own.total))
        ttl = asked.ttl
        if asked.key:
            seen = self.sources.counted(key, 0, ttl, self._clock)
            self.write(key, seen._replace(rank=1, total=amount))
        else:
            seen = self.sources.counted(self._own, dropped, ttl, self._clock)
            self.write(self._own, seen._replace(total=seen.total + amount), counted=True)
        return amount

    def _state(self, asked: Stated) -> int:
        source, value = TOTAL + asked.source.encode(), self.sources.value(self._clock) or 0
        known = self.sources.seen(source)
        if known is not None and asked.total <= max(known.rank, known.base_rank):
            return 0
        if known is None and not asked.total:
            return 0
        seen = self.sources.counted(source, 0, None, self._clock)
        seen = seen._replace(rank=asked.total, total=asked.total)
        life = self.sources.life(self._clock)
        before = Seen() if life is None else dict(self.sources.living(life)).get(source, Seen())
        more = seen.contribution - before.contribution
        self._check(value, more)
        self.write(source, seen)
        return more

    def _check(self, value: int, more: int) -> None:
        if not is_within(value, value + more):
            written = {*self.rows, *self.sources.written_by(self._own[1:])}
            check_own(more + self.sources.sum_of(written, self._clock))

    def _cut(self, *, delete: bool) -> int:
        """Takes away what is seen of every source, up to the rank that is seen."""
        life = self.sources.life(self._clock)
        if life is None:
            return 0
        removed = 0
        for source, seen in self.sources.living(life):
            after = seen._replace(gone=True) if delete else seen
            if seen.rank > seen.base_rank:
                removed += self.sources.left(source, seen)
                after = after._replace(base_rank=seen.rank, base=seen.total, gone=delete)
            if after.cut > seen.cut:
                self.write(source, after)
        return removed


def check_total(total: int) -> None:
    """Raises LimitExceeded for a sum of all that an owner counted that is too large to be sent."""
    if abs(total) > TOTAL_LIMIT:
        raise LimitExceeded("this node has counted too much up and down; others can go on")


def is_within(before: int, value: int) -> bool:
    """Returns whether a change leaves a value within ±(2**53 - 1), or brings it back towards it."""
    return abs(value) <= max(VALUE_LIMIT, abs(before))


def check_own(own: int) -> None:
    """Raises LimitExceeded for a change that takes a value beyond its limit, unless others do.

    Whoever writes may count up to `OWN_RANGE` in any case. So nobody who brings a counter to its
    limit keeps the others from counting; only what is shown goes no further.

    Args:
        own: what the value would be if only the rows of the owner who writes were there.
    """
    if abs(own) > OWN_RANGE:
        raise LimitExceeded(f"the counter cannot pass {VALUE_LIMIT if own > 0 else -VALUE_LIMIT}")
