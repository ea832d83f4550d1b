"""How keys that are folded stand resets, as an executable specification.

The model of keys (`keys`) says when a home may add the amount of a key to its own sum. It knows no
resets. A reset takes away all that its node sees: it writes a *cut* about the home's sum, and one
about each key. Who resets while a fold is on its way sees the keys, and not the sum that includes
them. Its cuts about keys then say nothing any more, and the keys would come back with the sum. This
is the design that holds:

- Before a home asks, it writes its sum with a new rank, the *mark*. So the rank that a cut tells
  says whether its node had seen the keys up to the mark.
- A member says yes if it has the home's log up to the mark without a gap, the home has taken over
  all cuts that the member knows, and did so before the mark, and none of these tells of the mark.
- The home folds the keys up to the mark, as they were when it asked, whatever came since. The sum
  says the mark, its own version, and how much it took in (`Fold`).
- A cut of a rank from the mark on, and before that version, takes this away as well: its node had
  said yes, so it had seen all these keys, and it had not seen them in the sum.
- The next fold replaces this note. By then the home has taken over every such cut, and adds what
  the note says to what is taken away.
"""

from __future__ import annotations

from typing import NamedTuple

HOME = 0
"""The node whose log has the keys."""


class Cut(NamedTuple):
    """What a reset took away: up to which rank, and how much."""

    rank: int = 0
    taken: int = 0


class Fold(NamedTuple):
    """The last fold: keys up to version `upto` are in the sum as of version `at`: so much."""

    upto: int = 0
    at: int = 0
    amount: int = 0


class Sum(NamedTuple):
    """The home's sum. The rank is the version at which it counted last, or was marked."""

    version: int = 0
    rank: int = 0
    total: int = 0
    cut: Cut = Cut()
    fold: Fold = Fold()


class Key(NamedTuple):
    """A keyed increment in the home's log."""

    version: int
    amount: int
    is_cut: bool = False


class Node(NamedTuple):
    """What a node holds.

    Attributes:
        have: up to which version it has the home's log.
        total: the newest row of the home's sum.
        keys: the newest rows of keys.
        cuts: what resets took of the sum, by the node that reset.
        keys_cut: the amounts, each of one key, that resets took away.
    """

    have: int = 0
    total: Sum = Sum()
    keys: frozenset[Key] = frozenset()
    cuts: frozenset[tuple[int, Cut]] = frozenset()
    keys_cut: frozenset[int] = frozenset()


class Ask(NamedTuple):
    """What the home asks: the mark, how much it would take in, and who has said yes."""

    mark: int
    amount: int
    agreed: frozenset[int] = frozenset()


class Design:
    """The design, as the text of this module has it."""

    marks = True

    def taken(self, total: Sum, cut: Cut) -> int:
        """Returns how much of a sum a cut takes away."""
        late = total.fold.upto <= cut.rank < total.fold.at
        return cut.taken + (total.fold.amount if late else 0)

    def cut(self, node: Node) -> Cut:
        """Returns the cut that counts."""
        return max([node.total.cut, *[cut for _, cut in node.cuts]])

    def left(self, node: Node) -> int:
        """Returns what is left of the sum."""
        total, cut = node.total, self.cut(node)
        return total.total - self.taken(total, cut) if total.rank > cut.rank else 0

    def living(self, node: Node) -> list[Key]:
        """Returns the keys that count beside the sum."""
        return [key for key in node.keys if not key.is_cut and key.amount not in node.keys_cut]

    def value(self, node: Node) -> int:
        """Returns the value of the counter."""
        return self.left(node) + sum(key.amount for key in self.living(node))

    def take(self, node: Node, row: Sum | Key) -> Node:
        """Returns a node after a row of the home came, in whatever order and however often."""
        if isinstance(row, Sum):
            total = max(node.total, row, key=lambda each: each.version)
            keys = {each for each in node.keys if each.version > total.fold.upto}
            return node._replace(total=total, keys=frozenset(keys))
        known = [each for each in node.keys if each.amount == row.amount]
        if row.version <= max([node.have, node.total.fold.upto, *[k.version for k in known]]):
            return node
        return node._replace(keys=node.keys.difference(known) | {row})

    def agrees(self, node: Node, mark: int) -> bool:
        """Returns whether a member says yes to a mark."""
        if node.have < mark:
            return False
        told = {key.amount for key in node.keys if key.is_cut}
        lacks = {key.amount for key in node.keys} & node.keys_cut - told
        late = any(key.is_cut and key.version > mark for key in node.keys)
        settled = self.cut(node) == node.total.cut
        return settled and not lacks and not late and node.total.cut.rank < mark

    def replaced(self, total: Sum) -> Cut:
        """Returns the cut of a sum whose note of the last fold is replaced."""
        return total.cut._replace(taken=self.taken(total, total.cut))


class SeenInKeys(Design):
    """Rival: a cut about a sum takes away what it says."""

    def taken(self, total: Sum, cut: Cut) -> int:
        return cut.taken


class TakenByAllBefore(Design):
    """Rival: whatever reset the sum before the fold had seen the keys."""

    def taken(self, total: Sum, cut: Cut) -> int:
        return cut.taken + (total.fold.amount if 0 < cut.rank < total.fold.at else 0)


class Unmarked(Design):
    """Rival: the home asks about its log as it is."""

    marks = False


class GapsPassed(Design):
    """Rival: a member agrees that has the mark, whatever is missing before it."""

    def agrees(self, node: Node, mark: int) -> bool:
        return super().agrees(node._replace(have=max(node.have, node.total.version)), mark)


class CutsPassed(Design):
    """Rival: a member agrees that knows of cuts which the home has not taken over."""

    def agrees(self, node: Node, mark: int) -> bool:
        return node.have >= mark


class CutsAfterTheMark(Design):
    """Rival: a member agrees as soon as the home has taken over its cuts, whatever they tell."""

    def agrees(self, node: Node, mark: int) -> bool:
        told = node.total._replace(cut=Cut())
        known = [each for each in node.cuts if each[1] > node.total.cut]
        return super().agrees(node._replace(total=told, cuts=frozenset(known)), mark)


class TakenOverLate(Design):
    """Rival: a member agrees though the home has taken over cuts of keys since it asked."""

    def agrees(self, node: Node, mark: int) -> bool:
        keys = {key._replace(version=min(key.version, mark)) for key in node.keys}
        return super().agrees(node._replace(keys=frozenset(keys)), mark)


class NoteReplaced(Design):
    """Rival: the next fold replaces the note of the last one, and adds nothing to the cut."""

    def replaced(self, total: Sum) -> Cut:
        return total.cut
