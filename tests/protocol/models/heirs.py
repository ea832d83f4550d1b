"""An executable model of how the ids of a directory's earlier processes are folded.

Every process that changes a counter draws an *owner id* of its own, which claims the id that the
directory knew last: it is the *child* of that id. So the ids of a directory are a line, and a copy
of the directory that runs as well makes a fork. Ids of earlier processes cost memory on every node,
and this is how they go:

- A process folds once. It takes its parent, the parent's parent and so on, as far as it holds them
  without a gap and each has one child that it knows of. It asks every member. A member answers yes
  if it does not run as one of these ids, has nothing newer of them, knows no other child of one,
  and does not know one as folded. When all have said yes, the process writes its *bundle* at once:
  of each slot a row with two numbers, its own total and the inherited one, the baselines that the
  folded logs had, and last the *closing row*, the list of all ids folded here, with what those had
  folded themselves.
- An inherited number counts where the bundle is *whole*: everything of its log is here up to the
  closing row. From then on the ids of the list are closed there: their logs are dropped, and
  ignored for ever.
- A node has everything up to a version only if it got all that a node which has it holds. A delta
  that was cut tells less: the row that replaced an older one may lie beyond the cut, and be lost
  with its sender. So what is left of the delta counts as rows beyond a gap, after the first version
  that is missing in it.
- Two copies of one directory fork the line, and what is above a fork is folded by nobody who knows
  of the fork. Nobody can do better with a state that does not grow. A process knows what its disk
  tells and what it draws at random, so two copies that run apart do the same; if both fold, both
  have the common past in sums of which nothing tells it apart any more, and it counts twice when
  they meet. The same holds for the rows that a directory lost when it was set back, which somebody
  still holds who is not there to say so. Hence what this model takes for granted: *at a fold,
  whoever holds more of the folded ids, or a running copy of the directory, is known to a member
  that is asked*. `Judge.strays` states it.
- Inherited sums are gross: a fold subtracts no baseline, so that a reset by a node that had not
  heard of the fold means the same afterwards. The baselines of a closed id stay, and count against
  the inherited number of the heir, until one about the heir covers all that it inherited.

For `default` a floor is what a name is for others: a slot is (owner, floor), inherited per floor.
The value is a function of the sums per floor and the floors, so a fold that keeps these keeps it.
The heir repeats the floors of the folded ids. It leaves out one only if a later id of the line set
a larger one, and had this one on its disk when it was drawn: so might one owner have set both.

Amounts are powers of two, so a sum shows which changes are in it, and how often.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

Slot = tuple[str, int, int]
"""Kind, name, and for a baseline the id that it is about."""

CLAIM: Slot = ("claim", 0, 0)
CLOSED: Slot = ("closed", 0, 0)
NAMES = (0, 1)


class Row(NamedTuple):
    """The newest row of a slot.

    A claim holds the parent, a sum the own total and the inherited one. A baseline holds the
    version of the row that was seen, and what was seen of each of the two totals (the second is
    None if it did not count). A closing row holds the ids that it closes.
    """

    slot: Slot
    version: int
    value: tuple[int | None, ...]


class Log(NamedTuple):
    """What a node holds of one owner: everything up to `have`, and maybe rows beyond a gap."""

    have: int = 0
    rows: tuple[Row, ...] = ()

    def row(self, slot: Slot) -> Row | None:
        """Returns the row of a slot."""
        return next((row for row in self.rows if row.slot == slot), None)

    @property
    def newest(self) -> int:
        """The largest version of which anything is here."""
        return max((row.version for row in self.rows), default=self.have)

    @property
    def parent(self) -> int:
        """The id that this one claims, 0 for none that is known."""
        row = self.row(CLAIM)
        return (row.value[0] or 0) if row else 0

    def closed(self) -> tuple[int, ...]:
        """Returns the ids that the closing row lists."""
        row = self.row(CLOSED)
        return tuple(number or 0 for number in row.value) if row else ()

    def write(self, rows: Iterable[tuple[Slot, tuple[int | None, ...]]]) -> Log:
        """Returns the log with rows that its owner adds in one transaction."""
        log = self
        for slot, value in rows:
            log = log.take(Row(slot, log.have + 1, value))._replace(have=log.have + 1)
        return log

    def take(self, row: Row) -> Log:
        """Returns the log with a row, where it is new."""
        old = self.row(row.slot)
        if row.version <= (old.version if old else self.have):
            return self
        rows = [other for other in self.rows if other.slot != row.slot]
        return self._replace(rows=tuple(sorted((*rows, row), key=lambda one: one.version)))


Batch = tuple[tuple[int, int], ...]
"""Ids with the versions up to which they are folded, the oldest first."""


class Directory(NamedTuple):
    """A data directory, and the process that runs on it.

    Attributes:
        logs: The log of each owner, sorted by owner.
        line: The id that was last drawn on this directory.
        running: The id of the process, 0 until it counts.
        asked: What the process asks the members about, with those that said yes.
        taken: The changes that resets took away, as far as this directory has heard. For the judge.
    """

    logs: tuple[tuple[int, Log], ...] = ()
    line: int = 0
    running: int = 0
    asked: tuple[Batch, frozenset[int]] = ((), frozenset())
    taken: int = 0

    def log(self, owner: int) -> Log:
        """Returns what is here of an owner."""
        return dict(self.logs).get(owner, Log())

    def with_log(self, owner: int, log: Log) -> Directory:
        """Returns the directory with another log of an owner."""
        logs = {**dict(self.logs), owner: log}
        return self._replace(logs=tuple(sorted(logs.items())))

    def children(self, owner: int) -> set[int]:
        """Returns the ids that are known here to claim an owner."""
        return {child for child, log in self.logs if log.parent == owner}

    def baseline(self, name: int, source: int) -> tuple[int, int, int | None]:
        """Returns the largest of what any log says of a source, each number by itself."""
        rank, own, inherited = 0, 0, None
        for _, log in self.logs:
            row = log.row(("base", name, source))
            if row:
                rank = max(rank, row.value[0] or 0)
                own = max(own, row.value[1] or 0)
                inherited = row.value[2] if inherited is None else inherited
        return rank, own, inherited


class Design:
    """The rules of gossipd."""

    def whole(self, log: Log) -> bool:
        """Returns whether the bundle of a log counts here."""
        row = log.row(CLOSED)
        return row is not None and log.have >= row.version

    def closed(self, directory: Directory) -> set[int]:
        """Returns the ids whose rows are neither kept nor taken here."""
        return {owner for _, log in directory.logs if self.whole(log) for owner in log.closed()}

    def drop(self, directory: Directory) -> Directory:
        """Returns the directory without the logs of closed ids."""
        closed = self.closed(directory)
        logs = tuple(item for item in directory.logs if item[0] not in closed)
        return directory._replace(logs=logs)

    def batch(self, directory: Directory) -> Batch:
        """Returns what the process may ask about: its ancestors, as far as they are one line."""
        child, found = directory.running, list[tuple[int, int]]()
        if not child or directory.log(child).row(CLOSED):
            return ()
        while owner := directory.log(child).parent:
            log = directory.log(owner)
            if not log.rows or log.newest > log.have or directory.children(owner) != {child}:
                break
            found.append((owner, log.have))
            child = owner
        return tuple(reversed(found))

    def answer(self, member: Directory, batch: Batch, asker: int) -> bool:
        """Returns whether a member says yes."""
        heirs = [owner for owner, _ in batch[1:]] + [asker]
        closed = self.closed(member)
        return not any(
            owner in closed
            or owner == member.running
            or member.log(owner).newest > version
            or member.children(owner) - {heir}
            for (owner, version), heir in zip(batch, heirs, strict=True)
        )

    def ready(self, directory: Directory, members: set[int]) -> bool:
        """Returns whether the process may fold: all that are asked have said yes to the same."""
        batch, yes = directory.asked
        return bool(batch) and batch == self.batch(directory) and yes >= members

    def fold(self, directory: Directory) -> Directory:
        """Returns the directory after the process wrote its bundle."""
        batch = self.batch(directory)
        closed = self.listed(directory, batch)
        log = directory.log(directory.running).write(self.bundle(directory, batch))
        log = log.write([(CLOSED, closed)])
        directory = directory._replace(asked=((), frozenset()))
        return self.drop(directory.with_log(directory.running, log))

    def listed(self, directory: Directory, batch: Batch) -> tuple[int, ...]:
        """Returns the ids that a fold closes: those folded, each after what it had folded."""
        found = list[int]()
        for owner, _ in batch:
            log = directory.log(owner)
            found += (*log.closed(), owner) if self.whole(log) else (owner,)
        return tuple(found)

    def bundle(
        self, directory: Directory, batch: Batch
    ) -> Iterator[tuple[Slot, tuple[int | None, ...]]]:
        """Yields the sums and the baselines that a fold inherits."""
        heir = directory.log(directory.running)
        for name in NAMES:
            inherited, concerned = 0, set[int]()
            for owner, _ in batch:
                log = directory.log(owner)
                own, further = totals(log, name)
                inherited += own + (further if self.whole(log) else 0)
                concerned |= {row.slot[2] for row in log.rows if row.slot[:2] == ("base", name)}
            if inherited:
                yield ("sum", name, 0), (totals(heir, name)[0], inherited)
            concerned |= set(self.listed(directory, batch)) if concerned else set()
            for source in sorted(concerned):
                baseline = directory.baseline(name, source)
                if baseline[0]:
                    yield ("base", name, source), baseline

    def value(self, directory: Directory, name: int) -> int:
        """Returns what a counter reads here."""
        return sum(self.part(directory, name, owner) for owner, _ in directory.logs)

    def part(self, directory: Directory, name: int, owner: int) -> int:
        """Returns what one owner adds to a counter."""
        log = directory.log(owner)
        row = log.row(("sum", name, 0))
        if row is None:
            return 0
        own, inherited = totals(log, name)
        rank, base, covered = directory.baseline(name, owner)
        part = own - base if row.version > rank else 0
        if not self.whole(log) or covered is not None:
            return part
        for source in reversed(log.closed()):
            _, base, covered = directory.baseline(name, source)
            inherited -= base + (covered or 0)
            if covered is not None:
                break
        return part + inherited

    def reset(self, directory: Directory, name: int) -> Directory:
        """Returns the directory after the process took away what it sees of a counter."""
        rows, taken = list[tuple[Slot, tuple[int | None, ...]]](), 0
        for source, log in directory.logs:
            row = log.row(("sum", name, 0))
            if row is None:
                continue
            rank, base, covered = directory.baseline(name, source)
            own, inherited = totals(log, name)
            if self.whole(log):
                covered = inherited
            seen = max(rank, row.version), max(base, own), covered
            rows.append((("base", name, source), seen))
            taken |= own | (covered or 0)
        log = directory.log(directory.running).write(rows)
        directory = directory._replace(taken=directory.taken | taken)
        return directory.with_log(directory.running, log)

    def vouched(self, log: Log, rows: list[Row]) -> int:
        """Returns up to where a log has everything after the first rows of a delta."""
        have = log.have
        for row in rows:
            if row.version != have + 1:
                break
            have += 1
        return have

    def receive(self, to: Directory, owner: int, sent: Log, cut: int = 0) -> Directory:
        """Returns the receiver after a delta of one owner, maybe cut after some rows."""
        if owner in self.closed(to):
            return to
        log = to.log(owner)
        rows = [row for row in sent.rows if row.version > log.have]
        have = sent.have
        if cut and cut < len(rows):
            rows = rows[:cut]
            have = self.vouched(log, rows)
        for row in rows:
            log = log.take(row)
        if not log.rows:
            return to
        log = log._replace(have=max(log.have, have))
        return self.drop(_hear(to, rows).with_log(owner, log))

    def push(self, to: Directory, owner: int, sent: Log) -> Directory:
        """Returns the receiver after the newest row alone, which may lie beyond a gap."""
        log, row = to.log(owner), sent.rows[-1]
        if owner in self.closed(to) or row.version <= log.have:
            return to
        have = row.version if row.version == log.have + 1 else log.have
        log = log.take(row)._replace(have=have)
        return self.drop(_hear(to, [row]).with_log(owner, log))


def totals(log: Log, name: int) -> tuple[int, int]:
    """Returns the own and the inherited total of a slot."""
    row = log.row(("sum", name, 0))
    return (row.value[0] or 0, row.value[1] or 0) if row else (0, 0)


def _hear(to: Directory, rows: Iterable[Row]) -> Directory:
    taken = to.taken
    for row in rows:
        if row.slot[0] == "base":
            taken |= (row.value[1] or 0) | (row.value[2] or 0)
    return to._replace(taken=taken)
