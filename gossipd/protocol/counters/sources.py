"""What is known of all sources of one counter, and the counter's value at a time.

A counter that was reset or deleted, that expires, or whose clients state totals, needs more than a
sum. The value is then the sum of what is left of each source in the present *life*: sources whose
intervals of time overlap, directly or through others, share a life. The time of a counter is the
node's clock, or the latest start that the node sees, if that is later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..wire import Row
from .seen import ENDLESS, Seen, seen_in

OWNER, TOTAL, KEY = b"o", b"s", b"k"
"""What is before an owner's id, the name of a client that states totals, and a request's key."""

Source = bytes
"""One of these letters, and what it says."""


class Sources:
    """The sources of one counter.

    Attributes:
        writers: for each source the owners of other logs with a row about it.
    """

    __slots__ = ("_seen", "_wakes", "writers")

    def __init__(self) -> None:
        self._seen: dict[Source, Seen] = {}
        self._wakes = 0
        self.writers: dict[Source, list[bytes]] = {}

    def __len__(self) -> int:
        """Returns how many sources there are."""
        return len(self._seen)

    def __iter__(self) -> Iterator[Source]:
        return iter(self._seen)

    def copy(self) -> Sources:
        """Returns sources of their own that say the same."""
        copied = Sources()
        copied._seen.update(self._seen)
        return copied

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
        return list(self._seen.items())

    def seen(self, source: Source) -> Seen | None:
        """Returns what is known of a source."""
        return self._seen.get(source)

    def put(self, source: Source, seen: Seen) -> None:
        """Replaces what is known of a source."""
        self._seen[source] = seen

    def take(self, owner: bytes, row: Row) -> Source:
        """Merges what a row in the log of `owner` says, and returns the source that it is about."""
        source = about(owner, row)
        if source[1:] != owner:
            writers = self.writers.setdefault(source, [])
            if owner not in writers:
                writers.append(owner)
        said, known = seen_in(row), self._seen.get(source)
        self._seen[source] = said if known is None else known.merged(said)
        return source

    def drop(self, source: Source) -> None:
        """Forgets a source, all of whose rows are dropped."""
        self._seen.pop(source, None)
        self.writers.pop(source, None)

    def time(self, clock: int) -> int:
        """Returns the counter's time at a node whose clock shows `clock`, in milliseconds."""
        return max([clock, *[seen.start for seen in self._seen.values()]])

    def life(self, clock: int) -> tuple[int, int] | None:
        """Returns the interval of the present life, None if the counter is absent."""
        now = self.time(clock)
        spans = [(each.start, each.end) for each in self._seen.values() if not each.void]
        return next((each for each in _lives(spans) if each[0] <= now < each[1]), None)

    def value(self, clock: int) -> int | None:
        """Returns the value, None if the counter is absent."""
        life = self.life(clock)
        return None if life is None else sum(each.contribution for _, each in self.living(life))

    def living(self, life: tuple[int, int]) -> list[tuple[Source, Seen]]:
        """Returns the sources of a life."""
        start, end = life
        return [
            (source, seen)
            for source, seen in self._seen.items()
            if not seen.void and start <= seen.start < end
        ]

    def end(self, seen: Seen) -> int:
        """Returns when the life ends that a source like this is in, beside those that are here."""
        spans = [(each.start, each.end) for each in self._seen.values() if not each.void]
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
        now, life, known = self.time(clock), self.life(clock), self._seen.get(source)
        ends = [now + ttl] if ttl else []
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
        return life == (0, ENDLESS) or not self._seen

    def next_change(self, clock: int, grace: int) -> int | None:
        """Returns when the value changes by itself, or a source is over, next; None: never."""
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
