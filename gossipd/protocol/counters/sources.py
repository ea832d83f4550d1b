"""What is known of all sources of one counter, and the counter's value at a time.

A counter that was reset or deleted, that expires, or whose clients state totals, needs more than a
sum. The value is then the sum of what is left of each source in the present *life*: sources whose
intervals of time overlap, directly or through others, share a life. The time of a counter is the
node's clock, or the latest start that the node sees, if that is later.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..wire import LARGEST, Row
from .seen import ENDLESS, Seen, seen_in

OWNER, TOTAL, KEY, INHERITED = b"o", b"s", b"k", b"i"
"""What is before an owner's id, the name of a client that states totals, a request's key, and an
heir's id, of whom the source is what it inherited."""

Source = bytes
"""One of these letters, and what it says."""


_NONE: Mapping[bytes, Any] = {}


class Sources:
    """The sources of one counter.

    What an heir inherited counts in place of the owners that it closes. What was taken away of
    those is taken away of it, unless a reset took away all that it inherited.

    The sum is kept as sources change, so that a change costs as much with many of them, unless
    there are lives with an end, or heirs.

    Attributes:
        writers: for each source the owners of other logs with a row about it.
    """

    __slots__ = (
        "_closed",
        "_dated",
        "_lists",
        "_number",
        "_seen",
        "_sum",
        "_under",
        "_wakes",
        "writers",
    )

    def __init__(
        self,
        closed: Mapping[bytes, bytes] = _NONE,
        lists: Mapping[bytes, tuple[bytes, ...]] = _NONE,
        under: Sources | None = None,
    ) -> None:
        """Takes the heir of each closed owner, those of each heir, and what is copied."""
        self._closed = closed
        self._lists = lists
        self._seen: dict[Source, Seen] = {}
        # Of a copy, what it was made of; `_seen` has what was put since.
        self._under = under
        # How many sources there are, how many of them have a start or an end, and the sum of what
        # is left of all; None: not known.
        self._number = self._dated = 0
        self._sum: int | None = 0
        if under is not None:
            self._number, self._dated, self._sum = under._number, under._dated, under._sum
        self._wakes = 0
        self.writers: dict[Source, list[bytes]] = {}

    def __len__(self) -> int:
        """Returns how many sources there are."""
        return self._number

    def __iter__(self) -> Iterator[Source]:
        return iter(self._all())

    @property
    def expires(self) -> bool:
        """Whether any source has a life with a start or an end."""
        return self._dated > 0

    def deleted(self, owner: bytes) -> bool:
        """Returns whether a delete took away what an owner counted or inherited."""
        known = self.seen(OWNER + owner), self.seen(INHERITED + owner)
        return any(seen is not None and seen.gone for seen in known)

    def copy(self) -> Sources:
        """Returns sources of their own that say the same, for as long as these are not changed."""
        return Sources(self._closed, self._lists, self)

    def wake_at(self, when: int) -> bool:
        """Notes that the counter is looked after again at a time, unless it is earlier anyway."""
        if 0 < self._wakes <= when:
            return False
        self._wakes = when
        return True

    def woken(self) -> None:
        """Notes that the counter is looked after."""
        self._wakes = 0

    def items(self) -> list[tuple[Source, Seen]]:
        """Returns all sources, with what is known of each."""
        return list(self._all().items())

    def seen(self, source: Source) -> Seen | None:
        """Returns what is known of a source."""
        found = self._seen.get(source)
        return self._under.seen(source) if found is None and self._under is not None else found

    def put(self, source: Source, seen: Seen) -> None:
        """Replaces what is known of a source."""
        known = self.seen(source)
        self._seen[source] = seen
        self._number += known is None
        self._dated += seen.dated - (known is not None and known.dated)
        plain = source.startswith((TOTAL, KEY)) or (
            source.startswith(OWNER) and source[1:] not in self._closed
        )
        if not plain:
            self._sum = None
        elif self._sum is not None:
            self._sum += seen.contribution - (0 if known is None else known.contribution)

    def recount(self) -> None:
        """Takes note that what counts has changed because of heirs."""
        self._sum = None

    def take(self, owner: bytes, row: Row) -> Source:
        """Merges what a row in the log of `owner` says, and returns the source that it is about."""
        source = about(owner, row)
        if source[1:] != owner:
            writers = self.writers.setdefault(source, [])
            if owner not in writers:
                writers.append(owner)
        said, known = seen_in(row), self.seen(source)
        self.put(source, said if known is None else known.merged(said))
        return source

    def unwrite(self, source: Source, owner: bytes) -> None:
        """Takes note that the log of an owner has no row about a source any more."""
        writers = self.writers.get(source, [])
        if owner in writers:
            writers.remove(owner)
            if not writers:
                del self.writers[source]

    def drop(self, source: Source) -> None:
        """Forgets a source, all of whose rows are dropped."""
        known = self._seen.pop(source, None)
        self.writers.pop(source, None)
        if known is not None:
            self._number -= 1
            self._dated -= known.dated
            self._sum = None

    def time(self, clock: int) -> int:
        """Returns the counter's time at a node whose clock shows `clock`, in milliseconds."""
        if not self._dated:
            return clock
        return max([clock, *[seen.start for seen in self._all().values()]])

    def life(self, clock: int) -> tuple[int, int] | None:
        """Returns the interval of the present life, None if the counter is absent."""
        spans = []
        for source, each in self._all().items():
            if not each.void and self._counts(source, each):
                if not each.start and not each.until:
                    # It shares a life with all others.
                    return 0, ENDLESS
                spans.append((each.start, each.end))
        now = self.time(clock)
        return next((each for each in _lives(spans) if each[0] <= now < each[1]), None)

    def value(self, clock: int) -> int | None:
        """Returns the value, None if the counter is absent."""
        life = self.life(clock)
        if life is None:
            return None
        if self._dated or self._sum is None:
            found = sum(self.left(*each) for each in self.living(life))
            self._sum = None if self._dated else found
            return found
        return self._sum

    def written_by(self, owner: bytes) -> set[Source]:
        """Returns the sources about which there is a row in the log of an owner."""
        found = {source for source, writers in self.writers.items() if owner in writers}
        found |= {OWNER + owner, INHERITED + owner}
        return found if self._under is None else found | self._under.written_by(owner)

    def sum_of(self, some: Container[Source], clock: int) -> int:
        """Returns what some of the sources make of the value."""
        life = self.life(clock)
        living = [] if life is None else self.living(life)
        return sum(self.left(source, seen) for source, seen in living if source in some)

    def living(self, life: tuple[int, int]) -> list[tuple[Source, Seen]]:
        """Returns the sources of a life."""
        start, end = life
        return [
            (source, seen)
            for source, seen in self._all().items()
            if not seen.void and start <= seen.start < end and self._counts(source, seen)
        ]

    def left(self, source: Source, seen: Seen) -> int:
        """Returns what is left of a source that counts."""
        left = seen.contribution
        if source.startswith(INHERITED) and seen.rank > seen.base_rank:
            left -= sum(each.base for each in self._taken(source[1:]))
        return left

    def _taken(self, heir: bytes) -> Iterator[Seen]:
        """Yields what is known of the owners whose bases count against what an heir inherited."""
        for source in self.taken_of(self._lists.get(heir, ())):
            seen = self.seen(source)
            if seen is not None:
                yield seen

    def taken_of(self, ids: Sequence[bytes]) -> list[Source]:
        """Returns the sources whose bases count against what is inherited of closed ids.

        The newest come first, up to one that itself had inherited and of which that was taken away.
        """
        found: list[Source] = []
        for owner in reversed(ids):
            seen, inherited = self.seen(OWNER + owner), self.seen(INHERITED + owner)
            if seen is not None and seen.base_rank:
                found.append(OWNER + owner)
            if inherited is not None and inherited.base_rank:
                return [*found, INHERITED + owner]
        return found

    def _counts(self, source: Source, seen: Seen) -> bool:
        """Returns whether a source counts, rather than being part of what an heir inherited.

        What was inherited is not there any more where deletes took away all that it was made of.
        """
        if source.startswith(OWNER):
            return source[1:] not in self._closed
        if not source.startswith(INHERITED):
            return True
        if source[1:] not in self._lists:
            return False
        taken = list(self._taken(source[1:]))
        return not any(each.gone for each in taken) or self.left(source, seen) != 0

    def folded(self, source: Source) -> bool:
        """Returns whether what is known of a source still counts against an heir."""
        return source.startswith((OWNER, INHERITED)) and source[1:] in self._closed

    def end(self, seen: Seen) -> int:
        """Returns when the life ends that a source like this is in, beside those that are here."""
        spans = [(each.start, each.end) for each in self._all().values() if not each.void]
        lives = _lives([*spans, (seen.start, seen.end)])
        return next(end for start, end in lives if start <= seen.start < end or start == seen.start)

    def counted(self, source: Source, last: int, ttl: int | None, clock: int) -> Seen:
        """Returns a source as it is in the present life, or in a new one, before it counts more.

        A life that the source was not part of begins with nothing of what the source had counted.

        Args:
            last: the rank up to which rows of the source may have been dropped; 0 if none can be.
            ttl: the time to live, in milliseconds; None to live as long as the counter does.
            clock: what the node's clock shows, in milliseconds since 1970.
        """
        now, life, known = self.time(clock), self.life(clock), self.seen(source)
        ends = [min(now + ttl, LARGEST)] if ttl else []
        ends += [life[1]] if life else []
        end = max(ends, default=ENDLESS)
        if known is None:
            # Where nothing is known, nothing of an earlier life can be joined.
            start = 0 if end == ENDLESS and not last and self._joins_all(life) else now
            return Seen(last, 0, last, start=start, until=0 if end == ENDLESS else end)
        if life is not None and not known.void and life[0] <= known.start < life[1]:
            end = max(end, known.end)
            return known._replace(until=0 if end == ENDLESS else end)
        if known.rank > known.base_rank:
            known = known._replace(base_rank=known.rank, base=known.total, gone=False)
        start = 0 if end == ENDLESS and self._joins_all(life) else now
        return known._replace(start=start, until=0 if end == ENDLESS else end)

    def _joins_all(self, life: tuple[int, int] | None) -> bool:
        """Returns whether a source without a start is in this life, and in no earlier one."""
        return life == (0, ENDLESS) or not self._number

    def _all(self) -> dict[Source, Seen]:
        return self._seen if self._under is None else {**self._under._all(), **self._seen}

    def next_change(self, clock: int, grace: int) -> int | None:
        """Returns when the value changes by itself, or a source is over, next; None: never."""
        if not self._dated:
            return None
        spans = [(each.start, each.end) for each in self._seen.values() if not each.void]
        ends = [end for _, end in _lives(spans) if end != ENDLESS]
        # An owner prolongs its row when its own end has passed.
        ends += [each.until for each in self._seen.values() if each.until and not each.void]
        times = [time for end in ends for time in (end, end + grace + 1)]
        return min((time for time in times if time > clock), default=None)


def about(owner: bytes, row: Row) -> Source:
    """Returns the source that a row in the log of `owner` is about."""
    return getattr(row, "source", b"") or OWNER + owner


def owner_of(source: Source) -> bytes | None:
    """Returns the owner that a source is, None for one of another kind."""
    return source[1:] if source.startswith(OWNER) else None


def _lives(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yields the unions of the intervals that overlap."""
    found: tuple[int, int] | None = None
    for start, end in sorted(spans):
        if found is not None and start < found[1]:
            found = found[0], max(found[1], end)
        else:
            if found is not None:
                yield found
            found = start, end
    if found is not None:
        yield found
