"""The design of keyed increments, as an executable specification, with rival designs.

A client may give an increment a key. For `WINDOW` after its first try the key counts once, on
whichever nodes and however often it is tried. The node that takes it writes a row into the log of
its own process, the *home* of that row. A node that knows the key answers without a write. Nodes
that cannot see each other may both take it; then the row of the least home counts, on every node
alike, and nobody writes anything about the others.

Rows of keys go by *folding*: the home adds the amount to its own sum of the name, and the same
row says up to which version of its log keys are included (`upto`). Receivers drop the included
rows as they take that row. What makes this sound is *when* a row may be folded:

- It is old: no try of its key is promised to be recognized any more.
- Every member that is not forgotten has answered, and while it answered had the same table of
  members as the home, and held the log of the home past the row.
- The answer names every row of another home for these keys that the member holds, and states how
  far the logs are that were written in its directory. The home holds these logs as far.
- If every member named a row of a lesser home, the row is folded as nothing. If no member named
  any row, and the home knows none either, it is folded with its amount. Otherwise it waits. So of
  the rows of one key that of the greatest home goes first, and the least one last.

A process on a new directory folds nothing before it has met a member (or was started as a cluster
of its own), since it cannot know yet whom to ask.

A row that waits, for whatever reason, is written again with a new version by the fold, so that
it does not keep those behind it from being folded.

A process never writes into the log of an earlier one. The next process on the directory is the
*heir* of those before it. It asks in their place, and once all their rows of a name are ready, it
takes over their sum and their keys with one row, which says which log it closes up to which
version. What such a closed log still brings is dropped by everybody.

Resets are not part of it: what a fold adds when there are resets is in the model `key_resets`.
"""

from __future__ import annotations

from typing import NamedTuple

WINDOW = 2
"""Steps for which a key is recognized. The margin for clocks is part of the wait for a fold."""

INCLUDE, NOTHING, WAIT = "include", "nothing", "wait"


class Key(NamedTuple):
    """A keyed increment in the log of its home. Its slot is the home and the key."""

    owner: int
    version: int
    name: str
    key: str
    amount: int
    time: int


class Sum(NamedTuple):
    """What a process counts under a name. Its slot is the owner and the name.

    The total includes the keys of its own log up to version `upto`, and all that the logs in
    `closed` have under this name up to the version that is given there.
    """

    owner: int
    version: int
    name: str
    total: int = 0
    upto: int = 0
    closed: frozenset[tuple[int, int]] = frozenset()


Row = Key | Sum


class Named(NamedTuple):
    """A row of another home that a member names in its answer."""

    key: str
    owner: int
    version: int


class Answer(NamedTuple):
    """What a member says to a home that wants to fold; `logs` are those of its own directory."""

    member: int
    home: int
    upto: int
    named: frozenset[Named]
    logs: frozenset[tuple[int, int]]


class Disk(NamedTuple):
    """What a directory holds.

    `have` says up to which version a log is complete. `line` are the owners of earlier processes
    whose heir the next one is. `sure` is the judge's: keys that count here and cannot be lost.
    """

    rows: frozenset[Row] = frozenset()
    have: frozenset[tuple[int, int]] = frozenset()
    line: tuple[int, ...] = ()
    sure: frozenset[str] = frozenset()

    def upto(self, owner: int) -> int:
        """Returns up to which version the log of an owner is complete here."""
        return dict(self.have).get(owner, 0)

    def complete(self, owner: int, version: int) -> Disk:
        """Returns the directory with a log known to be complete up to a version."""
        have = dict(self.have)
        have[owner] = max(have.get(owner, 0), version)
        return self._replace(have=frozenset(have.items()))

    def keyed(self) -> list[Key]:
        """Returns the rows of keys, in a fixed order."""
        return sorted(row for row in self.rows if isinstance(row, Key))

    def sums(self) -> list[Sum]:
        """Returns the other rows."""
        return [row for row in self.rows if isinstance(row, Sum)]

    def sum(self, owner: int, name: str) -> Sum:
        """Returns what an owner counts under a name."""
        for row in self.sums():
            if (row.owner, row.name) == (owner, name):
                return row
        return Sum(owner, 0, name)


class Node(NamedTuple):
    """A member: its directory, its process (no owner until it writes), and a backup.

    The table holds the members that are not forgotten, itself included once it has met one.
    """

    number: int
    disk: Disk = Disk()
    owner: int = 0
    up: bool = True
    table: frozenset[int] = frozenset()
    answers: frozenset[Answer] = frozenset()
    copy: Disk | None = None


class Design:
    """The design of gossipd, as the text of this module has it."""

    compares_tables = True
    asks_the_silent = True
    waits_to_meet = True
    closes_unasked = False

    def included(self, total: Sum, row: Row) -> bool:
        """Returns whether a row is in a sum already, and therefore to be dropped."""
        if total.name != row.name:
            return False
        if any(row.owner == owner and row.version <= upto for owner, upto in total.closed):
            return True
        return isinstance(row, Key) and row.owner == total.owner and row.version <= total.upto

    def take(self, disk: Disk, row: Row) -> Disk:
        """Returns a directory after a row came, in whatever order and however often."""
        same = [each for each in disk.rows if _slot(each) == _slot(row)]
        if any(each.version >= row.version for each in same):
            return disk
        if not same and row.version <= disk.upto(row.owner):
            return disk
        rows = disk.rows.difference(same) | {row}
        sums = [each for each in rows if isinstance(each, Sum)]
        rows = frozenset(
            each for each in rows if not any(self.included(total, each) for total in sums)
        )
        sure = disk.sure | {row.key} if isinstance(row, Key) and row in rows else disk.sure
        return disk._replace(rows=rows, sure=sure)

    def write(self, disk: Disk, *rows: Row) -> Disk:
        """Returns a directory after one write of rows, of the versions that follow."""
        for row in rows:
            disk = self.take(disk, row)
        return disk.complete(rows[-1].owner, rows[-1].version)

    def along(self, disk: Disk, owner: int) -> list[Row]:
        """Returns the rows of other logs that must go along with a delta of a log.

        What a closing row dropped here must not be vouched for to a node that lacks that row.
        """
        return [row for row in disk.sums() if owner in dict(row.closed)]

    def value(self, disk: Disk) -> int:
        """Returns the sum over all names, of which each digit stands for a kind of change."""
        least: dict[str, Key] = {}
        for row in disk.keyed():
            if row.key not in least or row.owner < least[row.key].owner:
                least[row.key] = row
        return sum(row.total for row in disk.sums()) + sum(row.amount for row in least.values())

    def vouched(self, disk: Disk, home: int) -> int:
        """Returns up to which version a member says that it holds a log."""
        return disk.upto(home)

    def answer(self, member: Node, home: int, upto: int) -> Answer | None:
        """Returns what a member answers to who wants to fold a log up to a version."""
        disk = member.disk
        if self.vouched(disk, home) < upto:
            return None
        keys = {row.key for row in disk.keyed() if row.owner == home and row.version <= upto}
        named = frozenset(
            Named(row.key, row.owner, row.version)
            for row in disk.keyed()
            if row.owner != home and row.key in keys
        )
        own = (*disk.line, member.owner) if member.owner else disk.line
        return Answer(
            member.number, home, upto, named, frozenset((each, disk.upto(each)) for each in own)
        )

    def holds(self, disk: Disk, answer: Answer) -> bool:
        """Returns whether the home holds the logs of a member as far as its answer says."""
        return all(disk.upto(owner) >= version for owner, version in answer.logs)

    def verdict(self, node: Node, row: Key, asked: frozenset[int]) -> str:
        """Returns what of a row may be folded, if `asked` are the members that must answer."""
        answers = [
            each
            for each in node.answers
            if each.home == row.owner and each.upto >= row.version and self.holds(node.disk, each)
        ]
        if asked - {each.member for each in answers}:
            return WAIT
        homes = self.others(node.disk, row)
        named = {
            each.member: [other.owner for other in each.named if other.key == row.key]
            for each in sorted(answers, key=lambda each: each.upto)
        }
        if any(home < row.owner for home in homes):
            fewer = all(any(home < row.owner for home in named[each]) for each in asked)
            return NOTHING if fewer else WAIT
        return WAIT if homes or any(named.values()) else INCLUDE

    def others(self, disk: Disk, row: Key) -> list[int]:
        """Returns the other homes of a key that are known here."""
        return [each.owner for each in disk.keyed() if each.key == row.key and each != row]

    def fold(self, node: Node, home: int, name: str, asked: frozenset[int], now: int) -> Node:
        """Returns a node after it folded what may be folded of a log under a name."""
        rows = [row for row in node.disk.keyed() if (row.owner, row.name) == (home, name)]
        rows = [row for row in rows if now - row.time >= WINDOW]
        verdicts = {row: self.verdict(node, row, asked) for row in rows}
        ready = [row for row in rows if verdicts[row] != WAIT]
        if not ready:
            return node
        upto = max(row.version for row in ready)
        total = self.folded(verdicts)
        disk = node.disk
        version = disk.upto(home)
        again = [
            row._replace(version=version + number)
            for number, row in enumerate(self.kept(disk, home, name, upto, ready), 1)
        ]
        old = disk.sum(home, name)
        new = old._replace(
            version=version + len(again) + 1, total=old.total + total, upto=max(upto, old.upto)
        )
        return node._replace(disk=self.write(disk, *again, *self.sealed(new, old)))

    def kept(self, disk: Disk, home: int, name: str, upto: int, ready: list[Key]) -> list[Key]:
        """Returns the rows before `upto` that are not folded, and are written again."""
        return [
            row
            for row in disk.keyed()
            if (row.owner, row.name) == (home, name) and row.version <= upto and row not in ready
        ]

    def folded(self, verdicts: dict[Key, str]) -> int:
        """Returns what a fold adds to the sum."""
        return sum(row.amount for row, verdict in verdicts.items() if verdict == INCLUDE)

    def sealed(self, new: Sum, old: Sum) -> list[Row]:
        """Returns the rows that carry a fold: one."""
        return [new]

    def close(
        self, node: Node, owner: int, home: int, name: str, asked: frozenset[int], now: int
    ) -> Node:
        """Returns a node after its process took over a name from a log of its directory."""
        disk = node.disk
        theirs = disk.sum(home, name)
        rows = [row for row in disk.keyed() if (row.owner, row.name) == (home, name)]
        if not rows and not theirs.version:
            return node
        verdicts = {row: self.verdict(node, row, asked) for row in rows}
        if self.closes_unasked:
            verdicts = dict.fromkeys(rows, INCLUDE)
        elif WAIT in verdicts.values() or any(now - row.time < WINDOW for row in rows):
            return node
        old = disk.sum(owner, name)
        new = old._replace(
            version=disk.upto(owner) + 1,
            total=old.total + theirs.total + self.folded(verdicts),
            closed=old.closed | theirs.closed | {(home, disk.upto(home))},
        )
        return node._replace(disk=self.write(disk, new))


def _slot(row: Row) -> tuple[object, ...]:
    if isinstance(row, Key):
        return (row.owner, "key", row.key)
    return (row.owner, "sum", row.name)
