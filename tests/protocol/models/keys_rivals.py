"""Designs of keyed increments that look right, and are not; each differs in one point."""

from __future__ import annotations

from tests.protocol.models.keys import (
    INCLUDE,
    NOTHING,
    WAIT,
    Answer,
    Design,
    Disk,
    Key,
    Node,
    Row,
    Sum,
)


class ByAge(Design):
    """Rival: a home folds its row once it is old."""

    def verdict(self, node: Node, row: Key, asked: frozenset[int]) -> str:
        return INCLUDE


class KnownHere(Design):
    """Rival: a home folds its row once it is old, by what it knows itself of other homes."""

    def verdict(self, node: Node, row: Key, asked: frozenset[int]) -> str:
        homes = self.others(node.disk, row)
        if not homes:
            return INCLUDE
        return NOTHING if min(homes) < row.owner else WAIT


class FirstSeen(Design):
    """Rival: of several homes that one counts at a node which the node saw first."""

    def take(self, disk: Disk, row: Row) -> Disk:
        if isinstance(row, Key) and self.others(disk, row):
            return disk
        return super().take(disk, row)

    def answer(self, member: Node, home: int, upto: int) -> Answer | None:
        answer = super().answer(member, home, upto)
        return answer and answer._replace(named=frozenset())


class GreaterDropped(Design):
    """Rival: whoever holds rows of two homes drops that of the greater one, and says nothing."""

    def take(self, disk: Disk, row: Row) -> Disk:
        disk = super().take(disk, row)
        if not isinstance(row, Key) or row not in disk.rows:
            return disk
        same = [each for each in disk.keyed() if each.key == row.key]
        least = min(each.owner for each in same)
        return disk._replace(rows=disk.rows - {each for each in same if each.owner != least})


class VoidedAtOnce(Design):
    """Rival: a home that sees a lesser one gives its row up, before the others hold the lesser."""

    def verdict(self, node: Node, row: Key, asked: frozenset[int]) -> str:
        if any(home < row.owner for home in self.others(node.disk, row)):
            return NOTHING
        return super().verdict(node, row, asked)


class SealedApart(Design):
    """Rival: the sum and the version up to which it includes keys are two rows."""

    def sealed(self, new: Sum, old: Sum) -> list[Row]:
        mark = Sum(new.owner, new.version + 1, new.name + "#", upto=new.upto)
        return [new._replace(upto=old.upto), mark]

    def included(self, total: Sum, row: Row) -> bool:
        return super().included(total._replace(name=total.name.rstrip("#")), row)


class NothingNamed(Design):
    """Rival: members answer that they hold the log; the home goes by the rows that it knows."""

    def answer(self, member: Node, home: int, upto: int) -> Answer | None:
        answer = super().answer(member, home, upto)
        return answer and answer._replace(named=frozenset())

    def verdict(self, node: Node, row: Key, asked: frozenset[int]) -> str:
        homes = self.others(node.disk, row)
        if not homes or min(homes) > row.owner:
            return super().verdict(node, row, asked)
        alone = node._replace(disk=node.disk._replace(rows=frozenset({row})))
        return NOTHING if super().verdict(alone, row, asked) == INCLUDE else WAIT


class LogsUnheld(Design):
    """Rival: the home believes an answer before it holds the member's own log as far."""

    def holds(self, disk: Disk, answer: Answer) -> bool:
        return True


class NewestSeen(Design):
    """Rival: a member vouches by the newest row that it holds, whatever is missing before."""

    def vouched(self, disk: Disk, home: int) -> int:
        newest = max((row.version for row in disk.rows if row.owner == home), default=0)
        return max(newest, disk.upto(home))


class SilentUnasked(Design):
    """Rival: members that are down, and not yet forgotten, need not answer."""

    asks_the_silent = False


class TablesUncompared(Design):
    """Rival: a home asks whom it knows, whether or not the others know more members."""

    compares_tables = False


class WaitingSkipped(Design):
    """Rival: a row that waits stays where it is, before the version up to which keys are in."""

    def kept(self, disk: Disk, home: int, name: str, upto: int, ready: list[Key]) -> list[Key]:
        return []


class ClosedUnasked(Design):
    """Rival: an heir takes over the keys of its directory at once, as it does the sums."""

    closes_unasked = True


class ClosingLeftBehind(Design):
    """Rival: a delta of a closed log is sent without the row that closed it."""

    def along(self, disk: Disk, owner: int) -> list[Row]:
        return []


class AloneAtOnce(Design):
    """Rival: a process that has met nobody yet takes itself for all members there are."""

    waits_to_meet = False
