"""An executable model of how a named counter with a time to live expires.

The row of an owner has its total, a base, and an interval of time [start, until), by the clocks of
those who wrote. The rules:

- The time of a counter at a node is the node's clock, or the latest start that it sees, if that is
  later. So a count by a clock that is ahead is seen at once, and a life that has begun anywhere is
  not mixed with the one before by a clock that is behind.
- Rows whose intervals overlap, directly or through others, are one life. The value is the sum of
  the rows of the life that contains the time. Without such a life, the counter is absent.
- An owner that counts while it sees a life gives its row the largest of its own `until`, the end of
  that life, and its time plus the time to live. Where it sees none, or its own row belongs to an
  earlier life, its row starts now, with its total so far as the base.
- A running owner whose row has passed its own `until`, within a life that goes on, writes the row
  again with the end of that life. Otherwise the row would be dropped in the middle of the life.
- Any node drops a row once its clock is past `until` by GRACE, and ignores it if it arrives again.
  The `until` of a slot never falls, so older copies are dropped at least as early. An owner whose
  row was dropped begins with a base of 0 at the rank of its last row.
- A reset is a base for each owner that is seen, at the rank that was seen; it is kept as long as
  the owner's row that was seen, and the owner takes it over. The base of a new life is one too; of
  all bases of an owner that with the largest rank holds, so a late reset does not touch a new life.

What holds, where all clocks differ by at most D:

- No change counts twice, and what a node does itself, and time, never bring a change back.
- Once all have met: they show the same, while all clocks are on the same side of the life's end.
  Past it all read as absent, the last at most D after the first. What is counted then counts alone.
- A counter that is not prolonged lives, at another node, between ttl - D and ttl + D. With a time
  to live of no more than D, some nodes may never see it.
- A prolongation that was not heard of in time by an owner that counts: the owner begins a new life,
  which overlaps the prolonged one, and after they met both are one life. The changes that this
  owner itself had made in the life before are gone; those of all others count, if their rows
  are still there. A row is still there if its owner hears of a prolongation within GRACE. A reset
  of a counter that is prolonged must likewise reach the owners within GRACE, or it is undone.
- A limit, with amounts above 0: no owner adds more than the limit to a life, since its row there is
  one, and it sees that row. So k nodes together reach at most k times the limit, and do so where
  they do not see each other. While no life has ended for anybody, k nodes that all saw v reach at
  most v + k (limit - v). A prolongation that one of them did not hear of lifts this to k times the
  limit, as that node begins anew.

A limit a minute needs a name that has the minute in it, or a time to live that only the first count
gives: where every count prolongs, a counter under steady load never expires.
"""

from __future__ import annotations

from typing import NamedTuple

TTL = 2
GRACE = 3


class Row(NamedTuple):
    """What a log says about a source; a reset's row has a base only."""

    version: int
    rank: int = 0
    total: int = 0
    base_rank: int = 0
    base: int = 0
    start: int = 0
    until: int = 0


Slot = tuple[int, int]
Rows = dict[Slot, Row]
Life = tuple[int, int]


def lives(spans: list[Life]) -> list[Life]:
    """Returns the unions of the intervals that overlap."""
    found: list[Life] = []
    for start, until in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((start, until))
    return found


class Design:
    """The design of gossipd."""

    def own_rows(self, rows: Rows) -> dict[int, Row]:
        """Returns the rows of the owners, by owner."""
        return {log: row for (log, source), row in rows.items() if log == source}

    def time(self, rows: Rows, clock: int) -> int:
        """Returns the time of the counter at a node."""
        return max([clock, *(row.start for row in self.own_rows(rows).values())])

    def life(self, rows: Rows, clock: int) -> Life | None:
        """Returns the life that the counter is in."""
        now = self.time(rows, clock)
        spans = [(row.start, row.until) for row in self.own_rows(rows).values()]
        return next((each for each in lives(spans) if each[0] <= now < each[1]), None)

    def mine(self, rows: Rows, owner: int) -> Row | None:
        """Returns the row of an owner about itself, with the largest base that anybody has."""
        own = rows.get((owner, owner))
        bases = [(row.base_rank, row.base) for slot, row in rows.items() if slot[1] == owner]
        return own and own._replace(base_rank=max(bases)[0], base=max(bases)[1])

    def contribution(self, rows: Rows, owner: int) -> int:
        """Returns what is left of the total of an owner."""
        own = self.mine(rows, owner)
        return own.total - own.base if own and own.rank > own.base_rank else 0

    def value(self, rows: Rows, clock: int) -> int | None:
        """Returns the value, None if the counter is absent."""
        life = self.life(rows, clock)
        if life is None:
            return None
        return sum(
            self.contribution(rows, owner)
            for owner, row in self.own_rows(rows).items()
            if life[0] <= row.start < life[1]
        )

    def count(self, rows: Rows, owner: int, last: int, amount: int, clock: int) -> Rows:
        """Returns the rows after an owner counted, whose last row had the version `last`."""
        now, life = self.time(rows, clock), self.life(rows, clock)
        own = self.mine(rows, owner) or Row(last, base_rank=last, rank=last)
        until = max(own.until, life[1] if life else 0, now + TTL)
        if life is None or not own.until or not life[0] <= own.start < life[1]:
            own = own._replace(base_rank=own.rank, base=own.total, start=now)
        version = last + 1
        row = own._replace(version=version, rank=version, total=own.total + amount, until=until)
        return rows | {(owner, owner): row}

    def extend(self, rows: Rows, owner: int, last: int, clock: int) -> Rows:
        """Returns the rows after an owner took over a base, and the end of a life that goes on."""
        before, own = rows.get((owner, owner)), self.mine(rows, owner)
        life = self.life(rows, clock)
        if own and life and own.until <= clock and life[0] <= own.start < life[1]:
            own = own._replace(until=max(own.until, life[1]))
        if own and own != before:
            return rows | {(owner, owner): own._replace(version=last + 1)}
        return rows

    def reset(self, rows: Rows, owner: int, last: int) -> Rows:
        """Returns the rows after a reset of what the owner sees."""
        after = dict(rows)
        for source, own in self.own_rows(rows).items():
            last += 1
            base = {"version": last, "base_rank": own.rank, "base": own.total}
            row = own if source == owner else Row(0, start=own.start, until=own.until)
            after[owner, source] = row._replace(**base)
        return after

    def over(self, row: Row, clock: int) -> bool:
        """Returns whether a row is dropped, and ignored when it arrives."""
        return row.until + GRACE < clock


class EachByItsOwn(Design):
    """Rival: each row lives as long as its own owner said; the longest does not win."""

    def value(self, rows: Rows, clock: int) -> int | None:
        now = self.time(rows, clock)
        alive = {s: r for s, r in self.own_rows(rows).items() if r.start <= now < r.until}
        return sum(self.contribution(rows, each) for each in alive) if alive else None


class ByFirstUntil(Design):
    """Rival: a life is known by the `until` that it began with, which stands in `start`."""

    def time(self, rows: Rows, clock: int) -> int:
        return clock

    def life(self, rows: Rows, clock: int) -> Life | None:
        alive = [row for row in self.own_rows(rows).values() if clock < row.until]
        if not alive:
            return None
        newest = max(row.start for row in alive)
        return newest, newest + 1

    def count(self, rows: Rows, owner: int, last: int, amount: int, clock: int) -> Rows:
        life = self.life(rows, clock)
        first = life[0] if life else clock + TTL
        own = self.mine(rows, owner) or Row(last, base_rank=last, rank=last)
        if own.start != first:
            own = own._replace(base_rank=own.rank, base=own.total, start=first)
        row = own._replace(
            version=last + 1, rank=last + 1, total=own.total + amount, until=clock + TTL
        )
        return rows | {(owner, owner): row}


class ByResetAlone(Design):
    """Rival: who counts after the end resets what it sees; there are no intervals."""

    def life(self, rows: Rows, clock: int) -> Life | None:
        untils = [row.until for row in self.own_rows(rows).values()]
        return (-99, max(untils)) if untils and clock < max(untils) else None

    def count(self, rows: Rows, owner: int, last: int, amount: int, clock: int) -> Rows:
        if rows and self.life(rows, clock) is None:
            rows = self.reset(rows, owner, last)
            last = max(row.version for slot, row in rows.items() if slot[0] == owner)
        return super().count(rows, owner, last, amount, clock)


class ByOwnClock(Design):
    """Rival: the time is the node's own clock, whatever it sees."""

    def time(self, rows: Rows, clock: int) -> int:
        return clock


class NeverExtends(Design):
    """Rival: an owner leaves its row as it is when others prolong, or reset."""

    def extend(self, rows: Rows, owner: int, last: int, clock: int) -> Rows:
        return rows
