"""An executable model of how a named counter is reset and deleted, and how sources state totals.

Every node counts under an owner of its own. An owner writes rows into its own log and numbers them
1, 2, 3 ...; of each slot of a log only the newest row is kept. The slot (log, source) holds what
the writer of the log says about one source of the counter. A source is either an owner, whose row
about itself is its running total, or a client, which states its own ever-growing total.

The rules:

- A source has come to the largest rank that any row states, with the total of that row, and is cut
  at the largest base (base rank, then flag), with the base of that row. It contributes its total
  minus its base if its rank is above its base rank, else nothing. The value is the sum.
- The rank of an owner is the version of the row in which it last *counted*. A row that only takes
  over a base keeps its rank. The rank of a client is its total.
- A row carries everything that its writer sees about the source, and not only what is new. So the
  newer row of a slot says no less than the older one, whatever else the writer has dropped.
- A reset writes, for each source that contributes or has a rank above its base rank, a row with a
  base of the rank and total that the writer sees. It answers the value before. A delete writes the
  same with a flag, and also for the sources whose base has no flag yet. If nothing is to be
  written, the answer is 0, and nothing happens.
- An owner that sees a base above that of its own row writes its own row again with that base. The
  writer of the leading row about a client (the largest rank; of equals the least owner) does so.
- A row about an owner in another's log is redundant once the owner's own row has its base. A row
  about a client is redundant once another log has a row with no lower rank and base (of equals the
  least owner stays). Any node drops redundant rows whenever it likes.
- A counter is listed while a source has a rank above its base rank, or a base without the flag.

What holds in every world that the model reaches:

- What a node sees of a source never falls, unless its power fails; then it still sees its own
  changes, resets, and deletes.
- Once all have met, all hold the same rows. The value is the sum of the changes that no reset saw.
- A reset takes from each source the changes in an interval of ranks: above the base that it saw,
  up to the rank that it saw. Its answer is their sum. What everybody loses is the sum over the
  union of the intervals of all resets. So one reset answers exactly what all lose by it, and so do
  several of which each saw those before. Two resets at once both answer for what both saw, and it
  is lost once.
- A deleted counter is listed again only by a change that no delete saw.
- In the end, no log of another holds a row about an owner that still runs, and one row is left of
  each client whose leading row was written by an owner that still runs.

What does not hold: a node that vouches for a log up to some version need not hold what was dropped
from it. It may have the log from a node that has dropped a row, and not yet the row that made it
redundant. So a node may count as a holder of a write only if it got the row itself. It is enough to
drop rows later than a writer waits for its holders.
"""

from __future__ import annotations

from typing import NamedTuple

CLIENT = -1
"""The source whose totals a client states."""


class Seen(NamedTuple):
    """What is said about a source: how far it has come, and up to where it was cut."""

    rank: int = 0
    total: int = 0
    base_rank: int = 0
    base: int = 0
    gone: bool = False

    @property
    def cut(self) -> tuple[int, bool]:
        """What decides which base wins: at the same rank, a delete wins over a reset."""
        return self.base_rank, self.gone

    @property
    def contribution(self) -> int:
        """What is left of the total."""
        return self.total - self.base if self.rank > self.base_rank else 0


class Row(NamedTuple):
    """What one slot holds, since `version` of its log."""

    version: int
    seen: Seen


Slot = tuple[int, int]
Rows = dict[Slot, Row]
Held = tuple[tuple[Slot, Row], ...]


class Node(NamedTuple):
    """A process: its owner, its rows by slot, up to where it vouches for each log, and its disk.

    The disk has the own log up to date, and that of others as of some moment.
    """

    owner: int
    held: Held
    have: tuple[int, ...]
    disk: Held = ()
    disk_have: tuple[int, ...] = ()

    @property
    def rows(self) -> Rows:
        """The rows by slot."""
        return dict(self.held)


class Delta(NamedTuple):
    """Rows of one log. Who vouches for `low` may vouch for `high` after it has taken them."""

    log: int
    rows: Held
    low: int
    high: int


def frozen(rows: Rows) -> Held:
    """Returns rows in one order."""
    return tuple(sorted(rows.items()))


def of_log(node: Node, log: int, above: int) -> Held:
    """Returns the rows of a log that are newer than a version, in the order of versions."""
    found = [item for item in node.held if item[0][0] == log and item[1].version > above]
    return tuple(sorted(found, key=lambda item: item[1].version))


def receive(node: Node, delta: Delta) -> Node:
    """Returns the node after it has taken a delta, which may be old, or lie beyond a gap."""
    rows = node.rows
    have = node.have[delta.log]
    for slot, row in delta.rows:
        held = rows.get(slot)
        if row.version > (held.version if held else have):
            rows[slot] = row
    if delta.low <= have < delta.high:
        before, after = node.have[: delta.log], node.have[delta.log + 1 :]
        node = node._replace(have=(*before, delta.high, *after))
    return node._replace(held=frozen(rows))


def write(node: Node, source: int, seen: Seen, counted: bool = False) -> Node:
    """Returns the node after it wrote a row about a source into its log, and onto its disk."""
    owner = node.owner
    version = node.have[owner] + 1
    row = Row(version, seen._replace(rank=version) if counted else seen)
    have = (*node.have[:owner], version, *node.have[owner + 1 :])
    held = frozen(node.rows | {(owner, source): row})
    if not node.disk_have:
        return node._replace(held=held, have=have)
    disk = frozen(dict(node.disk) | {(owner, source): row})
    kept = (*node.disk_have[:owner], version, *node.disk_have[owner + 1 :])
    return node._replace(held=held, have=have, disk=disk, disk_have=kept)


class Design:
    """The design of gossipd."""

    def see(self, rows: Rows, source: int) -> Seen:
        """Returns what all rows together say about a source."""
        seen = Seen()
        for (_, about), (_, said) in rows.items():
            if about == source:
                if said.rank > seen.rank:
                    seen = seen._replace(rank=said.rank, total=said.total)
                if said.cut > seen.cut:
                    seen = seen._replace(base_rank=said.base_rank, base=said.base, gone=said.gone)
        return seen

    def view(self, rows: Rows) -> dict[int, Seen]:
        """Returns what the rows say, by source."""
        return {source: self.see(rows, source) for source in sorted({slot[1] for slot in rows})}

    def value(self, rows: Rows) -> int:
        """Returns the value of the counter."""
        return sum(seen.contribution for seen in self.view(rows).values())

    def listed(self, rows: Rows) -> bool:
        """Returns whether the counter is listed."""
        return any(
            seen.rank > seen.base_rank or (seen.base_rank and not seen.gone)
            for seen in self.view(rows).values()
        )

    def count(self, node: Node, amount: int) -> Node:
        """Returns the node after it counted."""
        seen = self.see(node.rows, node.owner)
        return write(node, node.owner, seen._replace(total=seen.total + amount), counted=True)

    def state(self, node: Node, total: int) -> Node:
        """Returns the node after a client stated its total; what is known is not written."""
        seen = self.see(node.rows, CLIENT)
        if total <= max(seen.rank, seen.base_rank):
            return node
        return write(node, CLIENT, seen._replace(rank=total, total=total))

    def cut(self, node: Node, gone: bool) -> Node:
        """Returns the node after a reset, or a delete."""
        for source, seen in self.view(node.rows).items():
            after = seen._replace(gone=gone)
            if seen.rank > seen.base_rank:
                after = after._replace(base_rank=seen.rank, base=seen.total)
            if after.cut > seen.cut:
                node = write(node, source, after)
        return node

    def take_over(self, node: Node) -> Node:
        """Returns the node after it wrote the bases that it saw into the rows that lead."""
        rows = node.rows
        for source, seen in self.view(rows).items():
            own = rows.get((node.owner, source))
            leads = source == node.owner or (source == CLIENT and self.leader(rows) == node.owner)
            if own and leads and seen.cut > own.seen.cut:
                node = write(node, source, seen)
        return node

    def leader(self, rows: Rows) -> int:
        """Returns the log that has the leading row about the client."""
        logs = [(row.seen.rank, -log) for (log, source), row in rows.items() if source == CLIENT]
        return -max(logs)[1]

    def redundant(self, slot: Slot, rows: Rows) -> bool:
        """Returns whether the row of a slot says nothing that another does not say."""
        log, source = slot
        said = rows[slot].seen
        if source != CLIENT:
            own = rows.get((source, source))
            return log != source and own is not None and own.seen.cut >= said.cut
        for (other, about), row in rows.items():
            if about == source and other != log:
                covers = row.seen.rank >= said.rank and row.seen.cut >= said.cut
                same = row.seen.rank == said.rank and row.seen.cut == said.cut
                if covers and (not same or other < log):
                    return True
        return False

    def sweep(self, node: Node) -> Node:
        """Returns the node after it dropped what is redundant."""
        rows = node.rows
        kept = {slot: row for slot, row in rows.items() if not self.redundant(slot, rows)}
        return node._replace(held=frozen(kept))
