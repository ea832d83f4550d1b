"""Designs of reset and delete that look right and are not."""

from __future__ import annotations

from .resets import CLIENT, Design, Node, Row, Rows, Seen, Slot, frozen, write


class SubtractsTheValue(Design):
    """Rival: a reset counts the value that it sees downwards."""

    def cut(self, node: Node, gone: bool) -> Node:
        return self.count(node, -self.value(node.rows))


class Generations(Design):
    """Rival: a reset begins a generation, in which all count anew. It is in `base_rank`."""

    def generation(self, rows: Rows) -> int:
        """Returns the newest generation."""
        return max((row.seen.base_rank for row in rows.values()), default=0)

    def see(self, rows: Rows, source: int) -> Seen:
        row = rows.get((source, source), Row(0, Seen()))
        return Seen(row.seen.rank, row.seen.total)

    def value(self, rows: Rows) -> int:
        newest = self.generation(rows)
        return sum(row.seen.total for row in rows.values() if row.seen.base_rank == newest)

    def listed(self, rows: Rows) -> bool:
        return True

    def count(self, node: Node, amount: int) -> Node:
        newest = self.generation(node.rows)
        own = node.rows.get((node.owner, node.owner), Row(0, Seen())).seen
        total = own.total if own.base_rank == newest else 0
        return write(node, node.owner, Seen(0, total + amount, newest), counted=True)

    def cut(self, node: Node, gone: bool) -> Node:
        own = self.see(node.rows, node.owner)
        newest = self.generation(node.rows)
        return write(node, node.owner, Seen(own.rank, 0, newest + 1))

    def take_over(self, node: Node) -> Node:
        return node


class RelativeBases(Design):
    """Rival: a base says how much it takes beyond what the owner has taken over."""

    def see(self, rows: Rows, source: int) -> Seen:
        own = rows.get((source, source), Row(0, Seen())).seen
        seen = super().see(rows, source)
        if seen.cut > own.cut:
            return seen._replace(base=own.base + seen.base)
        return seen

    def cut(self, node: Node, gone: bool) -> Node:
        for source, seen in self.view(node.rows).items():
            if seen.rank > seen.base_rank:
                own = node.rows.get((source, source), Row(0, Seen())).seen
                base = seen.total if source == node.owner else seen.total - own.base
                node = write(node, source, seen._replace(base_rank=seen.rank, base=base))
        return node


class RestartsTotals(Design):
    """Rival: a row of which nothing is left is dropped; its owner counts from nothing in it."""

    def redundant(self, slot: Slot, rows: Rows) -> bool:
        said = rows[slot].seen
        return said.rank <= said.base_rank if slot[0] == slot[1] else super().redundant(slot, rows)

    def fresh(self, node: Node) -> Seen:
        """Returns what the owner begins with."""
        return Seen()

    def count(self, node: Node, amount: int) -> Node:
        if (node.owner, node.owner) in node.rows:
            return super().count(node, amount)
        return write(node, node.owner, self.fresh(node)._replace(total=amount), counted=True)


class DropsEmptyRows(RestartsTotals):
    """Rival: the same with a base of nothing above all older bases; old copies stay with some."""

    def fresh(self, node: Node) -> Seen:
        return Seen(base_rank=node.have[node.owner])


class RankIsVersion(Design):
    """Rival: the rank of an owner is the version of its row, also of one that takes over."""

    def take_over(self, node: Node) -> Node:
        seen = self.see(node.rows, node.owner)
        own = node.rows.get((node.owner, node.owner))
        if own and seen.cut > own.seen.cut:
            node = write(node, node.owner, seen, counted=True)
        return node


class EqualRowsGo(Design):
    """Rival: of two equal rows about a client, each makes the other redundant."""

    def redundant(self, slot: Slot, rows: Rows) -> bool:
        log, source = slot
        said = rows[slot].seen
        if source != CLIENT:
            return super().redundant(slot, rows)
        return any(
            row.seen.rank >= said.rank and row.seen.cut >= said.cut
            for (other, about), row in rows.items()
            if about == source and other != log
        )


class SaysOnlyWhatIsNew(Design):
    """Rival: a row about a client leaves out the base that others' rows have."""

    def state(self, node: Node, total: int) -> Node:
        seen = self.see(node.rows, CLIENT)
        if total <= max(seen.rank, seen.base_rank):
            return node
        own = node.rows.get((node.owner, CLIENT), Row(0, Seen())).seen
        return write(node, CLIENT, own._replace(rank=total, total=total))


class DropsOnDiskAtOnce(Design):
    """Rival: a redundant row goes from the disk before what made it redundant is there."""

    def sweep(self, node: Node) -> Node:
        rows = node.rows
        disk = {s: r for s, r in node.disk if s not in rows or not self.redundant(s, rows)}
        return super().sweep(node)._replace(disk=frozen(disk))
